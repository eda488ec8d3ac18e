/**
 * Packing in WebAssembly, for weights that change with every step: from [outChannels][inChannels / groups][kernelHeight][kernelWidth] to
 * the panels of convolution/panels.ts, forward (to the bit what packConvWeights writes) and, by phases with taps last one first and
 * channels exchanged, for the gradient by the input. Parts are panels. A linear layer is a convolution whose kernel is as large as its
 * image.
 *
 * Reads follow the weights in their order as far as lanes allow; each write is a whole term of a panel, most often a cache line.
 */
import { convPanels } from "../../convolution/panels.ts";
import type { Panels } from "../../convolution/panels.ts";
import type { FunctionBuilder } from "../../assembler/function-builder.ts";
import type { Local } from "../../assembler/handles.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { loadLanes } from "../../shared/lanes.ts";
import { PANEL } from "../../convolution/tiles.ts";
import { checkGradient } from "./phases.ts";
import type { ConvGradientParams } from "./phases.ts";
import { dataPhases, forwardParams } from "./panels.ts";
import { divide, offset } from "../../shared/addresses.ts";
import { range } from "../../shared/loops.ts";

/** One loop of a copy: how often, and how far both pointers go each time, in bytes. */
export interface CopyLoop {
  readonly count: number;
  readonly from: number;
  readonly to: number;
}

export interface Pointers {
  readonly to: Local<"i32">;
  readonly from: Local<"i32">;
}

/** The function's arguments: packed, weight, bias, begin panel, end panel; without a bias: packed, weight, begin, end. */
export function packForwardKernel(params: ConvGradientParams, bias: boolean): Kernel {
  const { input, output, kernel, groups } = params;
  const name = `x32_pack_${bias ? "bias_" : ""}k${kernel.join("x")}_g${groups}_c${input.channels}x${output.channels}`;
  checkGradient(name, params);
  const panels = convPanels(forwardParams(params));
  const { inPerGroup, terms } = panels;
  const taps = kernel[0] * kernel[1];
  const given: Record<string, "i32"> = { packed: "i32", weight: "i32", ...(bias ? { bias: "i32" } : {}), begin: "i32", end: "i32" };
  const emit: Kernel["emit"] = (m) => m.func(name, { params: given, export: true }, (f, p) => {
    const [to, from, biases, channel] = ["to", "from", "biases", "channel"].map((each) => f.local.i32(each));
    overPanels(f, panels, p.begin, p.end, (group, first, columns, valid) => {
      offset(f, to, p.packed, group, 4 * panels.groupSize);
      offset(f, to, to, first, 4 * (terms + 1));
      offset(f, channel, first, group, panels.outPerGroup);
      offset(f, from, p.weight, channel, 4 * terms);
      const value = f.local.v128("value");
      for (let j = 0; j < columns; j += 4) {
        f.local.get(to);
        if (bias) {
          if (j === 0) {
            f.local.get(p.bias);
            f.local.get(channel);
            f.i32.const(4);
            f.i32.mul();
            f.i32.add();
            f.local.set(biases);
          }
          loadLanes(f, biases, 4 * j, Math.min(4, valid - j));
        } else {
          f.f32x4.const(0);
        }
        f.local.set(value);
        f.local.get(value);
        f.v128.store(4 * j, 4);
      }
      f.local.increase(to, 4 * columns);
      const loops = [
        { count: inPerGroup, from: 4 * taps, to: 4 * columns },
        { count: taps, from: 4, to: 4 * columns * inPerGroup },
      ];
      copy(f, { to, from }, loops, columns, valid, 4 * terms);
    });
  });
  return { name, parts: panels.count, emit };
}

/**
 * For training/convolution/data.ts; `packedGradientSize` says how many floats. The function's arguments: packed, weight, begin panel, end
 * panel.
 */
export function packGradientKernel(params: ConvGradientParams): Kernel {
  const { input, output, kernel, stride, padding, dilation, groups } = params;
  const { height, width } = input;
  const name = `x32_pack_gradient_k${kernel.join("x")}_s${stride.join("x")}_p${padding.join("x")}_d${dilation.join("x")}_g${groups}`
    + `_c${input.channels}x${output.channels}${Math.min(height, width) < Math.max(...stride) ? `_${height}x${width}` : ""}`;
  checkGradient(name, params);
  const taps = kernel[0] * kernel[1];
  const inPerGroup = input.channels / groups;
  const outPerGroup = output.channels / groups;
  const all = dataPhases(params);
  const given = { packed: "i32", weight: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => m.func(name, { params: given, export: true }, (f, p) => {
    if (all.length === 0) return;
    const [to, from] = ["to", "from"].map((each) => f.local.i32(each));
    overPanels(f, all[0].panels, p.begin, p.end, (group, first, columns, valid) => {
      for (const { rows, columns: across, panels, start } of all) {
        offset(f, to, p.packed, group, 4 * panels.groupSize);
        offset(f, to, to, first, 4 * (panels.terms + 1));
        if (start > 0) f.local.increase(to, 4 * start);
        offset(f, from, p.weight, group, 4 * outPerGroup * inPerGroup * taps);
        offset(f, from, from, first, 4 * taps);
        f.local.increase(from, 4 * (rows.tap * kernel[1] + across.tap));
        for (let j = 0; j < columns; j += 4) {
          f.local.get(to);
          f.f32x4.const(0);
          f.v128.store(4 * j, 4);
        }
        f.local.increase(to, 4 * columns);
        const loops = [
          { count: outPerGroup, from: 4 * inPerGroup * taps, to: 4 * columns },
          { count: rows.taps, from: -4 * rows.tapStride * kernel[1], to: 4 * columns * outPerGroup * across.taps },
          { count: across.taps, from: -4 * across.tapStride, to: 4 * columns * outPerGroup },
        ];
        copy(f, { to, from }, loops, columns, valid, 4 * taps);
      }
    });
  });
  return { name, parts: all.length === 0 ? 0 : all[0].panels.count, emit };
}

/** Emits `body` for the panels from begin to end: the panel's group, and its first channel in it. */
function overPanels(
  f: FunctionBuilder, { full, rest, restColumns, perGroup }: Panels, begin: Local<"i32">, end: Local<"i32">,
  body: (group: Local<"i32">, first: Local<"i32">, columns: number, valid: number) => void,
): void {
  const [group, first] = ["group", "first"].map((each) => f.local.i32(each));
  range(f, begin, end, () => {
    divide(f, group, first, begin, perGroup);
    f.local.get(first);
    f.i32.const(PANEL);
    f.i32.mul();
    f.local.set(first);
    if (full === 0) return body(group, first, restColumns, rest);
    if (rest === 0) return body(group, first, PANEL, PANEL);
    f.local.get(first);
    f.i32.const(PANEL * full);
    f.i32.ne();
    f.if(() => body(group, first, PANEL, PANEL), () => body(group, first, restColumns, rest));
  });
}

/** Copies `columns` values a time, lanes from places `pitch` bytes apart; the pointers end up anywhere. */
export function copy(
  f: FunctionBuilder, pointers: Pointers, loops: readonly CopyLoop[], columns: number, valid: number, pitch: number,
): void {
  const { local } = f;
  const used = loops.filter(({ count }) => count > 1);
  if (used.length === 0) return gather(f, pointers, columns, valid, pitch);
  const [{ count, from, to }, ...inner] = used;
  const counter = local.i32("counter");
  f.i32.const(count);
  local.set(counter);
  f.countDown(counter, () => {
    copy(f, pointers, inner, columns, valid, pitch);
    // Back to where the inner loop began, and one pass on.
    const moved = inner.length > 0 ? inner[0] : { count: 0, from: 0, to: 0 };
    local.increase(pointers.from, from - moved.count * moved.from);
    local.increase(pointers.to, to - moved.count * moved.to);
  });
}

function gather(f: FunctionBuilder, { to, from }: Pointers, columns: number, valid: number, pitch: number): void {
  const { local, v128, f32x4 } = f;
  for (let j = 0; j < columns; j += 4) {
    local.get(to);
    if (pitch === 4) {
      loadLanes(f, from, 4 * j, Math.min(4, valid - j));
    } else {
      const lanes = Math.min(4, valid - j);
      // Of each lane the address stands under the vector it goes into.
      for (let lane = lanes - 1; lane > 0; lane--) local.get(from);
      if (lanes > 0) {
        local.get(from);
        v128.load32_zero(j * pitch);
      } else {
        f32x4.const(0);
      }
      for (let lane = 1; lane < lanes; lane++) v128.load32_lane(lane, (j + lane) * pitch);
    }
    v128.store(4 * j, 4);
  }
}

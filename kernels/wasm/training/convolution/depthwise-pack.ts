/**
 * Packing of depthwise weights ([channels][1][kernelHeight][kernelWidth]) in WebAssembly, as depthwise-pack.ts has it: panels of 4
 * channels, their biases first. Forward to the bit what packDepthwiseWeights writes; for the gradient by the input without bias, by phases,
 * taps last one first. Parts are panels.
 */
import { depthwisePanels } from "../../convolution/depthwise/panels.ts";
import type { FunctionBuilder } from "../../assembler/function-builder.ts";
import type { Local } from "../../assembler/handles.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { loadLanes } from "../../shared/lanes.ts";
import { checkGradient, phases } from "./phases.ts";
import type { ConvGradientParams, Phase } from "./phases.ts";
import { forwardParams } from "./panels.ts";
import { offset } from "../../shared/addresses.ts";
import { range } from "../../shared/loops.ts";
import { copy } from "./pack.ts";
import type { CopyLoop } from "./pack.ts";

/** One phase of the gradient by the input; it has taps. */
export interface DepthwisePhase {
  readonly rows: Phase;
  readonly columns: Phase;
  /** Floats before its weights. */
  readonly start: number;
}

/** @throws RangeError unless there are as many groups as channels, in and out */
export function checkDepthwise(name: string, params: ConvGradientParams): void {
  checkGradient(name, params);
  const { input, output, groups } = params;
  if (groups !== input.channels || groups !== output.channels) {
    throw new RangeError(`${name}: groups wants as many as ${input.channels} input and ${output.channels} output channels, got ${groups}`);
  }
}

export function depthwisePhases(params: ConvGradientParams): DepthwisePhase[] {
  const all: DepthwisePhase[] = [];
  let start = 0;
  for (const rows of phases(params, 0)) {
    for (const columns of phases(params, 1)) {
      const taps = rows.taps * columns.taps;
      if (taps === 0) continue;
      all.push({ rows, columns, start });
      start += 4 * depthwisePanels(forwardParams(params)) * (taps + 1);
    }
  }
  return all;
}

/** Floats of the weights packed for the gradient by the input. */
export function packedDepthwiseGradientSize(params: ConvGradientParams): number {
  return depthwisePhases(params).reduce(
    (sum, { rows, columns }) => sum + 4 * depthwisePanels(forwardParams(params)) * (rows.taps * columns.taps + 1), 0,
  );
}

/** Emits `body` for each panel from begin to end, with how many of its channels exist. */
function overPanels(f: FunctionBuilder, channels: number, begin: Local<"i32">, end: Local<"i32">, body: (valid: number) => void): void {
  const whole = Math.floor(channels / 4);
  range(f, begin, end, () => {
    if (channels % 4 === 0) return body(4);
    if (whole === 0) return body(channels);
    f.local.get(begin);
    f.i32.const(whole);
    f.i32.ne();
    f.if(() => body(4), () => body(channels % 4));
  });
}

/** The function's arguments: packed, weight, bias, begin, end; without a bias: packed, weight, begin, end. */
export function packDepthwiseKernel(params: ConvGradientParams, bias: boolean): Kernel {
  const { input: { channels }, kernel } = params;
  const name = `x32_pack_depthwise_${bias ? "bias_" : ""}k${kernel.join("x")}_c${channels}`;
  checkDepthwise(name, params);
  const taps = kernel[0] * kernel[1];
  const given: Record<string, "i32"> = { packed: "i32", weight: "i32", ...(bias ? { bias: "i32" } : {}), begin: "i32", end: "i32" };
  const emit: Kernel["emit"] = (m) => m.func(name, { params: given, export: true }, (f, all) => {
    const p = all as Readonly<Record<string, Local<"i32">>>;
    const [to, from, biases] = ["to", "from", "biases"].map((each) => f.local.i32(each));
    const value = f.local.v128("value");
    overPanels(f, channels, p.begin, p.end, (valid) => {
      offset(f, to, p.packed, p.begin, 16 * (taps + 1));
      offset(f, from, p.weight, p.begin, 16 * taps);
      if (bias) {
        offset(f, biases, p.bias, p.begin, 16);
        loadLanes(f, biases, 0, valid);
      } else {
        f.f32x4.const(0);
      }
      f.local.set(value);
      f.local.get(to);
      f.local.get(value);
      f.v128.store(0, 4);
      f.local.increase(to, 16);
      copy(f, { to, from }, [{ count: taps, from: 4, to: 16 }], 4, valid, 4 * taps);
    });
  });
  return { name, parts: Math.ceil(channels / 4), emit };
}

/** For depthwise-data.ts. The function's arguments: packed, weight, begin, end. */
export function packDepthwiseGradientKernel(params: ConvGradientParams): Kernel {
  const { input: { channels, height, width }, kernel, stride, padding, dilation } = params;
  const name = `x32_pack_depthwise_gradient_k${kernel.join("x")}_s${stride.join("x")}_p${padding.join("x")}`
    + `_d${dilation.join("x")}_c${channels}`
    + (Math.min(height, width) < Math.max(...stride) ? `_${height}x${width}` : "");
  checkDepthwise(name, params);
  const taps = kernel[0] * kernel[1];
  const emit: Kernel["emit"] = (m) => m.func(name, {
    params: { packed: "i32", weight: "i32", begin: "i32", end: "i32" }, export: true,
  }, (f, p) => {
    const [to, from] = ["to", "from"].map((each) => f.local.i32(each));
    overPanels(f, channels, p.begin, p.end, (valid) => {
      for (const { rows, columns, start } of depthwisePhases(params)) {
        offset(f, to, p.packed, p.begin, 16 * (rows.taps * columns.taps + 1));
        f.local.increase(to, 4 * start);
        offset(f, from, p.weight, p.begin, 16 * taps);
        f.local.increase(from, 4 * (rows.tap * kernel[1] + columns.tap));
        f.local.get(to);
        f.f32x4.const(0);
        f.v128.store(0, 4);
        f.local.increase(to, 16);
        const loops: CopyLoop[] = [
          { count: rows.taps, from: -4 * rows.tapStride * kernel[1], to: 16 * columns.taps },
          { count: columns.taps, from: -4 * columns.tapStride, to: 16 },
        ];
        copy(f, { to, from }, loops, 4, valid, 4 * taps);
      }
    });
  });
  return { name, parts: Math.ceil(channels / 4), emit };
}

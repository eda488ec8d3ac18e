/**
 * Kernels that read each number once: activation, sum, scaling by channel, copy. Operands have one size of image but each its own
 * halo. An output may be one of the inputs (same address, same layout). Parts are rows.
 */
import { activationName, activationScratch, emitActivation, isHeavy } from "../shared/activation.ts";
import type { Activation } from "../shared/activation.ts";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import type { Layout } from "../shared/layout.ts";
import { overFloats, overRows, repeat, rowStream } from "../shared/loops.ts";

/** Vectors a pass of a loop. */
const UNROLL = 4;

/** @throws RangeError where the images are not of one size */
export function checkSameSize(kernel: string, output: Layout, inputs: Readonly<Record<string, Layout>>): void {
  for (const [name, input] of Object.entries(inputs)) {
    if (input.channels === output.channels && input.height === output.height && input.width === output.width) continue;
    throw new RangeError(
      `${kernel}: ${name} wants the output's size ${layoutName({ ...output, halo: 0 })}, got ${layoutName({ ...input, halo: 0 })}`,
    );
  }
}

function suffix(activation: Activation | undefined): string {
  return activation === undefined ? "" : `__${activationName(activation)}`;
}

/** Emits what turns the vector in `value` into the result: the activation, if any. */
function finisher(f: FunctionBuilder, activation: Activation | undefined, value: Local<"v128">): () => void {
  if (activation === undefined) return () => {};
  const scratch = activationScratch(f);
  activation.hold?.(f, scratch);
  return () => {
    emitActivation(f, activation, value, scratch);
    f.local.set(value);
  };
}

/** y = activation(sum of the inputs), number by number. @param names of the function's parameters, one an input */
function pointwise(
  kind: string, output: Layout, inputs: Readonly<Record<string, Layout>>, names: readonly string[], activation: Activation | undefined,
): Kernel {
  const layouts = Object.values(inputs);
  const name = `${kind}_${[output, ...layouts].map(layoutName).join("_")}${suffix(activation)}`;
  checkSameSize(name, output, inputs);
  const params: Record<string, "i32"> = Object.fromEntries(["y", ...names, "begin", "end"].map((each) => [each, "i32"]));
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, given) => {
    const value = f.local.v128("value");
    const finish = finisher(f, activation, value);
    const unroll = activation !== undefined && isHeavy(activation) ? 1 : UNROLL;
    const pointers = ["y", ...names].map((each) => given[each]);
    overRows(f, given.begin, given.end, [output, ...layouts].map((layout, i) => rowStream(pointers[i], layout)), () => {
      overFloats(f, output.width * output.channels, pointers, unroll, (offset, count) => {
        names.forEach((each, i) => {
          loadLanes(f, given[each], offset, count);
          if (i > 0) f.f32x4.add();
        });
        f.local.set(value);
        finish();
        storeLanes(f, given.y, value, offset, count);
      });
    });
  });
  return { name, parts: output.height, emit };
}

/** y = activation(x). The function's arguments: y, x, begin row, end row. */
export function activationKernel(output: Layout, input: Layout, activation: Activation): Kernel {
  return pointwise("f32_vunary", output, { input }, ["x"], activation);
}

/** y = x, between layouts. The function's arguments: y, x, begin row, end row. */
export function copyKernel(output: Layout, input: Layout): Kernel {
  return pointwise("x32_copy", output, { input }, ["x"], undefined);
}

/** y = activation(a + b). The function's arguments: y, a, b, begin row, end row. */
export function addKernel(output: Layout, left: Layout, right: Layout, activation?: Activation): Kernel {
  return pointwise("f32_vadd", output, { left, right }, ["a", "b"], activation);
}

export interface ScaleOptions {
  /** Is there a vector [channels] to add: normalisation that no convolution takes over? */
  readonly shift?: boolean;
  /** The layout of an image to add. */
  readonly residual?: Layout;
  readonly activation?: Activation | undefined;
}

/**
 * y = activation(x * scale[channel] + shift[channel] + residual), less what is left out. The function's arguments: y, x, scale,
 * shift, residual, begin row, end row, less what is left out; scale and shift are addresses of vectors [channels], of this image.
 */
export function scaleKernel(output: Layout, input: Layout, options: ScaleOptions = {}): Kernel {
  const { residual, activation } = options;
  const shifted = options.shift === true;
  const extra = `${shifted ? "_shift" : ""}${residual === undefined ? "" : `_add_${layoutName(residual)}`}`;
  const name = `f32_vscale_${layoutName(output)}_${layoutName(input)}${extra}${suffix(activation)}`;
  checkSameSize(name, output, residual === undefined ? { input } : { input, residual });
  const { channels, width } = output;
  const optional: Record<string, "i32"> = { ...(shifted ? { shift: "i32" } : {}), ...(residual === undefined ? {} : { residual: "i32" }) };
  const params: Record<string, "i32"> = { y: "i32", x: "i32", scale: "i32", ...optional, begin: "i32", end: "i32" };
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, given) => {
    const { y, x, scale, begin, end } = given;
    const value = f.local.v128("value");
    const finish = finisher(f, activation, value);
    const vectors = shifted ? [scale, given.shift] : [scale];
    const streams = [rowStream(y, output), rowStream(x, input)];
    if (residual !== undefined) streams.push(rowStream(given.residual, residual));
    const pointers = [...streams.map(({ pointer }) => pointer), ...vectors];
    const added = Object.keys(optional).map((name) => given[name]);
    const unroll = activation !== undefined && isHeavy(activation) ? 1 : added.length > 0 ? 2 : UNROLL;
    overRows(f, begin, end, streams, () => {
      repeat(f, width, () => {
        overFloats(f, channels, pointers, unroll, (offset, count) => {
          loadLanes(f, x, offset, count);
          loadLanes(f, scale, offset, count);
          f.f32x4.mul();
          for (const pointer of added) {
            loadLanes(f, pointer, offset, count);
            f.f32x4.add();
          }
          f.local.set(value);
          finish();
          storeLanes(f, y, value, offset, count);
        });
        for (const vector of vectors) f.local.decrease(vector, 4 * channels);
      });
    });
  });
  return { name, parts: output.height, emit };
}

/**
 * Functions of two numbers on images, where either operand may have size 1 along rows, pixels or channels and is stretched there. An output
 * may be an operand of its own layout. Parts are rows.
 */
import type { FunctionBuilder } from "../../assembler/function-builder.ts";
import type { Local } from "../../assembler/handles.ts";
import { layoutName } from "../../shared/kernel.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { loadLanes, storeLanes } from "../../shared/lanes.ts";
import { pixelBytes, rowBytes } from "../../shared/layout.ts";
import type { Layout } from "../../shared/layout.ts";
import { overFloats, overRows, repeat, rowStream } from "../../shared/loops.ts";
import type { Stream } from "../../shared/loops.ts";

/** The functions that have a kernel. */
export type BinaryKernelFunction = "add" | "subtract" | "multiply" | "divide" | "minimum" | "maximum";

/** Take two vectors, leave one; NaN comes through in all. */
const functions: Readonly<Record<BinaryKernelFunction, (f: FunctionBuilder) => void>> = {
  add: (f) => f.f32x4.add(),
  subtract: (f) => f.f32x4.sub(),
  multiply: (f) => f.f32x4.mul(),
  divide: (f) => f.f32x4.div(),
  minimum: (f) => f.f32x4.min(),
  maximum: (f) => f.f32x4.max(),
};

/** Has it a kernel? */
export function hasBinaryKernel(by: string): by is BinaryKernelFunction {
  return by in functions;
}

const sizes = ["height", "width", "channels"] as const;

/** Can the operands be stretched to the output's size? */
export function fitsBinary(output: Layout, operands: readonly Layout[]): boolean {
  return operands.every((operand) => sizes.every((size) => operand[size] === output[size] || operand[size] === 1));
}

/** The function's arguments: y, a, b, begin row, end row. @throws RangeError where an operand does not fit */
export function binaryKernel(output: Layout, left: Layout, right: Layout, by: BinaryKernelFunction): Kernel {
  const name = `f32_v${by}_${[output, left, right].map(layoutName).join("_")}`;
  if (!fitsBinary(output, [left, right])) throw new RangeError(`${name}: operands want the output's size, or 1`);
  const { channels, width } = output;
  const params = { y: "i32", a: "i32", b: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, { y, a, b, begin, end }) => {
    const { local, v128 } = f;
    const value = local.v128("value");
    const operands = [left, right].map((layout, i) => ({
      pointer: [a, b][i], layout, held: local.v128(`held${i}`), row: layout.height === output.height,
      // Has it pixels and channels of its own?
      pixel: layout.width === width, channel: layout.channels === channels,
    }));
    type Operand = (typeof operands)[number];
    const hold = ({ pointer, held }: Operand): void => {
      local.get(pointer);
      v128.load32_splat();
      local.set(held);
    };
    // A row is one run of floats where all operands have each of its numbers, or one for all of them.
    const flat = operands.every(({ pixel, channel }) => pixel === channel) || width === 1;
    const run = (floats: number): void => {
      const moving: Local<"i32">[] = operands.filter(({ channel }) => channel).map(({ pointer }) => pointer);
      overFloats(f, floats, [y, ...moving], 4, (offset, count) => {
        for (const { channel, pointer, held } of operands) {
          if (channel) loadLanes(f, pointer, offset, count);
          else local.get(held);
        }
        functions[by](f);
        local.set(value);
        storeLanes(f, y, value, offset, count);
      });
    };
    const streams = operands.map(({ pointer, layout, row, pixel, channel }): Stream => ({
      pointer, pitch: row ? rowBytes(layout) : 0,
      moved: flat ? (channel ? 4 * width * channels : 0) : pixel ? width * pixelBytes(layout) : 0,
    }));
    overRows(f, begin, end, [rowStream(y, output), ...streams], () => {
      if (flat) {
        for (const operand of operands) if (!operand.channel) hold(operand);
        return run(width * channels);
      }
      repeat(f, width, () => {
        for (const operand of operands) if (!operand.channel) hold(operand);
        run(channels);
        for (const { pointer, pixel, channel } of operands) {
          if (pixel && !channel) local.increase(pointer, 4);
          if (channel && !pixel) local.decrease(pointer, 4 * channels);
        }
      });
    });
  });
  return { name, parts: output.height, emit };
}

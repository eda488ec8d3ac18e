/**
 * PReLU: what is not above 0 times the slope of its channel. Operands have one size of image but each its own halo; y may be x. Parts are
 * rows.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import type { Layout } from "../shared/layout.ts";
import { overFloats, overRows, repeat, rowStream } from "../shared/loops.ts";
import { checkSameSize } from "./elementwise.ts";

/** Takes two vectors, leaves the first where `by` is above 0, the second elsewhere. */
export function whereAbove(f: FunctionBuilder, by: Local<"v128">): void {
  f.local.get(by);
  f.f32x4.const(0);
  f.f32x4.gt();
  f.v128.bitselect();
}

/** The function's arguments: y, x, slope (a vector [channels]), begin row, end row. */
export function preluKernel(output: Layout, input: Layout): Kernel {
  const name = `f32_vprelu_${layoutName(output)}_${layoutName(input)}`;
  checkSameSize(name, output, { input });
  const { channels, width } = output;
  const params = { y: "i32", x: "i32", slope: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, { y, x, slope, begin, end }) => {
    const value = f.local.v128("value");
    overRows(f, begin, end, [rowStream(y, output), rowStream(x, input)], () => {
      repeat(f, width, () => {
        overFloats(f, channels, [y, x, slope], 4, (offset, count) => {
          loadLanes(f, x, offset, count);
          f.local.tee(value);
          f.local.get(value);
          loadLanes(f, slope, offset, count);
          f.f32x4.mul();
          whereAbove(f, value);
          f.local.set(value);
          storeLanes(f, y, value, offset, count);
        });
        f.local.decrease(slope, 4 * channels);
      });
    });
  });
  return { name, parts: output.height, emit };
}

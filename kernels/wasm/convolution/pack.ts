/**
 * Packing of weights in WebAssembly, for whole panels of 16 output channels (convolution/panels.ts): what costs most when a network is
 * compiled, for it touches every weight once, and in another order than it lies in.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Func, Local } from "../assembler/handles.ts";
import { repeat } from "../shared/loops.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import { PANEL } from "./tiles.ts";

/**
 * The function's arguments: to, from, factors, panels. `to` is the first panel's weights, which its biases stand before; `from` 16 rows for
 * each panel, [inputs, taps] each; `factors` 16 float32 for each panel, by which its rows are multiplied.
 */
export function packPanelsKernel(inputs: number, taps: number): { readonly name: string; readonly emit: (m: ModuleBuilder) => Func } {
  const name = `f32_pack_${inputs}x${taps}`;
  const row = 4 * inputs * taps;
  const step = 4 * PANEL;
  const emit = (m: ModuleBuilder): Func => m.func(name, {
    params: { to: "i32", from: "i32", factors: "i32", panels: "i32" }, export: true,
  }, (f, { to, from, factors, panels }) => {
    const scales = f.local.array("v128", "scale", PANEL / 4);
    const value = f.local.v128("value");
    f.countDown(panels, () => {
      scales.forEach((scale, i) => {
        f.local.get(factors);
        f.v128.load(16 * i, 4);
        f.local.set(scale);
      });
      repeat(f, inputs, () => {
        repeat(f, taps, () => {
          scales.forEach((scale, i) => packVector(f, { to, from, scale, value, first: 4 * i, row }));
          f.local.increase(from, 4);
          f.local.increase(to, step * inputs);
        });
        f.local.decrease(to, step * (inputs * taps - 1));
      });
      // `to` went over one tap's weights; past the others, and the next biases.
      f.local.increase(to, step * (inputs * (taps - 1) + 1));
      f.local.increase(from, (PANEL - 1) * row);
      f.local.increase(factors, step);
    });
  });
  return { name, emit };
}

interface Vector {
  readonly to: Local<"i32">;
  readonly from: Local<"i32">;
  readonly scale: Local<"v128">;
  readonly value: Local<"v128">;
  /** Channel of the panel. */
  readonly first: number;
  readonly row: number;
}

/** One weight each of four channels. */
function packVector(f: FunctionBuilder, { to, from, scale, value, first, row }: Vector): void {
  f.local.get(from);
  f.v128.load32_zero(first * row, 4);
  f.local.set(value);
  for (let lane = 1; lane < 4; lane++) {
    f.local.get(from);
    f.local.get(value);
    f.v128.load32_lane(lane, (first + lane) * row, 4);
    f.local.set(value);
  }
  f.local.get(to);
  f.local.get(value);
  f.local.get(scale);
  f.f32x4.mul();
  f.v128.store(4 * first, 4);
}

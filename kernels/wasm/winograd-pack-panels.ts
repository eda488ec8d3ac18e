/**
 * Packing of Winograd's weights in WebAssembly, for whole panels of 16 output channels: G g G^T of winograd-pack.ts, for four output
 * channels at once, in float32.
 */
import type { FunctionBuilder } from "./function-builder.ts";
import type { Func, Local } from "./handles.ts";
import { repeat } from "./loops.ts";
import type { ModuleBuilder } from "./module-builder.ts";
import { PANEL } from "./select.ts";
import { PLACES } from "./winograd-pack.ts";
import { plus } from "./winograd-transform.ts";
import type { Vector } from "./winograd-transform.ts";

const TAPS = 9;
const ROOT_THIRD = Math.SQRT2 / 3;

/** G but for its first and last row, which take the first and the last number as they are. */
const INNER_ROWS = [
  [-2 / 3, -ROOT_THIRD, -1 / 3],
  [-2 / 3, ROOT_THIRD, -1 / 3],
  [1 / 6, ROOT_THIRD / 2, 1 / 3],
  [1 / 6, -ROOT_THIRD / 2, 1 / 3],
] as const;

/**
 * The function's arguments: to, from, factors, panels. `to` is the first panel's weights, which its biases stand before; `from` 16 rows for each
 * panel, [inputs, 3, 3] each; `factors` 16 float32 for each panel, by which its rows are multiplied.
 */
export function packWinogradPanelsKernel(inputs: number): { readonly name: string; readonly emit: (m: ModuleBuilder) => Func } {
  const name = `f32_pack_winograd4x4_${inputs}`;
  const row = 4 * TAPS * inputs;
  const line = 4 * PANEL;
  const emit = (m: ModuleBuilder): Func => m.func(name, { params: { to: "i32", from: "i32", factors: "i32", panels: "i32" }, export: true }, (f, { to, from, factors, panels }) => {
    const taps = f.local.array("v128", "tap", TAPS);
    const side = f.local.array("v128", "side", 3);
    const [factor, value] = [f.local.v128("factor"), f.local.v128("value")];
    const at = f.local.i32("at");
    f.countDown(panels, () => {
      repeat(f, inputs, () => {
        repeat(f, PANEL / 4, () => {
          f.local.get(factors);
          f.v128.load(0, 4);
          f.local.set(factor);
          taps.forEach((tap, i) => gather(f, from, 4 * i, row, factor, tap));
          f.local.get(to);
          f.local.set(at);
          eachRow(f, [taps.slice(0, 3), taps.slice(3, 6), taps.slice(6)], side, () => {
            eachRow(f, side.map((vector) => [vector]), [value], () => {
              f.local.get(at);
              f.local.get(value);
              f.v128.store(0, 4);
              f.local.increase(at, line * inputs);
            });
          });
          f.local.increase(to, 16);
          f.local.increase(factors, 16);
          f.local.increase(from, 4 * row);
        });
        f.local.decrease(factors, line);
        f.local.decrease(from, PANEL * row - 4 * TAPS);
      });
      // `to` went over one place's weights; past the others, and the next biases.
      f.local.increase(to, line * (inputs * (PLACES - 1) + 1));
      f.local.increase(from, (PANEL - 1) * row);
      f.local.increase(factors, line);
    });
  });
  return { name, emit };
}

/** to = one weight each of four channels, times their factors. */
function gather(f: FunctionBuilder, from: Local<"i32">, offset: number, row: number, factor: Vector, to: Vector): void {
  f.local.get(from);
  f.v128.load32_zero(offset, 4);
  f.local.set(to);
  for (let lane = 1; lane < 4; lane++) {
    f.local.get(from);
    f.local.get(to);
    f.v128.load32_lane(lane, offset + lane * row, 4);
    f.local.set(to);
  }
  f.local.get(to);
  f.local.get(factor);
  f.f32x4.mul();
  f.local.set(to);
}

/** Calls `done` with each of the six rows of G [a, b, c] in `to`; a, b, c are rows as long as `to`. */
function eachRow(f: FunctionBuilder, [a, b, c]: readonly (readonly Vector[])[], to: readonly Vector[], done: () => void): void {
  const copy = (row: readonly Vector[]): void => to.forEach((vector, j) => {
    f.local.get(row[j]);
    f.local.set(vector);
  });
  copy(a);
  done();
  for (const [first, second, third] of INNER_ROWS) {
    to.forEach((vector, j) => {
      f.local.get(a[j]);
      f.f32x4.const(first);
      f.f32x4.mul();
      plus(f, b[j], second);
      plus(f, c[j], third);
      f.local.set(vector);
    });
    done();
  }
  copy(c);
  done();
}

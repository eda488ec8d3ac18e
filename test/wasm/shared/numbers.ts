/** What functions of one number are judged by: applied to many numbers, all exponents among them, and errors in units in the last place. */
import "../../../kernels/wasm/assembler/checks/checked.ts";
import * as assert from "uvu/assert";
import { emitActivation, activationScratch } from "../../../kernels/wasm/shared/activation.ts";
import type { Activation } from "../../../kernels/wasm/shared/activation.ts";
import { ModuleBuilder } from "../../../kernels/wasm/assembler/module-builder.ts";
import { instantiate } from "../machine.ts";

export const COUNT = 32768;

/** Applies an activation to COUNT numbers. */
export function apply(activation: Activation, x: Float32Array): Float32Array {
  const m = new ModuleBuilder("activation");
  m.importMemory("host", "memory", { minimum: 2 });
  m.func("apply", { params: { at: "i32", end: "i32" }, export: true }, (f, { at, end }) => {
    const value = f.local.v128("value");
    const scratch = activationScratch(f);
    f.doWhile(() => {
      f.local.get(at);
      f.v128.load();
      f.local.set(value);
      f.local.get(at);
      emitActivation(f, activation, value, scratch);
      f.v128.store();
      f.local.increase(at, 16);
      f.local.get(at);
      f.local.get(end);
      f.i32.ne();
    });
  });
  const { buffer, exports } = instantiate(m.toBytes(), 2);
  new Float32Array(buffer).set(x);
  (exports.apply as (at: number, end: number) => void)(0, 4 * COUNT);
  return new Float32Array(buffer).slice(0, COUNT);
}

/** Every float32 whose bits are a multiple of 2^32 / COUNT, plus one number more than that each: all exponents, NaN and infinities. */
export function everywhere(): Float32Array {
  const bits = Uint32Array.from({ length: COUNT }, (_, i) => i * (4294967296 / COUNT) + ((i * 7919) % 131072));
  const x = new Float32Array(bits.buffer);
  x.set([0, -0, NaN, Infinity, -Infinity, 3.4e38, -3.4e38, 1e-45, -1e-45, 6, -3, 3, 88.72, -87.4, -103.9, -104.1, 0.625, -0.625]);
  return x;
}

/** Numbers from -`limit` to `limit`. */
export function between(limit: number): Float32Array {
  return Float32Array.from({ length: COUNT }, (_, i) => limit * ((2 * i + 1) / COUNT - 1));
}

const WORD = new Float32Array(1);
const BITS = new Uint32Array(WORD.buffer);

/** The distance of float32 numbers at x. */
function ulp(x: number): number {
  WORD[0] = Math.abs(x);
  const exponent = Math.max(1, BITS[0] >>> 23);
  let unit = 1;
  for (let i = exponent - 150; i < 0; i++) unit /= 2;
  for (let i = exponent - 150; i > 0; i--) unit *= 2;
  return unit;
}

/** @param exact of what the answers should be */
export function largestError(activation: Activation, exact: (x: number) => number, inputs: readonly Float32Array[]): number {
  let largest = 0;
  for (const x of inputs) {
    const y = apply(activation, x);
    for (let i = 0; i < COUNT; i++) {
      const wanted = exact(x[i]);
      if (Object.is(y[i], Math.fround(wanted))) continue;
      const error = Math.abs(y[i] - wanted) / ulp(wanted);
      assert.ok(error < 100, `${activation.activation}(${x[i]}) wants ${wanted}, got ${y[i]}`);
      largest = Math.max(largest, error);
    }
  }
  return largest;
}

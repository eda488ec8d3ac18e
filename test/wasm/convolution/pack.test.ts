/** Packing in WebAssembly writes what the functions in TypeScript write, and nothing else. */
import "../../../kernels/wasm/assembler/checks/checked.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { packConvWeights } from "../../../kernels/wasm/convolution/panels.ts";
import type { ConvParams } from "../../../kernels/wasm/convolution/params.ts";
import { ModuleBuilder } from "../../../kernels/wasm/assembler/module-builder.ts";
import { packPanelsKernel } from "../../../kernels/wasm/convolution/pack.ts";
import { PANEL } from "../../../kernels/wasm/convolution/tiles.ts";
import { problem } from "./conv-case.ts";
import { instantiate } from "../machine.ts";

type PackKernel = ReturnType<typeof packPanelsKernel>;

/** What is not written. */
const GUARD = 1234.5;

/** Whole panels with no biases, as `kernel` writes them: where these would be, the guard stays. */
function packed(kernel: PackKernel, weight: Float32Array, factors: Float32Array, floats: number): Float32Array {
  const pages = 1 + Math.ceil((4 * (floats + weight.length + factors.length + 64)) / 65536);
  const m = new ModuleBuilder("test");
  m.importMemory("host", "memory", { minimum: pages });
  kernel.emit(m);
  const { buffer, exports } = instantiate(m.toBytes(), pages);
  const memory = new Float32Array(buffer).fill(GUARD);
  const [atWeights, to] = [factors.length, factors.length + weight.length + 32];
  memory.set(factors, 0);
  memory.set(weight, atWeights);
  (exports[kernel.name] as (...values: number[]) => void)(4 * (to + PANEL), 4 * atWeights, 0, factors.length / PANEL);
  for (const beside of [memory.subarray(to - 32, to), memory.subarray(to + floats)]) {
    assert.ok(beside.every((value) => value === GUARD), "beside the panels");
  }
  assert.equal(memory.subarray(0, factors.length), factors, "factors are only read");
  assert.equal(memory.subarray(atWeights, atWeights + weight.length), weight, "weights are only read");
  return memory.slice(to, to + floats);
}

function paramsOf(inputs: number, outputs: number, kernel: readonly [number, number]): ConvParams {
  return problem({ channels: [inputs, outputs], size: [7, 8], kernel }).params;
}

const numbers = (count: number, seed: number): Float32Array => {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => random.normal());
};

/** Biases are the guard, so that both have it. */
const guards = (outputs: number): Float32Array => new Float32Array(outputs).fill(GUARD);

test("direct panels: to the bit, for any kernel and number of inputs", () => {
  for (const [inputs, outputs, kernel] of [[1, 16, [1, 1]], [5, 32, [3, 2]], [17, 48, [1, 1]], [3, 16, [7, 7]]] as const) {
    const params = paramsOf(inputs, outputs, kernel);
    const [weight, factors] = [numbers(outputs * inputs * kernel[0] * kernel[1], 1), numbers(outputs, 2)];
    const wanted = packConvWeights(weight, guards(outputs), params, undefined, factors);
    assert.equal(
      packed(packPanelsKernel(inputs, kernel[0] * kernel[1]), weight, factors, wanted.length), wanted,
      `${inputs} to ${outputs}, ${kernel.join("x")}`,
    );
  }
});

test("the first columns can be left to others", () => {
  const params = paramsOf(3, 37, [3, 3]);
  const [weight, bias, factors] = [numbers(37 * 27, 5), numbers(37, 6), numbers(37, 7)];
  const wanted = packConvWeights(weight, bias, params, undefined, factors);
  const got = packConvWeights(weight, bias, params, new Float32Array(wanted.length).fill(GUARD), factors, 32);
  assert.ok(got.subarray(0, 32 * 28).every((value) => value === GUARD));
  assert.equal(got.subarray(32 * 28), wanted.subarray(32 * 28));
});

test.run();

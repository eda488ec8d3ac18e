/** Fully connected layers: against the reference, and to the bit against the promised order of the sum. */
import "../../../kernels/wasm/assembler/checks/checked.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { linearForward } from "../../../kernels/reference/index.ts";
import { linearShape } from "../../../kernels/shapes.ts";
import type { Activation } from "../../../kernels/wasm/shared/activation.ts";
import { packConvWeights } from "../../../kernels/wasm/convolution/panels.ts";
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import { linearKernel, linearParams } from "../../../kernels/wasm/operations/linear.ts";
import { ModuleBuilder } from "../../../kernels/wasm/assembler/module-builder.ts";
import { assertNear, assertSame, hostile, tame } from "../compare.ts";
import { elements, vectorLayout } from "../images.ts";
import { machine } from "../machine.ts";

const round = Math.fround;

/** The sum in float32, in the order in which the pixels and channels lie in memory. */
function inOrder(
  x: Float32Array, weight: Float32Array, bias: Float32Array | null, input: Layout, batch: number, outFeatures: number,
): Float32Array {
  const pixels = input.height * input.width;
  const inFeatures = pixels * input.channels;
  return Float32Array.from({ length: batch * outFeatures }, (_, at) => {
    const [n, o] = [Math.floor(at / outFeatures), at % outFeatures];
    let sum = bias === null ? 0 : bias[o];
    for (let p = 0; p < pixels; p++) {
      for (let c = 0; c < input.channels; c++) {
        const i = c * pixels + p;
        sum = round(sum + round(x[n * inFeatures + i] * weight[o * inFeatures + i]));
      }
    }
    return sum;
  });
}

interface Case {
  readonly input: Layout;
  readonly outFeatures: number;
  readonly batch: number;
  readonly activation?: Activation;
  readonly bias?: boolean;
  readonly draw?: typeof tame;
}

function check({ input, outFeatures, batch, activation, bias = true, draw = tame }: Case): void {
  const inFeatures = elements(input);
  const output = { ...vectorLayout(outFeatures), halo: outFeatures % 2 };
  const kernel = linearKernel(output, input, activation === undefined ? { batch } : { batch, activation });
  const { images, run } = machine([kernel]);
  const x = draw(batch * inFeatures, outFeatures);
  const weight = tame(outFeatures * inFeatures, inFeatures);
  const biases = bias ? tame(outFeatures, 3) : null;
  const packed = packConvWeights(weight, biases, linearParams(input, outFeatures));
  const addresses = [images.put(input, x, batch).address, images.vector(packed).address];
  const [whole, parts] = [images.room(output, batch), images.room(output, batch)];
  run(kernel, [whole.address, ...addresses]);
  run(kernel, [parts.address, ...addresses], 1, kernel.parts);
  run(kernel, [parts.address, ...addresses], 0, 1);
  const wanted = inOrder(x, weight, biases, input, batch, outFeatures);
  const finished = activation === undefined ? wanted : wanted.map((value) => (value < 0 ? 0 : value));
  assertSame(images.read(whole), finished, kernel.name);
  assertSame(images.read(parts), finished, `${kernel.name} in parts`);
  assert.is(images.damage(), "");
  if (activation === undefined && draw === tame) {
    const reference = new Float32Array(wanted.length);
    linearForward(reference, x, weight, biases, linearShape(batch, inFeatures, outFeatures));
    assertNear(images.read(whole), reference, 1e-6, 3e-4, `${kernel.name}, reference`);
  }
}

test("all tails of outputs, several inputs and batches", () => {
  for (let outFeatures = 1; outFeatures <= 19; outFeatures++) {
    for (const batch of [1, 2, 3]) check({ input: vectorLayout(outFeatures % 5 === 0 ? 1 : 11 + outFeatures), outFeatures, batch });
  }
  check({ input: vectorLayout(37), outFeatures: 48, batch: 5 });
  check({ input: { ...vectorLayout(6), halo: 2 }, outFeatures: 33, batch: 4, bias: false });
});

test("more inputs than a block", () => {
  check({ input: vectorLayout(257), outFeatures: 19, batch: 3 });
  check({ input: vectorLayout(512), outFeatures: 16, batch: 4, activation: { activation: "relu", slope: 0, offset: 0 } });
  check({
    input: { channels: 45, height: 5, width: 4, halo: 0 }, outFeatures: 5, batch: 5,
    activation: { activation: "relu", slope: 0, offset: 0 },
  });
  check({ input: vectorLayout(600), outFeatures: 33, batch: 2 });
});

test("activation, NaN and infinity", () => {
  check({ input: vectorLayout(9), outFeatures: 21, batch: 3, activation: { activation: "relu", slope: 0, offset: 0 } });
  check({ input: vectorLayout(3), outFeatures: 21, batch: 7, draw: hostile });
});

test("with multiply and add in one, where the engine has relaxed SIMD", () => {
  const [input, output] = [vectorLayout(300), vectorLayout(21)];
  const kernel = linearKernel(output, input, { batch: 3, fma: true });
  const [x, weight] = [tame(900, 1), tame(300 * 21, 2)];
  const compute = (): void => {
    const { images, run } = machine([kernel]);
    const y = images.room(output, 3);
    run(
      kernel, [y.address, images.put(input, x, 3).address, images.vector(packConvWeights(weight, null, linearParams(input, 21))).address],
    );
    const wanted = new Float32Array(63);
    linearForward(wanted, x, weight, null, linearShape(3, 300, 21));
    assertNear(images.read(y), wanted, 1e-6, 3e-4, kernel.name);
    assert.is(images.damage(), "");
  };
  const relaxed = new ModuleBuilder("relaxed");
  relaxed.func("madd", { params: { a: "v128" }, results: ["v128"] }, (f, { a }) => {
    for (let i = 0; i < 3; i++) f.local.get(a);
    f.f32x4.relaxed_madd();
  });
  if (typeof WebAssembly !== "undefined" && WebAssembly.validate(relaxed.toBytes())) compute();
  else assert.throws(compute, /relaxed|opcode|invalid/i);
});

test("flattened images: the weights follow the order of the pixels", () => {
  check({ input: { channels: 5, height: 3, width: 2, halo: 0 }, outFeatures: 18, batch: 3 });
  assert.throws(
    () => linearKernel(vectorLayout(4), { channels: 5, height: 3, width: 2, halo: 1 }, { batch: 1 }),
    /an input of 3x2 wants no halo, got 1/,
  );
});

test.run();

/** Elementwise kernels against the reference: odd sizes, every channel tail, halos, guards, parts, in place, NaN and infinity. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as reference from "../../../kernels/reference/index.ts";
import { elementwiseShape } from "../../../kernels/shapes.ts";
import type { Activation } from "../../../kernels/wasm/shared/activation.ts";
import { activationKernel, addKernel, copyKernel, scaleKernel } from "../../../kernels/wasm/operations/elementwise.ts";
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import { plain } from "../activations.ts";
import { assertNear, assertSame, hostile } from "../compare.ts";
import { elements } from "../images.ts";
import { machine } from "../machine.ts";

function layout(channels: number, height: number, width: number, halo: number): Layout {
  return { channels, height, width, halo };
}

/** Layouts with all channel tails, and runs that need each kind of loop. */
const SIZES: readonly (readonly [number, number, number])[] = [
  ...Array.from({ length: 19 }, (_, i) => [i + 1, 3, 5] as const), [1, 1, 1], [33, 1, 1], [64, 2, 3], [130, 3, 2], [3, 7, 31],
];

function referenceActivation(x: Float32Array, { activation, slope, offset }: Activation): Float32Array {
  const y = new Float32Array(x.length);
  const shape = elementwiseShape(x.length);
  switch (activation) {
    case "relu": reference.reluForward(y, x, shape); break;
    case "relu6": reference.relu6Forward(y, x, shape); break;
    case "leaky_relu": reference.leakyReluForward(y, x, slope, shape); break;
    case "sigmoid": reference.sigmoidForward(y, x, shape); break;
    case "hard_sigmoid": reference.hardSigmoidForward(y, x, slope, offset, shape); break;
    case "silu": reference.siluForward(y, x, shape); break;
    case "hard_swish": reference.hardSwishForward(y, x, shape); break;
    case "tanh": reference.tanhForward(y, x, shape); break;
    case "gelu": reference.geluForward(y, x, shape); break;
    case "gelu_tanh": reference.geluTanhForward(y, x, shape); break;
  }
  return y;
}

const ACTIVATIONS: readonly Activation[] = [
  ...(["relu", "relu6", "sigmoid", "silu", "hard_swish", "tanh", "gelu", "gelu_tanh"] as const).map(plain),
  { activation: "leaky_relu", slope: 0.01, offset: 0 },
  { activation: "hard_sigmoid", slope: 1 / 6, offset: 0.5 },
];

for (const activation of ACTIVATIONS) {
  test(`activation ${activation.activation}`, () => {
    const exact = activation.activation === "relu" || activation.activation === "relu6";
    for (const [channels, height, width] of SIZES) {
      const output = layout(channels, height, width, channels % 4);
      const input = layout(channels, height, width, (channels + height) % 3);
      const kernel = activationKernel(output, input, activation);
      const { images, run } = machine([kernel]);
      const data = hostile(elements(input), channels);
      const x = images.put(input, data);
      const y = images.room(output);
      run(kernel, [y.address, x.address]);
      const wanted = referenceActivation(data, activation);
      // Beside 1 the error function, and a large exponent, leave less of what is negative.
      const gelu = activation.activation.startsWith("gelu");
      if (gelu) assertNear(images.read(y), wanted, 2e-6, 4e-6, kernel.name);
      else assertNear(
        images.read(y), wanted, exact ? 0 : 4e-7, exact ? 0 : 6e-8 * (activation.activation === "hard_sigmoid" ? 2 : 1e-30), kernel.name,
      );
      assert.is(images.damage(), "");
    }
  });
}

test("activation in place, in parts", () => {
  for (const activation of ACTIVATIONS) {
    const image = layout(7, 5, 3, 2);
    const kernel = activationKernel(image, image, activation);
    const { images, run } = machine([kernel]);
    const data = hostile(elements(image), 3);
    const whole = images.room(image);
    run(kernel, [whole.address, images.put(image, data).address]);
    const y = images.room(image, 1, data);
    assert.is(kernel.parts, 5);
    for (const [begin, end] of [[2, 5], [1, 1], [0, 2]]) run(kernel, [y.address, y.address], begin, end);
    assertSame(images.read(y), images.read(whole), kernel.name);
    assert.is(images.damage(), "");
  }
});

test("parts: rows that were not asked for stay unwritten", () => {
  const image = layout(5, 4, 3, 1);
  const kernel = copyKernel(image, image);
  const { images, run } = machine([kernel]);
  const y = images.room(image);
  const before = images.read(y);
  const data = hostile(elements(image), 4);
  run(kernel, [y.address, images.put(image, data).address], 1, 3);
  const after = images.read(y);
  for (let i = 0; i < after.length; i++) {
    const row = Math.floor(i / 3) % 4;
    assert.ok(Object.is(after[i], (row === 1 || row === 2 ? data : before)[i]));
  }
});

test("copy between halos", () => {
  for (const [channels, height, width] of SIZES) {
    for (let halo = 0; halo < 4; halo++) {
      const output = layout(channels, height, width, halo);
      const input = layout(channels, height, width, 3 - halo);
      const kernel = copyKernel(output, input);
      const { images, run } = machine([kernel]);
      const data = hostile(elements(input), halo);
      const y = images.room(output);
      run(kernel, [y.address, images.put(input, data).address]);
      assertSame(images.read(y), data, kernel.name);
      assert.is(images.damage(), "");
    }
  }
});

test("add, with and without activation, into a third image and over the first", () => {
  for (const [channels, height, width] of SIZES) {
    for (const activation of [undefined, ...ACTIVATIONS.slice(0, 1)]) {
      const [output, left, right] = [0, 1, 2].map((i) => layout(channels, height, width, (i + channels) % 4));
      const apart = addKernel(output, left, right, activation);
      const over = addKernel(left, left, right, activation);
      const { images, run } = machine([apart, over]);
      const [a, b] = [hostile(elements(left), 5), hostile(elements(left), channels)];
      const wanted = new Float32Array(a.length);
      reference.addForward(wanted, a, b, elementwiseShape(a.length));
      if (activation !== undefined) reference.reluForward(wanted, wanted, elementwiseShape(a.length));
      const y = images.room(output);
      const [aPlaced, bPlaced, both] = [images.put(left, a), images.put(right, b), images.room(left, 1, a)];
      run(apart, [y.address, aPlaced.address, bPlaced.address]);
      run(over, [both.address, both.address, bPlaced.address]);
      assertSame(images.read(y), wanted, apart.name);
      assertSame(images.read(both), wanted, over.name);
      assert.is(images.damage(), "");
    }
  }
});

test("scale by channel, with shift, residual and activation", () => {
  for (const [channels, height, width] of SIZES) {
    for (let options = 0; options < 8; options++) {
      const [output, input, third] = [0, 1, 2].map((i) => layout(channels, height, width, (i + channels + options) % 4));
      const shift = (options & 1) !== 0;
      const residual = (options & 2) !== 0;
      const activation = (options & 4) !== 0 ? ACTIVATIONS[0] : undefined;
      const kernel = scaleKernel(
        output, input, { shift, ...(residual ? { residual: third } : {}), ...(activation === undefined ? {} : { activation }) },
      );
      const { images, run } = machine([kernel]);
      const [x, scale, shifts, added] = [elements(input), channels, channels, elements(input)].map((n, i) => hostile(n, 10 * channels + i));
      const round = Math.fround;
      const wanted = x.map((value, i) => {
        const c = Math.floor(i / (height * width));
        let sum = round(value * scale[c]);
        if (shift) sum = round(sum + shifts[c]);
        if (residual) sum = round(sum + added[i]);
        return activation === undefined || !(sum < 0) ? sum : 0;
      });
      const y = images.room(output);
      const inputs = [images.put(input, x), images.vector(scale)];
      if (shift) inputs.push(images.vector(shifts));
      if (residual) inputs.push(images.put(third, added));
      run(kernel, [y.address, ...inputs.map(({ address }) => address)]);
      assertSame(images.read(y), wanted, kernel.name);
      assert.is(images.damage(), "");
    }
  }
});

test("names tell parameters apart, and sizes are checked", () => {
  const a = layout(4, 3, 2, 0);
  const names = [
    addKernel(a, a, a), addKernel(a, a, a, ACTIVATIONS[0]), addKernel(a, { ...a, halo: 1 }, a), activationKernel(a, a, ACTIVATIONS[0]),
    activationKernel(a, a, { activation: "leaky_relu", slope: 0.1, offset: 0 }),
    activationKernel(a, a, { activation: "leaky_relu", slope: 0.2, offset: 0 }),
    scaleKernel(a, a), scaleKernel(a, a, { shift: true }), scaleKernel(a, a, { residual: a }), copyKernel(a, a),
  ].map(({ name }) => name);
  assert.is(new Set(names).size, names.length);
  assert.throws(() => addKernel(a, a, { ...a, channels: 5 }), /right wants the output's size 3x2x4, got 3x2x5/);
});

test.run();

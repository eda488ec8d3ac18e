/** Cases of the activations, of dropout and of adding: everything element by element. */
import type { Kernels } from "../../../kernels/contract.ts";
import type { Floats } from "../../../kernels/shapes.ts";
import { channelShape, elementwiseShape } from "../../../kernels/shapes.ts";
import type { Case, Input } from "../case.ts";
import { awayFrom, dropoutMask, fixed, normal, uniform } from "../case.ts";

type Simple = "relu" | "relu6" | "sigmoid" | "silu" | "hardSwish" | "tanh" | "gelu" | "geluTanh";

function simple(name: Simple, what: string, x: Input, flags: { readonly kinks?: boolean; readonly large?: boolean }): Case {
  const s = elementwiseShape(x.size);
  const forward = `${name}Forward` as const;
  const backward = `${name}Backward` as const;
  return {
    name: `${name} ${what}`, kernels: [forward, backward], inputs: { x }, by: ["x"], ...flags,
    forward(k, { x }, make) {
      const y = make(s.size);
      k[forward](y, x, s);
      return { y, rest: {} };
    },
    backward(k, gradients, dy, { x }) {
      k[backward](gradients["x"], x, dy, s);
    },
  };
}

/** Activations with numbers beside x: leaky ReLU and hard sigmoid. */
function parametric(
  name: string, x: Input, flags: { readonly kinks?: boolean; readonly large?: boolean }, kernels: readonly [keyof Kernels, keyof Kernels],
  forward: (k: Kernels, y: Floats, x: Floats) => void, backward: (k: Kernels, dx: Floats, x: Floats, dy: Floats) => void,
): Case {
  return {
    name, kernels, inputs: { x }, by: ["x"], ...flags,
    forward(k, { x }, make) {
      const y = make(x.length);
      forward(k, y, x);
      return { y, rest: {} };
    },
    backward(k, gradients, dy, { x }) {
      backward(k, gradients["x"], x, dy);
    },
  };
}

function leakyRelu(slope: number, what: string, x: Input, flags: { readonly kinks?: boolean; readonly large?: boolean }): Case {
  const s = elementwiseShape(x.size);
  return parametric(
    `leakyRelu slope ${slope} ${what}`, x, flags, ["leakyReluForward", "leakyReluBackward"],
    (k, y, x) => k.leakyReluForward(y, x, slope, s), (k, dx, x, dy) => k.leakyReluBackward(dx, x, dy, slope, s),
  );
}

function hardSigmoid(
  slope: number, offset: number, what: string, x: Input, flags: { readonly kinks?: boolean; readonly large?: boolean },
): Case {
  const s = elementwiseShape(x.size);
  return parametric(
    `hardSigmoid slope ${slope} offset ${offset} ${what}`, x, flags, ["hardSigmoidForward", "hardSigmoidBackward"],
    (k, y, x) => k.hardSigmoidForward(y, x, slope, offset, s), (k, dx, x, dy) => k.hardSigmoidBackward(dx, x, dy, slope, offset, s),
  );
}

function prelu(
  batch: number, channels: number, pixels: number, what: string, x: Input,
  flags: { readonly kinks?: boolean; readonly large?: boolean } = {},
): Case {
  const s = channelShape(batch, channels, pixels);
  return {
    name: `prelu [${batch},${channels},${pixels}]${what}`, kernels: ["preluForward", "preluBackward"],
    inputs: { x, slope: uniform(channels, -0.5, 1.5) }, by: ["x", "slope"], ...flags,
    forward(k, { x, slope }, make) {
      const y = make(x.length);
      k.preluForward(y, x, slope, s);
      return { y, rest: {} };
    },
    backward(k, gradients, dy, { x, slope }) {
      k.preluBackward(gradients["x"], gradients["slope"], x, dy, slope, s);
    },
  };
}

function l2Normalise(batch: number, channels: number, x: Input = normal(batch * channels), large: boolean = false): Case {
  const s = channelShape(batch, channels, 1);
  return {
    name: `l2Normalise [${batch},${channels}]`, kernels: ["l2NormaliseForward", "l2NormaliseBackward"], inputs: { x }, by: ["x"], large,
    forward(k, { x }, make) {
      const y = make(x.length);
      k.l2NormaliseForward(y, x, s);
      return { y, rest: {} };
    },
    backward(k, gradients, dy, { x }) {
      k.l2NormaliseBackward(gradients["x"], x, dy, s);
    },
  };
}

function add(size: number, large: boolean = false): Case {
  const s = elementwiseShape(size);
  return {
    name: `add ${size}`, kernels: ["addForward", "addBackward"],
    inputs: { a: normal(size), b: normal(size) }, by: ["a", "b"], linear: [["a", "b"]], large,
    forward(k, { a, b }, make) {
      const y = make(size);
      k.addForward(y, a, b, s);
      return { y, rest: {} };
    },
    backward(k, gradients, dy) {
      k.addBackward(gradients["a"], dy, s);
      k.addBackward(gradients["b"], dy, s);
    },
  };
}

function dropout(size: number, probability: number, large: boolean = false): Case {
  const s = elementwiseShape(size);
  return {
    name: `dropout ${size} probability ${probability}`, kernels: ["dropoutForward", "dropoutBackward"],
    inputs: { x: normal(size), mask: dropoutMask(size, probability) }, by: ["x"], linear: [["x"]], large,
    forward(k, { x, mask }, make) {
      const y = make(size);
      k.dropoutForward(y, x, mask, s);
      return { y, rest: {} };
    },
    backward(k, gradients, dy, { mask }) {
      k.dropoutBackward(gradients["x"], dy, mask, s);
    },
  };
}

/** Where a fast kernel may go wrong: kinks, signed zeros, overflow of exp, NaN and infinity. */
const SPECIAL = fixed([
  0, -0, 1, -1, 3, -3, 6, -6, 2.5, -2.5, 5.9999, 6.0001, -2.9999, -3.0001, 1e-30, -1e-30, 20, -20, 88.5, -88.5, 104, -104, 800, -800, 1e30,
  -1e30,
  Infinity, -Infinity, NaN,
]);
const KINKS = [0, 3, -3, 6, 2.5, -2.5, -5, 1];
const SIMPLE: readonly Simple[] = ["relu", "relu6", "sigmoid", "silu", "hardSwish", "tanh", "gelu", "geluTanh"];

export const activationCases: readonly Case[] = [
  ...SIMPLE.flatMap((name) => [
    simple(name, "1", fixed([0.7]), {}),
    simple(name, "67", awayFrom(67, KINKS), {}),
    simple(name, "1031", awayFrom(1031, KINKS), { large: true }),
    simple(name, "of special values", SPECIAL, { kinks: true }),
  ]),
  leakyRelu(0.01, "37", awayFrom(37, KINKS), {}),
  leakyRelu(0.3, "5", awayFrom(5, KINKS), {}),
  leakyRelu(0.1, "1031", awayFrom(1031, KINKS), { large: true }),
  leakyRelu(0.1, "of special values", SPECIAL, { kinks: true }),
  hardSigmoid(1 / 6, 0.5, "67", awayFrom(67, KINKS), {}),
  hardSigmoid(0.2, 0.5, "37", awayFrom(37, KINKS), {}),
  hardSigmoid(0.5, 0.5, "37", awayFrom(37, KINKS), {}),
  hardSigmoid(1 / 6, 0.5, "1031", awayFrom(1031, KINKS), { large: true }),
  hardSigmoid(1 / 6, 0.5, "of special values", SPECIAL, { kinks: true }),
  hardSigmoid(0.2, 0.5, "of special values", SPECIAL, { kinks: true }),
  l2Normalise(1, 2, fixed([3, -4])),
  l2Normalise(3, 5),
  l2Normalise(7, 300, undefined, true),
  prelu(1, 1, 1, "", fixed([-0.7])),
  prelu(2, 3, 7, "", awayFrom(42, KINKS)),
  prelu(3, 2, 1, "", awayFrom(6, KINKS)),
  prelu(2, 13, 37, "", awayFrom(2 * 13 * 37, KINKS), { large: true }),
  prelu(2, 7, 2, " of special values", SPECIAL, { kinks: true }),
  add(1),
  add(37),
  add(1031, true),
  dropout(37, 0.5),
  dropout(1031, 0.2, true),
];

/** Activations, dropout and addition on numbers known by heart: ln 3 has the sigmoid 3/4, ln 2 the hyperbolic tangent 3/5. */
import { test } from "uvu";
import { elementwiseShape } from "../../../kernels/shapes.ts";
import { holds, literal } from "./literal.ts";

const LN2 = Math.LN2;
const LN3 = 1.0986122886681098;

type Simple = "relu" | "relu6" | "sigmoid" | "silu" | "hardSwish" | "tanh" | "gelu" | "geluTanh";

const SIMPLE: readonly (readonly [name: Simple, x: readonly number[], y: readonly number[], slope: readonly number[]])[] = [
  ["relu", [-1, 0, 2, NaN], [0, 0, 2, NaN], [0, 0, 1, 1]],
  ["relu6", [-1, 0, 3, 6, 7, Infinity, -Infinity], [0, 0, 3, 6, 6, 6, 0], [0, 0, 1, 0, 0, 0, 0]],
  ["sigmoid", [0, LN3, -LN3, Infinity, -Infinity, NaN], [0.5, 0.75, 0.25, 1, 0, NaN], [0.25, 0.1875, 0.1875, 0, 0, NaN]],
  ["silu", [0, LN3, -LN3], [0, 0.75 * LN3, -0.25 * LN3], [0.5, 0.75 + 0.1875 * LN3, 0.25 - 0.1875 * LN3]],
  ["hardSwish", [-4, -3, -1.5, 0, 1, 3, 4, NaN], [0, 0, -0.375, 0, 2 / 3, 3, 4, NaN], [0, 0, 0, 0.5, 5 / 6, 1, 1, NaN]],
  ["tanh", [0, LN2, -LN2, Infinity], [0, 0.6, -0.6, 1], [1, 0.64, 0.64, 0]],
  // mpmath, 20 digits.
  [
    "gelu", [0, 1, -2, 0.5], [0, 0.84134474606854294858, -0.045500263896358414399, 0.34573123063700655182],
    [0.5, 1.0833154705876863, -0.0852318010781969, 0.86749512465616284],
  ],
  ["geluTanh", [0, 1, -2], [0, 0.84119199060827670405, -0.045402305912224981233], [0.5, 1.08296408384578256, -0.08609925662361838]],
];

for (const [name, x, y, slope] of SIMPLE) {
  literal(name, (k, f, zeros) => {
    const s = elementwiseShape(x.length);
    const out = zeros(x.length);
    k[`${name}Forward`](out, f(...x), s);
    holds(out, ...y);
    const dx = f(...x.map(() => 100));
    k[`${name}Backward`](dx, f(...x), f(...x.map(() => 2)), s);
    holds(dx, ...slope.map((value) => 100 + 2 * value));
  });
}

literal("an infinite dy does not come through where the slope is 0", (k, f) => {
  for (const [name, x] of [["reluBackward", -1], ["relu6Backward", 7], ["hardSwishBackward", -4]] as const) {
    const dx = f(5);
    k[name](dx, f(x), f(Infinity), elementwiseShape(1));
    holds(dx, 5);
  }
});

literal("leakyRelu", (k, f, zeros) => {
  const s = elementwiseShape(4);
  const x = f(-4, 0, 4, NaN);
  const y = zeros(4);
  k.leakyReluForward(y, x, 0.25, s);
  holds(y, -1, 0, 4, NaN);
  const dx = zeros(4);
  k.leakyReluBackward(dx, x, f(8, 8, 8, 8), 0.25, s);
  holds(dx, 2, 2, 8, 2);
});

literal("hardSigmoid, PyTorch's and Keras's", (k, f, zeros) => {
  const s = elementwiseShape(7);
  const x = f(-4, -3, 0, 1.5, 3, 4, NaN);
  const y = zeros(7);
  k.hardSigmoidForward(y, x, 1 / 6, 0.5, s);
  holds(y, 0, 0, 0.5, 0.75, 1, 1, NaN);
  const dx = zeros(7);
  k.hardSigmoidBackward(dx, x, f(6, 6, 6, 12, 6, 6, 6), 1 / 6, 0.5, s);
  holds(dx, 0, 0, 1, 2, 0, 0, 0);

  const keras = elementwiseShape(4);
  const kx = f(-2.5, -1, 1, 2.5);
  const ky = zeros(4);
  k.hardSigmoidForward(ky, kx, 0.2, 0.5, keras);
  holds(ky, 0, 0.3, 0.7, 1);
  const kdx = zeros(4);
  k.hardSigmoidBackward(kdx, kx, f(1, 1, 1, 1), 0.2, 0.5, keras);
  holds(kdx, 0, 0.2, 0.2, 0);
});

literal("add and dropout", (k, f, zeros) => {
  const s = elementwiseShape(3);
  const y = zeros(3);
  k.addForward(y, f(1, 2, 3), f(10, 20, 30), s);
  holds(y, 11, 22, 33);
  const da = f(1, 1, 1);
  k.addBackward(da, f(5, 6, 7), s);
  holds(da, 6, 7, 8);

  const mask = f(0, 2, 2);
  k.dropoutForward(y, f(1, 2, 3), mask, s);
  holds(y, 0, 4, 6);
  const dx = f(1, 1, 1);
  k.dropoutBackward(dx, f(5, 6, 7), mask, s);
  holds(dx, 1, 13, 15);
});

test.run();

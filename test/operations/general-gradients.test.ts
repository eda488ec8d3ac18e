/** The gradients of operations on tensors of any rank, and of products, beside finite differences in double precision. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as reference from "../../kernels/reference/index.ts";
import { conv2dScratch } from "../../kernels/scratch.ts";
import type { Constant, Kind, Operation, Value } from "../../src/graph/graph.ts";
import { computations, declarations } from "../../src/operations/index.ts";
import type { Computation, Declaration } from "../../src/operations/record.ts";
import { passOf } from "../../src/session/training/rules/index.ts";
import type { GradientArrays } from "../../src/session/training/plain/pass.ts";
import { Tensor, sizeOf } from "../../src/tensor.ts";
import type { Shape } from "../../src/tensor.ts";
import { mulberry32 } from "../fixtures/recipe.ts";

type F = Float32Array;
const kernels = { ...reference, conv2dScratch } as unknown as GradientArrays["kernels"];
const asFloats = (numbers: Float64Array): F => numbers as unknown as F;
const weight: Constant = { name: "weight", read: () => Tensor.zeros([1, 1, 3]) };

/** Numbers of so many, between -2 and 2, and far from kinks; or above 0. */
function drawn(size: number, positive: boolean, seed: number): Float64Array {
  const uniform = mulberry32(seed);
  return Float64Array.from({ length: size }, () => {
    const x = uniform() * 3.9 - 1.95;
    return positive ? 0.3 + Math.abs(x) : x + 0.0371;
  });
}

interface Case {
  readonly operation: Operation;
  readonly inputs: readonly Shape[];
  readonly positive?: boolean;
}

const x = [2, 3, 4, 5];
const of = (operation: Operation, ...inputs: readonly Shape[]): Case => ({ operation, inputs: inputs.length === 0 ? [x] : inputs });
const positive = (each: Case): Case => ({ ...each, positive: true });
const taps = {
  starts: Int32Array.of(0, 2, 3, 3, 6), places: Int32Array.of(1, 0, 3, 2, 3, 1), weights: Float64Array.of(0.25, 0.75, 1, -0.5, 2, 1),
};

const windows = { kernel: [2, 2], stride: [1, 2], padding: [1, 0, 1, 0], dilation: [2, 1], ceilMode: false } as const;

const cases: readonly Case[] = [
  ...(["abs", "ceil", "erf", "exp", "floor", "mish", "negative", "not", "round", "sign", "softplus", "truncate"] as const)
    .map((by) => of({ kind: "unary", by })),
  ...(["log", "reciprocal", "sqrt"] as const).map((by) => positive(of({ kind: "unary", by }))),
  ...(["add", "subtract", "multiply", "minimum", "maximum", "less", "greater", "equal", "and", "or", "xor"] as const)
    .flatMap((by) => [of({ kind: "binary", by }, x, x), of({ kind: "binary", by }, [3, 1, 5], [2, 1, 4, 1])]),
  ...(["divide", "power", "modulo", "remainder"] as const)
    .flatMap((by) => [positive(of({ kind: "binary", by }, x, x)), positive(of({ kind: "binary", by }, [4, 1], x))]),
  of({ kind: "elu", alpha: 0.7 }),
  of({ kind: "clip", least: -0.5, most: 1.25 }),
  of({ kind: "select" }, [3, 1, 1], x, [5]),
  of({ kind: "reshape", shape: [6, 20] }),
  of({ kind: "transpose", order: [2, 0, 3, 1] }),
  of({ kind: "slice", starts: [0, 2, 1, 4], steps: [1, -1, 2, -2], shape: [2, 2, 2, 3] }),
  of({ kind: "gather", axis: 1, rows: [2, 0, 2, 2] }),
  of({ kind: "expand", shape: [2, 4, 3, 5] }, [4, 1, 5]),
  ...(["constant", "reflect", "edge", "wrap"] as const).flatMap((mode): Case[] => [
    of({ kind: "pad", before: [0, 0, 2, 1], after: [0, 0, 1, 3], mode, value: 0.5 }),
    of({ kind: "pad", before: [1, 2, 0], after: [0, 1, 1], mode, value: 0.5 }, [3, 4, 2]),
  ]),
  of({ kind: "join", axis: 1 }, [2, 3, 4], [2, 1, 4], [2, 2, 4]),
  ...(["sum", "mean", "max", "min", "product"] as const)
    .flatMap((by): Case[] => [of({ kind: "reduce", by, axis: 1, end: 3 }), of({ kind: "reduce", by, axis: 3, end: 4 })]),
  of({ kind: "arg_max", axis: 2 }),
  ...[false, true].flatMap((logarithm) => [1, 3].map((axis) => of({ kind: "softmax", axis, logarithm }))),
  of({ kind: "resample", axis: 2, taps }),
  of({ kind: "matrix_product" }, [2, 1, 3, 4], [3, 4, 5]),
  of({ kind: "multiply" }, x, x),
  of({ kind: "pixel_scale" }, x, [2, 1, 4, 5]),
  of({ kind: "channel_pool", by: "mean" }),
  of({ kind: "channel_pool", by: "max" }),
  of({ kind: "channel_conv", weight }, [2, 6, 1, 1]),
  of({ kind: "max_pool", ...windows }),
  of({ kind: "average_pool", ...windows, countPadding: true }),
];

for (const [n, { operation, inputs: shapes, positive: above = false }] of cases.entries()) {
  const { shape: shapeOf } = declarations[operation.kind] as Declaration<Kind>;
  const inputs = shapes.map((shape, i): Value => ({ name: `x${i}`, shape }));
  const output: Value = { name: "y", shape: shapeOf(operation, shapes) };
  const detail = "by" in operation ? ` ${operation.by}` : "mode" in operation ? ` ${operation.mode}` : "";
  test(`${operation.kind}${detail} of ${shapes.map((shape) => `[${shape}]`).join(" and ")}`, () => {
    const given = shapes.map((shape, i) => drawn(sizeOf(shape), above, 100 * n + i));
    const constants = drawn(3, false, 7);
    const dy = drawn(sizeOf(output.shape), false, 100 * n + 50);
    const node = { operation, inputs, output };
    const pass = passOf(node)(node);
    const scratch = (size: number): Float64Array => new Float64Array(size);
    const base = { kernels, constant: () => asFloats(constants), scratch };
    const forward = (): Float64Array => {
      const y = new Float64Array(sizeOf(output.shape));
      const arrays = { ...base, x: given.map(asFloats), y: asFloats(y), mask: () => asFloats(y) };
      if (pass.forward !== undefined) pass.forward(arrays);
      else {
        const array = (value: { readonly name: string }): F => (value.name === "y" ? arrays.y : arrays.x[Number(value.name.slice(1))]);
        (computations[operation.kind as "unary"] as Computation<Kind>).routine(node, { ...base, array } as never)();
      }
      return y;
    };
    const y = forward();
    const dx = given.map((values) => new Float64Array(values.length).fill(0.25));
    const dconstants = new Float64Array(3);
    pass.backward({
      ...base, x: given.map(asFloats), y: asFloats(y), dy: asFloats(dy), dx: dx.map(asFloats), mask: () => asFloats(y),
      gradient: () => asFloats(dconstants),
    });
    const loss = (): number => forward().reduce((sum, value, i) => sum + value * dy[i], 0);
    const checks = [
      ...given.map((values, i) => ({ values, gradient: dx[i], begun: 0.25 })), { values: constants, gradient: dconstants, begun: 0 },
    ];
    for (const { values, gradient, begun } of checks) {
      for (let i = 0; i < values.length; i++) {
        const [at, step] = [values[i], 1e-6];
        values[i] = at + step;
        const more = loss();
        values[i] = at - step;
        const slope = (more - loss()) / (2 * step);
        values[i] = at;
        const found = gradient[i] - begun;
        assert.ok(Math.abs(found - slope) <= 1e-5 * Math.max(1, Math.abs(slope)), `${found}, wanted ${slope} at ${at}`);
      }
    }
  });
}

test("of equal numbers each is the largest, or smallest, in part", () => {
  const run = (operation: Operation, given: readonly number[][], y: number[]): number[][] => {
    const inputs = given.map((values, i): Value => ({ name: `x${i}`, shape: [values.length] }));
    const dx = given.map((values) => new Float32Array(values.length));
    const node = { operation, inputs, output: { name: "y", shape: [y.length] } };
    passOf(node)(node).backward({
      kernels, x: given.map((values) => Float32Array.from(values)), y: Float32Array.from(y),
      dy: new Float32Array(y.length).fill(6), dx, mask: () => new Float32Array(0), constant: () => new Float32Array(0),
      gradient: () => undefined, scratch: (size) => new Float64Array(size),
    });
    return dx.map((values) => [...values]);
  };
  assert.equal(run({ kind: "binary", by: "maximum" }, [[1, 2], [1, 1]], [1, 2]), [[3, 6], [3, 0]]);
  assert.equal(run({ kind: "reduce", by: "max", axis: 0, end: 1 }, [[2, 1, 2]], [2]), [[3, 0, 3]]);
  assert.equal(run({ kind: "reduce", by: "product", axis: 0, end: 1 }, [[0, 2, 3]], [0]), [[36, 0, 0]]);
});

test.run();

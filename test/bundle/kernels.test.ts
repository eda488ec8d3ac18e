/** Kernels of the plain target beside kernels/plain, by their bits: every activation, pools, joins, moves, awkward convolutions. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bundle } from "../../src/bundle/bundle.ts";
import type { Activation, Constant, Graph, Node, Operation, Value } from "../../src/graph/graph.ts";
import { generalOperations } from "../../src/session/general.ts";
import { compileSync } from "../../src/session/session.ts";
import { Tensor } from "../../src/tensor.ts";
import type { Shape } from "../../src/tensor.ts";
import { bits } from "../support/compare.ts";
import { draw } from "../support/random.ts";
import { load } from "./file.ts";

let made = 0;

function constant(shape: Shape): Constant {
  const tensor = draw(shape, ++made);
  return { name: `c${made}`, read: () => tensor };
}

/** One operation on inputs of these shapes. @param spread of the numbers that go in */
function same(operation: Operation, shape: Shape, inputs: readonly Shape[], spread: number = 1): void {
  const values = inputs.map((each, i): Value => ({ name: `x${i}`, shape: each }));
  const output = { name: "y", shape };
  const node: Node = { operation, inputs: values, output };
  const graph: Graph = { inputs: values, nodes: [node], outputs: [output], operations: generalOperations };
  const given = inputs.map((each, i) => {
    const { data } = draw(each, i + 5);
    return new Tensor(data.map((number) => number * spread), each);
  });
  const session = compileSync(graph, { kernels: "plain", input: Object.fromEntries(values.map(({ name }, i) => [name, inputs[i]])) });
  const wanted = session.run(Object.fromEntries(values.map(({ name }, i) => [name, given[i]]))).y;
  const file = load(bundle(graph, { target: "plain", syntax: "script" }));
  const y = file.predict(...given.map(({ data }) => data));
  assert.equal(bits(new Tensor(y, shape)), bits(wanted), JSON.stringify(operation).slice(0, 120));
}

test("activations", () => {
  const names: readonly Activation["activation"][] = [
    "relu", "relu6", "sigmoid", "silu", "hard_swish", "tanh", "gelu", "gelu_tanh", "leaky_relu", "hard_sigmoid",
  ];
  for (const name of names) {
    for (const spread of [1, 8, 60, 1000]) {
      same({ kind: "activation", activation: name, slope: 0.2, offset: 0.5 }, [2, 3, 8, 8], [[2, 3, 8, 8]], spread);
    }
  }
  same({ kind: "prelu", slope: constant([3]) }, [2, 3, 4, 5], [[2, 3, 4, 5]]);
  same({ kind: "elu", alpha: 0.75 }, [2, 30], [[2, 30]], 5);
  same({ kind: "clip", least: -0.5, most: 1.25 }, [2, 30], [[2, 30]], 5);
  for (const by of ["abs", "ceil", "floor", "negative", "reciprocal", "sqrt", "exp", "erf", "not"] as const) {
    same({ kind: "unary", by }, [3, 40], [[3, 40]], 3);
  }
});

test("convolutions", () => {
  for (
    const [kernel, stride, padding, dilation, groups, ins, outs, size] of [
      [[3, 3], [1, 1], [1, 1, 1, 1], [1, 1], 1, 5, 7, [9, 11]], [[3, 3], [2, 2], [0, 0, 1, 1], [1, 1], 1, 4, 6, [8, 9]],
      [[5, 5], [1, 1], [2, 2, 2, 2], [1, 1], 1, 3, 5, [7, 10]], [[1, 1], [1, 1], [0, 0, 0, 0], [1, 1], 1, 13, 9, [5, 3]],
      [[1, 1], [2, 2], [0, 0, 0, 0], [1, 1], 1, 9, 4, [6, 5]], [[3, 3], [1, 1], [1, 1, 1, 1], [1, 1], 6, 6, 6, [7, 8]],
      [[3, 3], [1, 1], [2, 2, 2, 2], [2, 2], 2, 6, 8, [9, 9]], [[7, 7], [2, 2], [3, 3, 3, 3], [1, 1], 1, 3, 4, [15, 14]],
      [[1, 3], [1, 2], [0, 1, 0, 1], [1, 1], 1, 4, 4, [5, 9]], [[9, 9], [1, 1], [4, 4, 4, 4], [1, 1], 3, 3, 6, [10, 9]],
      [[2, 2], [1, 1], [0, 0, 0, 0], [1, 3], 1, 3, 3, [6, 8]], [[5, 5], [2, 2], [2, 1, 1, 2], [1, 1], 4, 4, 8, [9, 12]],
    ] as const
  ) {
    const out = [0, 1].map((i) => Math.floor((size[i] + padding[i] + padding[i + 2] - (kernel[i] - 1) * dilation[i] - 1) / stride[i]) + 1);
    for (const bias of [constant([outs]), undefined]) {
      same(
        { kind: "conv2d", kernel, stride, padding, dilation, groups, weight: constant([outs, ins / groups, ...kernel]), bias },
        [2, outs, ...out], [[2, ins, ...size]],
      );
    }
  }
  same({ kind: "linear", weight: constant([7, 13]), bias: constant([7]) }, [3, 7], [[3, 13]]);
  same({ kind: "channel_conv", weight: constant([1, 1, 5]) }, [2, 9, 1, 1], [[2, 9, 1, 1]]);
});

test("normalisation, gates, sums", () => {
  const shape = [2, 5, 4, 3];
  const positive = constant([5]);
  same({
    kind: "batch_norm", epsilon: 1e-5, gamma: constant([5]), beta: constant([5]), mean: constant([5]),
    variance: { name: "v", read: () => new Tensor(positive.read().data.map(Math.abs), [5]) },
  }, shape, [shape]);
  same({ kind: "l2_normalise" }, [3, 8], [[3, 8]]);
  same({ kind: "add", activation: { activation: "relu", slope: 0, offset: 0 } }, shape, [shape, shape]);
  same({ kind: "partial_add" }, shape, [shape, [2, 3, 4, 3]]);
  same({ kind: "scale" }, shape, [shape, [2, 5, 1, 1]]);
  same({ kind: "pixel_scale" }, shape, [shape, [2, 1, 4, 3]]);
  same({ kind: "multiply" }, shape, [shape, shape]);
  for (const by of ["add", "subtract", "multiply", "divide", "minimum", "maximum"] as const) {
    same({ kind: "binary", by }, shape, [shape, [5, 1, 3]]);
  }
  same({ kind: "softmax", axis: 1, logarithm: false }, shape, [shape], 20);
  same({ kind: "reduce", by: "mean", axis: 2, end: 4 }, [2, 5, 1, 1], [shape]);
});

test("pools and sizes", () => {
  const shape = [2, 3, 9, 10];
  for (const by of ["mean", "max"] as const) {
    same({ kind: "global_pool", by }, [2, 3, 1, 1], [shape]);
    same({ kind: "channel_pool", by }, [2, 1, 9, 10], [shape]);
  }
  same({ kind: "adaptive_average_pool", size: [4, 7] }, [2, 3, 4, 7], [shape]);
  const window = { kernel: [3, 2], stride: [2, 2], padding: [1, 0, 1, 1], ceilMode: false } as const;
  same({ kind: "max_pool", ...window }, [2, 3, 5, 5], [shape]);
  for (const countPadding of [false, true]) same({ kind: "average_pool", ...window, countPadding }, [2, 3, 5, 5], [shape]);
  for (const method of ["nearest", "bilinear"] as const) {
    for (const alignCorners of [false, true]) same({ kind: "resize", method, size: [5, 13], alignCorners }, [2, 3, 5, 13], [shape]);
  }
});

test("moves", () => {
  const shape = [2, 6, 4, 3];
  same({ kind: "concat" }, [2, 11, 4, 3], [shape, [2, 5, 4, 3]]);
  same({ kind: "join", axis: 3 }, [2, 6, 4, 5], [shape, [2, 6, 4, 2]]);
  same({ kind: "flatten" }, [2, 72], [shape]);
  same({ kind: "reshape", shape: [6, 24] }, [6, 24], [shape]);
  same({ kind: "channel_shuffle", groups: 3 }, shape, [shape]);
  same({ kind: "transpose", order: [0, 2, 3, 1] }, [2, 4, 3, 6], [shape]);
  same({ kind: "slice", starts: [0, 4, 1, 2], steps: [1, -2, 1, -1], shape: [2, 2, 3, 3] }, [2, 2, 3, 3], [shape]);
  same({ kind: "gather", axis: 1, rows: [5, 0, 0] }, [2, 3, 4, 3], [shape]);
  same({ kind: "expand", shape: [2, 6, 4, 3] }, shape, [[6, 1, 3]]);
  same({ kind: "pad", before: [0, 0, 1, 2], after: [0, 0, 0, 1], mode: "constant", value: -1.5 }, [2, 6, 5, 6], [shape]);
  same({ kind: "pad", before: [0, 0, 1, 2], after: [0, 0, 2, 1], mode: "reflect", value: 0 }, [2, 6, 7, 6], [shape]);
});

test.run();

/**
 * Operations on tensors of any rank in sessions: WebAssembly beside the plain kernels, with halos on either side; which of them are left
 * plain.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Constant, Graph, Node, Operation, Value } from "../../../src/graph/graph.ts";
import { fixedNetwork } from "../../../src/graph/network.ts";
import { declarations } from "../../../src/operations/index.ts";
import type { Declaration } from "../../../src/operations/record.ts";
import { generalOperations } from "../../../src/session/general.ts";
import { compileSync } from "../../../src/session/session.ts";
import type { Shape } from "../../../src/tensor.ts";
import { agree } from "../../support/compare.ts";
import { draw } from "../../support/random.ts";

function constant(name: string, shape: Shape): Constant {
  const tensor = draw(shape, name.length);
  return { name, read: () => tensor };
}

/** A convolution that wants a halo around its input. */
function wanting(x: Value): Node {
  const [batch, channels, height, width] = x.shape;
  return {
    operation: {
      kind: "conv2d", kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1,
      weight: constant(`weight of ${x.name}`, [2, channels, 3, 3]), bias: undefined,
    },
    inputs: [x], output: { name: `convolution of ${x.name}`, shape: [batch, 2, height, width] },
  };
}

/** The operation alone, on constants where that is said, and with convolutions that read its first input and its output. */
function graphs(operation: Operation, shapes: readonly Shape[], constants: readonly number[] = []): Graph[] {
  const { shape } = declarations[operation.kind] as Declaration<Operation["kind"]>;
  const made = shapes.map((each, i): Value => ({ name: `x${i}`, shape: each }));
  const nodes = constants.map(
    (i): Node => ({ operation: { kind: "constant", value: constant(`constant ${i}`, shapes[i]) }, inputs: [], output: made[i] }),
  );
  const node: Node = { operation, inputs: made, output: { name: "y", shape: shape(operation as never, shapes) } };
  const inputs = made.filter((_, i) => !constants.includes(i));
  const alone: Graph = { inputs, nodes: [...nodes, node], outputs: [node.output], operations: generalOperations };
  const around = [...inputs.slice(0, 1), node.output].filter((value) => value.shape.length === 4).map(wanting);
  return [alone, { ...alone, nodes: [...alone.nodes, ...around], outputs: [node.output, ...around.map(({ output }) => output)] }];
}

interface Options {
  /** Which inputs are constants. */
  readonly constants?: readonly number[];
  /** Is it left to the plain kernels? */
  readonly plain?: boolean;
  /** Are values made positive first? */
  readonly positive?: boolean;
}

function check(
  what: string, operation: Operation, shapes: readonly Shape[], { constants, plain = false, positive = false }: Options = {},
): void {
  test(`${operation.kind}: ${what}`, () => {
    for (const graph of graphs(operation, shapes, constants)) {
      const xs = Object.fromEntries(graph.inputs.map((input, i) => {
        const x = draw(input.shape, i + 1);
        if (positive) x.data.forEach((value, at) => (x.data[at] = 0.25 + Math.abs(value)));
        return [input.name, x];
      }));
      const network = fixedNetwork(graph);
      const [expected, actual] = (["plain", "wasm"] as const).map((kernels) => {
        const session = compileSync(network, { kernels });
        const outputs = session.run(xs);
        return { outputs, plan: session.plan };
      });
      for (const [name, wanted] of Object.entries(expected.outputs)) {
        agree(actual.outputs[name], wanted, 1e-5, `${name}\n${actual.plan}`);
      }
      const left = actual.plan.split("\n").filter((line) => line.includes("plain, between"));
      assert.is(left.length > 0, plain, actual.plan);
    }
  });
}

const image: Shape = [3, 7, 6, 5];

for (const by of ["abs", "erf", "exp", "mish", "negative", "reciprocal", "softplus", "sqrt", "log"] as const) {
  check(by, { kind: "unary", by }, [image], { positive: by === "log" || by === "sqrt" || by === "reciprocal" });
}
for (const by of ["ceil", "floor", "not", "round", "sign", "truncate"] as const) check(by, { kind: "unary", by }, [image], { plain: true });
check("a row", { kind: "unary", by: "exp" }, [[3, 7]]);
check("five dimensions", { kind: "unary", by: "exp" }, [[2, 3, 2, 4, 3]]);
check("a vector", { kind: "unary", by: "abs" }, [[6]]);
check("an image", { kind: "elu", alpha: 0.7 }, [image]);
check("an image", { kind: "clip", least: -0.25, most: 0.5 }, [image]);
check("from below only", { kind: "clip", least: 0.1, most: Infinity }, [[3, 7]]);

for (const by of ["add", "subtract", "multiply", "divide", "minimum", "maximum"] as const) {
  check(by, { kind: "binary", by }, [image, [3, 7, 6, 5]], { positive: by === "divide" });
}
check("comparisons are left plain", { kind: "binary", by: "less" }, [image, image], { plain: true });
for (const [what, other] of [
  ["a number a channel", [3, 7, 1, 1]], ["for all images", [1, 7, 1, 1]], ["a number a pixel", [3, 1, 6, 5]],
  ["a number a row", [3, 1, 6, 1]],
  ["a number a column", [3, 7, 1, 5]], ["one an image", [3, 1, 1, 1]], ["one", [1, 1, 1, 1]], ["one, of no dimension", []],
  ["one, of one", [1]],
] as const) {
  check(`${what}, on the right`, { kind: "binary", by: "subtract" }, [image, other]);
  check(`${what}, on the left`, { kind: "binary", by: "divide" }, [other, image], { positive: true });
  check(`${what}, constant`, { kind: "binary", by: "multiply" }, [image, other], { constants: [1] });
}
check("rows and columns", { kind: "binary", by: "multiply" }, [[3, 7, 6, 1], [3, 7, 1, 5]]);
check("features", { kind: "binary", by: "add" }, [[3, 7], [1, 7]], { constants: [1] });
check("fewer dimensions", { kind: "binary", by: "add" }, [image, [6, 1]], { plain: true });
check("sequences", { kind: "binary", by: "add" }, [[3, 7, 6], [1, 7, 1]], { constants: [1] });
check("two images", { kind: "multiply" }, [image, image]);
check("a gate of pixels", { kind: "pixel_scale" }, [image, [3, 1, 6, 5]]);

check("an image", { kind: "constant", value: constant("image", [1, 7, 6, 5]) }, []);
check("a sequence of many", { kind: "constant", value: constant("sequence", [3, 7, 6]) }, []);
check("images to rows", { kind: "reshape", shape: [3, 210] }, [image]);
check("rows to images", { kind: "reshape", shape: [3, 5, 2, 3] }, [[3, 30]]);
check("rows to rows", { kind: "reshape", shape: [3, 30, 1, 1] }, [[3, 30]]);
check("other rows", { kind: "reshape", shape: [6, 15] }, [[3, 30]]);
check("one image to many rows", { kind: "reshape", shape: [7, 30] }, [[1, 7, 6, 5]]);
check("many images to other rows", { kind: "reshape", shape: [9, 70] }, [image]);
check("rows to other images", { kind: "reshape", shape: [6, 5, 3, 1] }, [[3, 30]]);
check("pixels as a sequence", { kind: "reshape", shape: [3, 7, 30] }, [image]);
check("a sequence as pixels", { kind: "reshape", shape: [3, 7, 6, 5] }, [[3, 7, 30]]);
check("to a vector", { kind: "reshape", shape: [90] }, [[3, 30]]);
check("other images", { kind: "reshape", shape: [3, 14, 3, 5] }, [image], { plain: true });

for (const order of [[0, 1, 2, 3], [0, 2, 3, 1], [0, 3, 1, 2], [0, 1, 3, 2], [0, 2, 1, 3], [0, 3, 2, 1]]) {
  check(order.join(), { kind: "transpose", order }, [image]);
}
check("a sequence", { kind: "transpose", order: [0, 2, 1] }, [[3, 7, 6]]);
check("images", { kind: "transpose", order: [1, 0, 2, 3] }, [image], { plain: true });
check("channels", { kind: "slice", starts: [0, 2, 0, 0], steps: [1, 1, 1, 1], shape: [3, 4, 6, 5] }, [image]);
check("every other, backwards", { kind: "slice", starts: [0, 6, 5, 0], steps: [1, -2, -1, 2], shape: [3, 4, 6, 3] }, [image]);
check("one channel", { kind: "slice", starts: [0, 3, 0, 0], steps: [1, 1, 1, 1], shape: [3, 1, 6, 5] }, [image]);
check("features", { kind: "slice", starts: [0, 2], steps: [1, 3], shape: [3, 2] }, [[3, 7]]);
check("a sequence", { kind: "slice", starts: [0, 1, 2], steps: [1, 2, 1], shape: [3, 3, 3] }, [[3, 7, 6]]);
check("images", { kind: "slice", starts: [1, 0, 0, 0], steps: [1, 1, 1, 1], shape: [2, 7, 6, 5] }, [image], { plain: true });
check("channels", { kind: "expand", shape: image }, [[3, 7, 1, 1]]);
check("pixels", { kind: "expand", shape: image }, [[3, 1, 6, 5]]);
check("rows, for all images", { kind: "expand", shape: image }, [[1, 7, 1, 5]]);
check("rows", { kind: "gather", axis: 2, rows: [5, 0, 0, 3] }, [image]);
check("columns", { kind: "gather", axis: 3, rows: [1, 1, 4] }, [image]);
check("of a sequence", { kind: "gather", axis: 2, rows: [5, 0, 0, 3] }, [[3, 7, 6]]);
check("channels", { kind: "gather", axis: 1, rows: [6, 1] }, [image], { plain: true });
check("channels", { kind: "join", axis: 1 }, [image, [3, 2, 6, 5], image]);
check("features", { kind: "join", axis: 1 }, [[3, 7], [3, 2]]);
check("rows", { kind: "join", axis: 2 }, [image, image], { plain: true });
check("to any size", { kind: "resize", method: "nearest", size: [9, 4], alignCorners: false }, [image]);

for (const logarithm of [false, true]) {
  check(`features, logarithm ${logarithm}`, { kind: "softmax", axis: 1, logarithm }, [[3, 10]]);
  check(`pixels, logarithm ${logarithm}`, { kind: "softmax", axis: 1, logarithm }, [image]);
}
check("columns", { kind: "softmax", axis: 3, logarithm: false }, [image], { plain: true });
for (const by of ["mean", "max"] as const) {
  check(`${by} of an image`, { kind: "reduce", by, axis: 2, end: 4 }, [image]);
  check(`${by} of a sequence`, { kind: "reduce", by, axis: 2, end: 3 }, [[3, 7, 6]]);
  check(`${by} of channels`, { kind: "reduce", by, axis: 1, end: 2 }, [image]);
  check(`${by} of channels and pixels`, { kind: "reduce", by, axis: 1, end: 4 }, [image], { plain: true });
  check(by, { kind: "channel_pool", by }, [image]);
}
check("the largest channel", { kind: "arg_max", axis: 1 }, [image], { plain: true });
check("along the channels", { kind: "channel_conv", weight: constant("along", [1, 1, 3]) }, [[3, 7, 1, 1]]);
const taps = {
  starts: Int32Array.of(0, 2, 3, 3, 6), places: Int32Array.of(1, 0, 4, 2, 3, 4), weights: Float64Array.of(0.25, 0.75, 1, -0.5, 2, 1),
};
check("rows", { kind: "resample", axis: 2, taps }, [image]);
check("columns", { kind: "resample", axis: 3, taps }, [image]);
check("a sequence", { kind: "resample", axis: 2, taps }, [[3, 7, 6]]);
check("channels", { kind: "resample", axis: 1, taps }, [image], { plain: true });

const transposed = (groups: number, bias: boolean, rest: Partial<Extract<Operation, { kind: "conv_transpose2d" }>> = {}): Operation => {
  const { kernel = [3, 3] } = rest;
  return {
    kind: "conv_transpose2d", kernel, stride: [2, 2], padding: [1, 1, 1, 1], dilation: [1, 1], outputPadding: [1, 1], groups,
    weight: constant("weight", [8, groups === 1 ? 19 : groups === 8 ? 1 : 3, ...kernel]),
    bias: bias ? constant("bias", [groups === 1 ? 19 : groups === 8 ? 8 : 3 * groups]) : undefined, ...rest,
  };
};
for (const groups of [1, 2, 8]) {
  for (const bias of [false, true]) {
    check(`${groups} groups, bias ${bias}`, transposed(groups, bias), [[3, 8, 5, 4]]);
    check(
      `${groups} groups, bias ${bias}, one pixel`,
      transposed(groups, bias, { kernel: [2, 2], padding: [0, 0, 0, 0], outputPadding: [0, 0] }), [[3, 8, 1, 1]],
    );
    check(
      `${groups} groups, bias ${bias}, other sides`, transposed(groups, bias, { padding: [0, 2, 1, 0], dilation: [2, 1], stride: [1, 3] }),
      [[2, 8, 5, 4]],
    );
  }
  check(
    `${groups} groups, pixels without taps`, transposed(groups, false, { kernel: [1, 2], stride: [2, 3], padding: [0, 0, 0, 0] }),
    [[2, 8, 3, 4]],
  );
  check(
    `${groups} groups, pixels of the bias alone`, transposed(groups, true, { kernel: [1, 2], stride: [2, 3], padding: [0, 0, 0, 0] }),
    [[2, 8, 3, 4]], { plain: true },
  );
}

test.run();

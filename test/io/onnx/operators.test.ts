/** Operators where files, versions and runtimes differ, on numbers that can be checked by hand. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { importOnnx } from "../../../src/io/onnx/import.ts";
import { compileSync } from "../../../src/session/session.ts";
import { Tensor, sizeOf } from "../../../src/tensor.ts";
import { modelBytes, tensor } from "./model-bytes.ts";
import type { Model } from "./model-bytes.ts";

/** The answers of a model of one output on 1, 2, 3, ... of this shape. */
function answer(model: Model, shape: readonly number[] = [1, 1, 2, 4]): { readonly shape: readonly number[]; readonly data: number[] } {
  const network = importOnnx(modelBytes({ ...model, inputs: { x: [...shape] } }));
  const x = Tensor.of(Array.from({ length: sizeOf(shape) }, (_, i) => i + 1), shape);
  const y = compileSync(network, { input: { x: shape }, kernels: "plain" }).run({ x })[network.outputs[0]];
  return { shape: y.shape, data: [...y.data] };
}

function near(found: readonly number[], wanted: readonly number[]): void {
  assert.is(found.length, wanted.length);
  wanted.forEach((value, i) => assert.ok(Math.abs(value - found[i]) < 1e-5, `${found} instead of ${wanted}`));
}

test("aligned corners and scales that make no whole size: PyTorch's files mean whole sizes, others ONNX's reference", () => {
  const model = {
    nodes: [
      {
        type: "Resize", inputs: ["x", "", "s"], outputs: ["y"],
        attributes: { mode: "linear", coordinate_transformation_mode: "align_corners" },
      },
    ],
    weights: [tensor("s", [4], [1, 1, 0.6, 0.6])],
  };
  // torch.nn.functional.interpolate(x, scale_factor=0.6, mode="bilinear", align_corners=True) of torch 2.13.0, and onnxruntime 1.32.0
  near(answer({ ...model, producer: "pytorch" }).data, [1, 4]);
  // ReferenceEvaluator of onnx 1.23.2
  near(answer(model).data, [1, 3.142857]);
});

test("the largest of a window says where it lies, row by row or column by column, and windows may end before the image does", () => {
  const pool = (attributes: Record<string, number | readonly number[]>, outputs: readonly string[]): Model => (
    { nodes: [{ type: "MaxPool", inputs: ["x"], outputs: ["y", "z"], attributes: { kernel_shape: [2, 2], ...attributes } }], outputs }
  );
  near(answer(pool({}, ["y"])).data, [6, 7, 8]);
  near(answer(pool({}, ["z"])).data, [5, 6, 7]);
  near(answer(pool({ storage_order: 1 }, ["z"])).data, [3, 5, 7]);
  // Of equal numbers the first, and places go on from image to image.
  near(answer({ ...pool({}, ["z"]), nodes: [
    { type: "Mul", inputs: ["x", "x0"], outputs: ["zero"] }, { ...pool({}, ["z"]).nodes[0], inputs: ["zero"] },
  ], weights: [tensor("x0", [1], [0])] }, [2, 1, 2, 3]).data, [0, 1, 6, 7]);
  near(answer(pool({ kernel_shape: [1, 1], strides: [3, 3], ceil_mode: 1 }, ["z"]), [1, 1, 2, 5]).data, [0, 3]);
});

test("a transposed convolution of a volume", () => {
  const nodes = [{ type: "ConvTranspose", inputs: ["x", "w", "b"], outputs: ["y"], attributes: { strides: [2, 1, 1] } }];
  const weights = [tensor("w", [1, 1, 3, 1, 1], [1, 2, 3]), tensor("b", [1], [10])];
  assert.equal(answer({ nodes, weights }, [1, 1, 2, 1, 1]), { shape: [1, 1, 5, 1, 1], data: [11, 12, 15, 14, 16] });
});

test("softmax goes over the last axis from opset 13 on, over all axes from the first one on before", () => {
  const nodes = [{ type: "Softmax", inputs: ["x"], outputs: ["y"] }];
  near(answer({ nodes, opset: 13 }, [1, 2, 2]).data, [0.268941, 0.731059, 0.268941, 0.731059]);
  near(answer({ nodes, opset: 11 }, [1, 2, 2]).data, [0.032059, 0.087144, 0.236883, 0.643914]);
});

test("group normalisation has a scale for each group until opset 20, then for each channel", () => {
  const nodes = [
    { type: "GroupNormalization", inputs: ["x", "s", "b"], outputs: ["y"], attributes: { num_groups: 2, epsilon: { float: 0 } } },
  ];
  const groups = { nodes, weights: [tensor("s", [2], [1, 2]), tensor("b", [2], [0, 1])], opset: 18 };
  near(answer(groups, [1, 4, 1, 1]).data, [-1, 1, -1, 3]);
  const channels = { nodes, weights: [tensor("s", [4], [1, 2, 3, 4]), tensor("b", [4], [0, 0, 0, 1])], opset: 21 };
  near(answer(channels, [1, 4, 1, 1]).data, [-1, 2, -3, 5]);
});

test("a reshape copies sizes by 0, unless 0 is allowed", () => {
  const nodes = [{ type: "Reshape", inputs: ["x", "s"], outputs: ["y"] }];
  assert.equal(answer({ nodes, weights: [tensor("s", [2], [0, -1], "int64")] }, [2, 3, 2]).shape, [2, 6]);
});

test("whole numbers divide as in C, in shapes too", () => {
  // The size of x plus 1, by -2, and back: (5 / -2) = -2.
  const model = {
    nodes: [
      { type: "Shape", inputs: ["x"], outputs: ["size"] }, { type: "Div", inputs: ["size", "two"], outputs: ["half"] },
      { type: "Neg", inputs: ["half"], outputs: ["n"] },
      { type: "Slice", inputs: ["x", "zero", "n"], outputs: ["y"] },
    ],
    weights: [tensor("two", [1], [-2], "int64"), tensor("zero", [1], [0], "int64")],
  };
  assert.equal(answer(model, [5]), { shape: [2], data: [1, 2] });
});

test("an old broadcast lays its second operand from an axis on", () => {
  const nodes = [{ type: "Add", inputs: ["x", "b"], outputs: ["y"], attributes: { axis: 1, broadcast: 1 } }];
  near(answer({ nodes, weights: [tensor("b", [2], [10, 20])], opset: 6 }, [1, 2, 2]).data, [11, 12, 23, 24]);
});

test("transposed convolution: output_shape, uneven pads, output_padding; one dimension too", () => {
  const ones = tensor("w", [1, 1, 3, 3], new Array<number>(9).fill(1));
  const made = (attributes: NonNullable<Model["nodes"][number]["attributes"]>): readonly number[] =>
    answer({ nodes: [{ type: "ConvTranspose", inputs: ["x", "w"], outputs: ["y"], attributes }], weights: [ones] }, [1, 1, 3, 3]).shape;
  assert.equal(made({ strides: [2, 2] }), [1, 1, 7, 7]);
  assert.equal(made({ strides: [2, 2], pads: [0, 1, 2, 1] }), [1, 1, 5, 5]);
  assert.equal(made({ strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] }), [1, 1, 6, 6]);
  assert.equal(made({ strides: [3, 2], output_shape: [10, 8] }), [1, 1, 10, 8]);
  assert.equal(made({ strides: [2, 2], auto_pad: "SAME_UPPER" }), [1, 1, 6, 6]);
  const line = {
    nodes: [{ type: "ConvTranspose", inputs: ["x", "w"], outputs: ["y"], attributes: { strides: [2] } }],
    weights: [tensor("w", [1, 1, 2], [1, 10])],
  };
  assert.equal(answer(line, [1, 1, 2]), { shape: [1, 1, 4], data: [1, 10, 2, 20] });
});

test("zeros that a file puts around an image become the convolution's own padding", () => {
  const model: Model = {
    nodes: [{ type: "Pad", inputs: ["x", "p"], outputs: ["padded"] }, { type: "Conv", inputs: ["padded", "w"], outputs: ["y"] }],
    weights: [tensor("p", [8], [0, 0, 0, 1, 0, 0, 1, 0], "int64"), tensor("w", [1, 1, 2, 2], [1, 2, 4, 8])],
    inputs: { x: [1, 1, 2, 2] },
  };
  const graph = importOnnx(modelBytes(model)).lower({ x: [1, 1, 2, 2] });
  assert.equal(graph.nodes.map(({ operation }) => operation.kind), ["conv2d"]);
  near(answer(model, [1, 1, 2, 2]).data, [2 * 1 + 8 * 3, 1 + 4 + 12 + 32, 2 * 3, 3 + 8]);
});

test("Celu, ThresholdedRelu and MeanVarianceNormalization, which are made of others", () => {
  const of = (type: string, attributes: NonNullable<Model["nodes"][number]["attributes"]>): readonly number[] => {
    const below = { type: "Sub", inputs: ["x", "two"], outputs: ["d"] };
    return answer({ nodes: [below, { type, inputs: ["d"], outputs: ["y"], attributes }], weights: [tensor("two", [], [2])] }).data;
  };
  near(of("Celu", { alpha: { float: 2 } }), [2 * (Math.exp(-0.5) - 1), 0, 1, 2, 3, 4, 5, 6]);
  near(of("ThresholdedRelu", { alpha: { float: 2 } }), [0, 0, 0, 0, 3, 4, 5, 6]);
  const deviation = Math.sqrt(5.25);
  near(of("MeanVarianceNormalization", {}), [-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5].map((x) => x / deviation));
});

test("sums of products by letters", () => {
  const einsum = (equation: string, ...others: readonly ReturnType<typeof tensor>[]): number[] => answer({
    nodes: [{ type: "Einsum", inputs: ["x", ...others.map((_, i) => `w${i}`)], outputs: ["y"], attributes: { equation } }], weights: others,
  }, [1, 2, 3]).data;
  assert.equal(einsum("bij->bji"), [1, 4, 2, 5, 3, 6]);
  assert.equal(einsum("...j->..."), [6, 15]);
  assert.equal(einsum("bij,jk->bki", tensor("w0", [3, 2], [1, 0, 0, 1, 1, 1])), [4, 10, 5, 11]);
  assert.equal(einsum("bij, bij -> bi", tensor("w0", [1, 2, 3], [1, 1, 1, 0, 0, 1])), [6, 6]);
  assert.equal(einsum("...ij,j,i", tensor("w0", [3], [1, 1, 0]), tensor("w1", [2], [10, 1])), [39]);
});

test("lists of tensors that are taken apart again", () => {
  const parts = { type: "SplitToSequence", inputs: ["x", "two"], outputs: ["parts"], attributes: { axis: 1 } };
  const weights = [tensor("two", [], [2], "int64"), tensor("last", [], [-1], "int64")];
  const at = { type: "SequenceAt", inputs: ["parts", "last"], outputs: ["y"] };
  assert.equal(answer({ nodes: [parts, at], weights }, [1, 5]), { shape: [1, 1], data: [5] });
  const all = { type: "ConcatFromSequence", inputs: ["parts"], outputs: ["y"], attributes: { axis: 1 } };
  assert.equal(answer({ nodes: [parts, all], weights }, [1, 5]).data, [1, 2, 3, 4, 5]);
  assert.throws(() => answer({ nodes: [parts, { type: "Relu", inputs: ["parts"], outputs: ["y"] }], weights }, [1, 5]), /not supported/);
});

test("Hardmax, Shrink, norms and logarithms of sums, which are made of others", () => {
  const of = (type: string, attributes: NonNullable<Model["nodes"][number]["attributes"]> = {}, domain = ""): readonly number[] => (
    answer({ nodes: [{ type, inputs: ["x"], outputs: ["y"], attributes, domain }], opset: 18 }, [1, 4]).data
  );
  near(of("Hardmax"), [0, 0, 0, 1]);
  near(of("Shrink", { lambd: { float: 2 }, bias: { float: 0.5 } }), [0, 0, 2.5, 3.5]);
  near(of("LpNormalization", { p: 1 }), [0.1, 0.2, 0.3, 0.4]);
  near(of("RMSNormalization", { epsilon: { float: 0 } }), [1, 2, 3, 4].map((x) => x / Math.sqrt(7.5)));
  near(of("ReduceLogSum"), [Math.log(10)]);
  near(of("ReduceLogSumExp"), [4.4401897]);
});

test("a FusedMatMul turns its matrices and multiplies by alpha", () => {
  const nodes = [{
    type: "FusedMatMul", inputs: ["x", "w"], outputs: ["y"], attributes: { transB: 1, alpha: { float: 0.5 } }, domain: "com.microsoft",
  }];
  near(answer({ nodes, weights: [tensor("w", [2, 3], [1, 0, 0, 0, 1, 1])] }, [1, 3]).data, [0.5, 2.5]);
});

test.run();

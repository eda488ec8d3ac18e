/** Passes of operations on tensors of any rank, as networks from files have them, and of products. */
import { broadcastBackward, unaryBackward } from "../../../../kernels/reference/general/pointwise.ts";
import {
  matrixProductBackward, reduceBackward, resampleBackward, softmaxRowsBackward,
} from "../../../../kernels/reference/general/rows.ts";
import { takeBackward } from "../../../../kernels/reference/general/take.ts";
import type { TakeShape } from "../../../../kernels/reference/general/take.ts";
import { elementwiseShape } from "../../../../kernels/shapes.ts";
import type { Node } from "../../../graph/graph.ts";
import { channelConvShape } from "../../../operations/convolution/channel-conv.ts";
import { binarySlopes, unarySlopes } from "../../../operations/general/derivatives.ts";
import { expandComputation, gatherComputation, transposeComputation } from "../../../operations/general/moves.ts";
import { geometry } from "../../../operations/general/pointwise.ts";
import { productShape, rowsOf } from "../../../operations/general/rows.ts";
import { padComputation } from "../../../operations/movement/pad.ts";
import { sliceComputation } from "../../../operations/movement/slice.ts";
import { perChannel } from "../../../operations/record.ts";
import { sizeOf } from "../../../tensor.ts";
import { conv2dScratch } from "../../../../kernels/scratch.ts";
import { eachInput } from "./pass.ts";
import type { Pass, PassArrays, PassOf } from "./pass.ts";

/** Numbers go back to the places that they were taken from. */
function taken(shape: TakeShape): Pass {
  return eachInput(({ dy, scratch }, dx) => takeBackward(dx, dy, shape, scratch(dx.length)));
}

/** @param slopes by each input */
function stretched(node: Node, slopes: readonly ((...numbers: number[]) => number)[]): Pass {
  const shape = geometry(node);
  return eachInput(({ x, dy, scratch }, dx, input) => broadcastBackward(dx, dy, x, slopes[input], input, shape, scratch(dx.length)));
}

function sloped(slope: (x: number, y: number) => number): Pass {
  return eachInput(({ x: [x], y, dy }, dx) => unaryBackward(dx, dy, x, y, slope));
}

const same: PassOf<"reshape"> = ({ output }) => {
  const shape = elementwiseShape(sizeOf(output.shape));
  return eachInput(({ kernels, dy }, dx) => kernels.addBackward(dx, dy, shape));
};

const constant: PassOf<"constant"> = ({ operation: { value } }) => ({
  backward({ dy, gradient }) {
    const dx = gradient(value);
    if (dx !== undefined) dy.forEach((each, i) => (dx[i] += each));
  },
});

const join: PassOf<"join"> = ({ operation: { axis }, inputs, output }) => {
  const lengths = inputs.map(({ shape }) => sizeOf(shape.slice(axis)));
  const row = sizeOf(output.shape.slice(axis));
  return eachInput(({ dy }, dx, input) => {
    const [length, first] = [lengths[input], lengths.slice(0, input).reduce((sum, n) => sum + n, 0)];
    for (let i = 0; i < dx.length; i++) dx[i] += dy[Math.floor(i / length) * row + first + (i % length)];
  });
};

const reduce: PassOf<"reduce"> = ({ operation: { by, axis, end }, inputs }) => {
  const shape = rowsOf(inputs[0].shape, axis, end);
  return eachInput(({ x: [x], y, dy }, dx) => reduceBackward(dx, dy, x, y, by, shape));
};

const softmax: PassOf<"softmax"> = ({ operation: { axis, logarithm }, inputs }) => {
  const shape = rowsOf(inputs[0].shape, axis);
  return eachInput(({ y, dy }, dx) => softmaxRowsBackward(dx, dy, y, logarithm, shape));
};

const resample: PassOf<"resample"> = ({ operation: { axis, taps }, inputs }) => {
  const shape = rowsOf(inputs[0].shape, axis);
  return eachInput(({ dy }, dx) => resampleBackward(dx, dy, taps, shape));
};

const matrixProduct: PassOf<"matrix_product"> = (node) => {
  const shape = productShape(node);
  return { backward: ({ x: [a, b], dy, dx: [da, db] }) => matrixProductBackward(da, db, dy, a, b, shape) };
};

const none = (): number => 0;

/** Kinds whose passes stand here. */
export type GeneralPassKind =
  | "constant" | "unary" | "elu" | "clip" | "binary" | "select" | "reshape" | "transpose" | "slice" | "expand" | "gather" | "pad" | "join"
  | "reduce" | "arg_max" | "softmax" | "resample" | "matrix_product";

export const generalPasses: { readonly [K in GeneralPassKind]: PassOf<K> } = {
  constant,
  unary: ({ operation: { by } }) => sloped(unarySlopes[by]),
  elu: ({ operation: { alpha } }) => sloped((x, y) => (x > 0 ? 1 : y + alpha)),
  clip: ({ operation: { least, most } }) => sloped((x) => (x >= least && x <= most ? 1 : 0)),
  binary: (node) => stretched(node, binarySlopes[node.operation.by]),
  select: (node) => stretched(node, [none, (condition) => (condition === 0 ? 0 : 1), (condition) => (condition === 0 ? 1 : 0)]),
  reshape: same,
  transpose: (node) => taken(transposeComputation.shapeOf(node)),
  slice: (node) => taken(sliceComputation.shapeOf(node)),
  expand: (node) => taken(expandComputation.shapeOf(node)),
  gather: (node) => taken(gatherComputation.shapeOf(node)),
  pad: (node) => taken(padComputation.shapeOf(node)),
  join,
  reduce,
  // A place does not move while its number does.
  arg_max: () => ({ backward() {} }),
  softmax,
  resample,
  matrix_product: matrixProduct,
};

export const multiply: PassOf<"multiply"> = (node) => stretched(node, binarySlopes.multiply);

export const pixelScale: PassOf<"pixel_scale"> = (node) => {
  const shape = perChannel(node);
  return {
    backward({ kernels, x: [x, gate], dy, dx: [dx, dgate] }) {
      kernels.pixelScaleBackward(dx ?? new Float32Array(x.length), dgate ?? new Float32Array(gate.length), x, gate, dy, shape);
    },
  };
};

export const channelPool: PassOf<"channel_pool"> = (node) => {
  const shape = perChannel(node);
  if (node.operation.by === "mean") return eachInput(({ kernels, dy }, dx) => kernels.channelMeanBackward(dx, dy, shape));
  const places = new Int32Array(sizeOf(node.output.shape));
  return {
    forward: ({ kernels, x: [x], y }: PassArrays) => kernels.channelMaxForward(y, places, x, shape),
    ...eachInput(({ kernels, dy }, dx) => kernels.channelMaxBackward(dx, dy, places, shape)),
  };
};

export const channelConv: PassOf<"channel_conv"> = (node) => {
  const { weight } = node.operation;
  const shape = channelConvShape(node, sizeOf(weight.read().shape));
  return {
    backward({ kernels, x: [x], dy, dx: [dx], constant: present, gradient, scratch }) {
      const [dweight, work] = [gradient(weight), scratch(conv2dScratch(shape))];
      if (dweight !== undefined) kernels.conv2dBackwardWeight(dweight, x, dy, shape, work);
      if (dx !== undefined) kernels.conv2dBackwardInput(dx, dy, present(weight), shape, work);
    },
  };
};

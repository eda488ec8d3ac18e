/**
 * Each operation forward and backward on the plain kernels, in arrays [N,C,H,W]: for kinds whose kernels on WebAssembly did not pass their
 * check, and the judge of those that are to be checked.
 */
import type { Kernels } from "../../../../kernels/contract.ts";
import {
  batchNormShape, concatShape, conv2dShape, convTranspose2dShape, elementwiseShape, linearShape, pool2dShape, shuffleShape,
} from "../../../../kernels/shapes.ts";
import { conv2dScratch, convTranspose2dScratch } from "../../../../kernels/scratch.ts";
import type { Conv2dShape, Pool2dShape } from "../../../../kernels/shapes.ts";
import type { Activation, ActivationKind, Kind } from "../../../graph/graph.ts";
import { padded } from "../../../operations/movement/pad.ts";
import { perChannel, resized } from "../../../operations/record.ts";
import type { NodeOf } from "../../../operations/record.ts";
import { sizeOf } from "../../../tensor.ts";
import { channelConv, channelPool, generalPasses, multiply, pixelScale } from "./general.ts";
import type { GeneralPassKind } from "./general.ts";
import { eachInput } from "./pass.ts";
import type { PassArrays, PassOf } from "./pass.ts";

const imageSizes = ({ inputs: [{ shape: [batch, channels, height, width] }] }: NodeOf<Kind>): [number, number, number, number] => [
  batch, channels, height, width,
];

const conv2d: PassOf<"conv2d"> = (node) => {
  const { operation: { weight, bias }, output } = node;
  const shape = conv2dShape(...imageSizes(node), output.shape[1], node.operation);
  return {
    backward({ kernels, x: [x], dy, dx: [dx], constant, gradient, scratch }) {
      const [dweight, dbias, work] = [gradient(weight), gradient(bias), scratch(conv2dScratch(shape))];
      if (dweight !== undefined) kernels.conv2dBackwardWeight(dweight, x, dy, shape, work);
      if (dbias !== undefined) kernels.conv2dBackwardBias(dbias, dy, shape);
      if (dx !== undefined) kernels.conv2dBackwardInput(dx, dy, constant(weight), shape, work);
    },
  };
};

const convTranspose2d: PassOf<"conv_transpose2d"> = (node) => {
  const { operation: { weight, bias }, output } = node;
  const shape: Conv2dShape = convTranspose2dShape(...imageSizes(node), output.shape[1], node.operation);
  return {
    backward({ kernels, x: [x], dy, dx: [dx], constant, gradient, scratch }) {
      const [dweight, dbias, work] = [gradient(weight), gradient(bias), scratch(convTranspose2dScratch(shape))];
      if (dweight !== undefined) kernels.convTranspose2dBackwardWeight(dweight, x, dy, shape, work);
      if (dbias !== undefined) kernels.convTranspose2dBackwardBias(dbias, dy, shape);
      if (dx !== undefined) kernels.convTranspose2dBackwardInput(dx, dy, constant(weight), shape, work);
    },
  };
};

const linear: PassOf<"linear"> = ({ operation: { weight, bias }, inputs: [{ shape: [batch, features] }], output }) => {
  const shape = linearShape(batch, features, output.shape[1]);
  return {
    backward({ kernels, x: [x], dy, dx: [dx], constant, gradient, scratch }) {
      const [dweight, dbias, work] = [gradient(weight), gradient(bias), scratch(0)];
      if (dweight !== undefined) kernels.linearBackwardWeight(dweight, x, dy, shape, work);
      if (dbias !== undefined) kernels.linearBackwardBias(dbias, dy, shape);
      if (dx !== undefined) kernels.linearBackwardInput(dx, dy, constant(weight), shape, work);
    },
  };
};

const batchNorm: PassOf<"batch_norm"> = (node) => {
  const { operation } = node;
  const { gamma, beta, epsilon, momentum = 0.1, frozen = false } = operation;
  const { batch, channels, pixels } = perChannel(node);
  const shape = batchNormShape(batch, channels, pixels, epsilon, momentum);
  const [mean, inverseStd, aside] = [0, 1, 2].map(() => new Float32Array(channels));
  return {
    ...(frozen ? {} : {
      forward: ({ kernels, x: [x], y, constant }: PassArrays) =>
        kernels.batchNormForwardTraining(
          y, mean, inverseStd, constant(operation.mean), constant(operation.variance), x, constant(gamma), constant(beta), shape,
        ),
    }),
    backward({ kernels, x: [x], dy, dx: [dx], constant, gradient }) {
      const [dgamma, dbeta, into] = [gradient(gamma) ?? aside, gradient(beta) ?? aside, dx ?? new Float32Array(x.length)];
      if (frozen) kernels.batchNormBackwardInference(
        into, dgamma, dbeta, x, dy, constant(gamma), constant(operation.mean), constant(operation.variance), shape,
      );
      else kernels.batchNormBackwardTraining(into, dgamma, dbeta, x, dy, constant(gamma), mean, inverseStd, shape);
    },
  };
};

const activationKernels = {
  relu: "reluBackward", relu6: "relu6Backward", sigmoid: "sigmoidBackward", silu: "siluBackward", hard_swish: "hardSwishBackward",
  tanh: "tanhBackward",
  gelu: "geluBackward", gelu_tanh: "geluTanhBackward",
} as const satisfies Record<Exclude<ActivationKind, "leaky_relu" | "hard_sigmoid">, keyof Kernels>;

/** dx += dy times the derivative at x. */
export function activationBackward(
  kernels: Kernels, { activation, slope, offset }: Activation, dx: Float32Array, x: Float32Array, dy: Float32Array,
): void {
  const shape = elementwiseShape(x.length);
  if (activation === "leaky_relu") kernels.leakyReluBackward(dx, x, dy, slope, shape);
  else if (activation === "hard_sigmoid") kernels.hardSigmoidBackward(dx, x, dy, slope, offset, shape);
  else kernels[activationKernels[activation]](dx, x, dy, shape);
}

const activation: PassOf<"activation"> = ({ operation }) => ({
  backward({ kernels, x: [x], dy, dx: [dx] }) {
    if (dx !== undefined) activationBackward(kernels, operation, dx, x, dy);
  },
});

const prelu: PassOf<"prelu"> = (node) => {
  const { slope } = node.operation;
  const shape = perChannel(node);
  const aside = new Float32Array(shape.channels);
  return {
    backward({ kernels, x: [x], dy, dx: [dx], constant, gradient }) {
      kernels.preluBackward(dx ?? new Float32Array(x.length), gradient(slope) ?? aside, x, dy, constant(slope), shape);
    },
  };
};

const add: PassOf<"add"> = ({ output }) => {
  const shape = elementwiseShape(sizeOf(output.shape));
  return eachInput(({ kernels, dy }, dx) => kernels.addBackward(dx, dy, shape));
};

const partialAdd: PassOf<"partial_add"> = (node) => {
  const shape = { ...perChannel(node), added: node.inputs[1].shape[1] };
  return {
    backward: ({ kernels, x, dy, dx }) => {
      const [da, db] = dx.map((each, i) => each ?? new Float32Array(x[i].length));
      kernels.partialAddBackward(da, db, dy, shape);
    },
  };
};

const scale: PassOf<"scale"> = (node) => {
  const shape = perChannel(node);
  return {
    backward({ kernels, x: [x, gate], dy, dx: [dx, dgate] }) {
      kernels.channelScaleBackward(dx ?? new Float32Array(x.length), dgate ?? new Float32Array(gate.length), x, gate, dy, shape);
    },
  };
};

const l2Normalise: PassOf<"l2_normalise"> = (node) => {
  const shape = perChannel(node);
  return {
    backward({ kernels, x: [x], dy, dx: [dx] }) {
      if (dx !== undefined) kernels.l2NormaliseBackward(dx, x, dy, shape);
    },
  };
};

const dropout: PassOf<"dropout"> = ({ output }) => {
  const shape = elementwiseShape(sizeOf(output.shape));
  return {
    forward: ({ kernels, x: [x], y, mask }) => kernels.dropoutForward(y, x, mask(), shape),
    backward({ kernels, dy, dx: [dx], mask }) {
      if (dx !== undefined) kernels.dropoutBackward(dx, dy, mask(), shape);
    },
  };
};

const fakeQuantise: PassOf<"fake_quantise"> = (node) => {
  const { offset, limits, factor } = node.operation;
  const shape = { ...perChannel(node), rounds: true };
  const given = (constant: PassArrays["constant"]): [Float32Array, Float32Array, Float32Array | null] => (
    [constant(offset), constant(limits), factor === undefined ? null : constant(factor)]
  );
  return {
    forward: ({ kernels, x: [x], y, constant }) => kernels.fakeQuantiseForward(y, x, ...given(constant), shape),
    backward({ kernels, x: [x], dy, dx: [dx], constant, gradient }) {
      kernels.fakeQuantiseBackward(dx ?? new Float32Array(x.length), gradient(offset) ?? null, x, ...given(constant), dy, shape);
    },
  };
};

const globalPool: PassOf<"global_pool"> = (node) => {
  const shape = perChannel(node);
  if (node.operation.by === "mean") return eachInput(({ kernels, dy }, dx) => kernels.globalAveragePoolBackward(dx, dy, shape));
  const places = new Int32Array(sizeOf(node.output.shape));
  return {
    forward: ({ kernels, x: [x], y }) => kernels.globalMaxPoolForward(y, places, x, shape),
    ...eachInput(({ kernels, dy }, dx) => kernels.globalMaxPoolBackward(dx, dy, places, shape)),
  };
};

const windowShape = (node: NodeOf<"max_pool"> | NodeOf<"average_pool">): Pool2dShape => pool2dShape(...imageSizes(node), node.operation);

const maxPool: PassOf<"max_pool"> = (node) => {
  const [shape, places] = [windowShape(node), new Int32Array(sizeOf(node.output.shape))];
  return {
    forward: ({ kernels, x: [x], y }) => kernels.maxPoolForward(y, places, x, shape),
    ...eachInput(({ kernels, dy }, dx) => kernels.maxPoolBackward(dx, dy, places, shape)),
  };
};

const averagePool: PassOf<"average_pool"> = (node) => {
  const shape = windowShape(node);
  return eachInput(({ kernels, dy }, dx) => kernels.averagePoolBackward(dx, dy, shape));
};

const adaptiveAveragePool: PassOf<"adaptive_average_pool"> = (node) => {
  const shape = resized(node);
  return eachInput(({ kernels, dy }, dx) => kernels.adaptiveAveragePoolBackward(dx, dy, shape));
};

const concat: PassOf<"concat"> = ({ inputs }) => {
  const [[batch, , height, width]] = inputs.map(({ shape }) => shape);
  const shape = concatShape(batch, inputs.map((value) => value.shape[1]), height * width);
  return {
    backward: ({ kernels, x, dy, dx }) => kernels.concatBackward(dx.map((each, i) => each ?? new Float32Array(x[i].length)), dy, shape),
  };
};

const flatten: PassOf<"flatten"> = ({ output }) => {
  const shape = elementwiseShape(sizeOf(output.shape));
  return eachInput(({ kernels, dy }, dx) => kernels.addBackward(dx, dy, shape));
};

const channelShuffle: PassOf<"channel_shuffle"> = (node) => {
  const { batch, channels, pixels } = perChannel(node);
  const shape = shuffleShape(batch, channels, pixels, node.operation.groups);
  return eachInput(({ kernels, dy }, dx) => kernels.channelShuffleBackward(dx, dy, shape));
};

const resize: PassOf<"resize"> = (node) => {
  const { method, alignCorners } = node.operation;
  const shape = { ...resized(node), alignCorners };
  return eachInput(
    ({ kernels, dy }, dx) => kernels[method === "nearest" ? "upsampleNearestBackward" : "upsampleBilinearBackward"](dx, dy, shape),
  );
};

const pad: PassOf<"pad"> = (node) => {
  const shape = padded(node, (of) => of);
  if (shape === undefined) return generalPasses.pad(node);
  return eachInput(({ kernels, dy }, dx) => kernels.padBackward(dx, dy, shape));
};

/** Kinds whose passes stand here and in general.ts; further ones stand with their rules. */
export type PassKind =
  | GeneralPassKind | "multiply" | "pixel_scale" | "channel_pool" | "channel_conv" | "conv2d" | "conv_transpose2d" | "linear" | "batch_norm"
  | "activation" | "prelu" | "add" | "partial_add" | "scale" | "dropout" | "fake_quantise" | "global_pool" | "max_pool" | "average_pool"
  | "adaptive_average_pool" | "concat" | "flatten" | "channel_shuffle" | "resize" | "l2_normalise";

export const passes: { readonly [K in PassKind]: PassOf<K> } = {
  ...generalPasses, multiply, pixel_scale: pixelScale, channel_pool: channelPool, channel_conv: channelConv,
  conv2d, conv_transpose2d: convTranspose2d, linear, batch_norm: batchNorm, activation, prelu, add, partial_add: partialAdd,
  scale, dropout, fake_quantise: fakeQuantise, pad, global_pool: globalPool, max_pool: maxPool,
  average_pool: averagePool, adaptive_average_pool: adaptiveAveragePool, concat, flatten, channel_shuffle: channelShuffle, resize,
  l2_normalise: l2Normalise,
};

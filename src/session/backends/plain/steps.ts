/** Operations of an optimised graph on the plain kernels, NCHW, in arrays that the memory plan gave. One closure a node. */
import type { InferenceKernels } from "../../../../kernels/contract.ts";
import {
  channelShape, concatShape, conv2dShape, convTranspose2dShape, elementwiseShape, linearShape, batchNormShape, pool2dShape, resizeShape, shuffleShape,
} from "../../../../kernels/shapes.ts";
import type { ChannelShape } from "../../../../kernels/shapes.ts";
import { conv2dScratch, convTranspose2dScratch, linearScratch } from "../../../../kernels/scratch.ts";
import type { Activation, Constant, Node } from "../../../graph/graph.ts";
import { sizeOf } from "../../../tensor.ts";

/** Computes one node, from and into arrays that are fixed. */
export type Step = () => void;

/** What steps are made with. */
export interface PlainContext {
  readonly kernels: InferenceKernels;
  /** The array of a value. */
  array(value: { readonly name: string }): Float32Array;
  /** The present values of a constant; the array stays the same when they are refreshed. */
  constant(constant: Constant): Float32Array;
  /** Working memory of so many doubles, shared by all steps. */
  scratch(size: number): Float64Array;
}

function activate(kernels: InferenceKernels, y: Float32Array, { activation, slope, offset }: Activation, x: Float32Array): void {
  const shape = elementwiseShape(y.length);
  switch (activation) {
    case "relu": return kernels.reluForward(y, x, shape);
    case "relu6": return kernels.relu6Forward(y, x, shape);
    case "leaky_relu": return kernels.leakyReluForward(y, x, slope, shape);
    case "sigmoid": return kernels.sigmoidForward(y, x, shape);
    case "hard_sigmoid": return kernels.hardSigmoidForward(y, x, slope, offset, shape);
    case "silu": return kernels.siluForward(y, x, shape);
    case "hard_swish": return kernels.hardSwishForward(y, x, shape);
    case "tanh": return kernels.tanhForward(y, x, shape);
  }
}

function convolution(node: Node, context: PlainContext): Step {
  const { operation, inputs, output } = node;
  if (operation.kind !== "conv2d") throw new Error("convolution: not one");
  const { kernels } = context;
  const [batch, channels, height, width] = inputs[0].shape;
  const shape = conv2dShape(batch, channels, height, width, output.shape[1], operation);
  const [y, x, weight] = [context.array(output), context.array(inputs[0]), context.constant(operation.weight)];
  const bias = operation.bias === undefined ? null : context.constant(operation.bias);
  const work = context.scratch(conv2dScratch(shape));
  const epilogue = operation.epilogue;
  const gate = epilogue?.gate === true ? context.array(inputs[1]) : undefined;
  const residual = epilogue?.residual === true ? context.array(inputs[gate === undefined ? 1 : 2]) : undefined;
  const perChannel = channelShape(batch, shape.outChannels, shape.outHeight * shape.outWidth);
  const all = elementwiseShape(y.length);
  return () => {
    kernels.conv2dForward(y, x, weight, epilogue?.biasLast === true ? null : bias, shape, work);
    if (gate !== undefined) kernels.channelScaleForward(y, y, gate, perChannel);
    if (epilogue?.biasLast === true && bias !== null) addBias(y, bias, perChannel);
    if (residual !== undefined) kernels.addForward(y, y, residual, all);
    if (epilogue?.activation !== undefined) activate(kernels, y, epilogue.activation, y);
  };
}

function addBias(y: Float32Array, bias: Float32Array, { batch, channels, pixels }: ChannelShape): void {
  for (let image = 0, i = 0; image < batch; image++) {
    for (let c = 0; c < channels; c++) for (const end = i + pixels; i < end; i++) y[i] += bias[c];
  }
}

/** The step of any node. */
export function plainStep(node: Node, context: PlainContext): Step {
  const { operation, inputs, output } = node;
  const { kernels } = context;
  const y = context.array(output);
  const [x, second] = inputs.map((value) => context.array(value));
  const [batch, channels = 1, height = 1, width = 1] = inputs[0].shape;
  const bias = (constant: Constant | undefined): Float32Array | null => (constant === undefined ? null : context.constant(constant));
  switch (operation.kind) {
    case "conv2d":
      return convolution(node, context);
    case "conv_transpose2d": {
      const shape = convTranspose2dShape(batch, channels, height, width, output.shape[1], operation);
      const [weight, b, work] = [context.constant(operation.weight), bias(operation.bias), context.scratch(convTranspose2dScratch(shape))];
      return () => kernels.convTranspose2dForward(y, x, weight, b, shape, work);
    }
    case "linear": {
      const shape = linearShape(batch, inputs[0].shape[1], output.shape[1]);
      const [weight, b, work] = [context.constant(operation.weight), bias(operation.bias), context.scratch(linearScratch(shape))];
      return () => kernels.linearForward(y, x, weight, b, shape, work);
    }
    case "batch_norm": {
      const shape = batchNormShape(batch, channels, height * width, operation.epsilon, 0);
      const [gamma, beta, mean, variance] = [operation.gamma, operation.beta, operation.mean, operation.variance].map((c) => context.constant(c));
      return () => {
        kernels.batchNormForwardInference(y, x, gamma, beta, mean, variance, shape);
        if (operation.activation !== undefined) activate(kernels, y, operation.activation, y);
      };
    }
    case "activation":
      return () => activate(kernels, y, operation, x);
    case "global_pool": {
      const shape = channelShape(batch, channels, height * width);
      if (operation.by === "mean") return () => kernels.globalAveragePoolForward(y, x, shape);
      const argmax = new Int32Array(y.length);
      return () => kernels.globalMaxPoolForward(y, argmax, x, shape);
    }
    case "adaptive_average_pool": {
      const shape = resizeShape(batch, channels, height, width, ...operation.size);
      return () => kernels.adaptiveAveragePoolForward(y, x, shape);
    }
    case "max_pool": {
      const shape = pool2dShape(batch, channels, height, width, operation);
      const argmax = new Int32Array(y.length);
      return () => kernels.maxPoolForward(y, argmax, x, shape);
    }
    case "average_pool": {
      const shape = pool2dShape(batch, channels, height, width, operation);
      return () => kernels.averagePoolForward(y, x, shape);
    }
    case "add": {
      const shape = elementwiseShape(sizeOf(output.shape));
      return () => kernels.addForward(y, x, second, shape);
    }
    case "scale": {
      const shape = channelShape(batch, channels, height * width);
      return () => kernels.channelScaleForward(y, x, second, shape);
    }
    case "pixel_scale": {
      const shape = channelShape(batch, channels, height * width);
      return () => kernels.pixelScaleForward(y, x, second, shape);
    }
    case "multiply": {
      // Channels of one pixel each: every element has its gate.
      const shape = channelShape(1, sizeOf(output.shape), 1);
      return () => kernels.channelScaleForward(y, x, second, shape);
    }
    case "channel_pool": {
      const shape = channelShape(batch, channels, height * width);
      if (operation.by === "mean") return () => kernels.channelMeanForward(y, x, shape);
      const argmax = new Int32Array(y.length);
      return () => kernels.channelMaxForward(y, argmax, x, shape);
    }
    case "channel_conv": {
      const weight = context.constant(operation.weight);
      // The channels are the rows of an image one pixel wide.
      const shape = conv2dShape(batch, 1, channels, 1, 1, { kernel: [weight.length, 1], padding: [(weight.length - 1) / 2, 0] });
      const work = context.scratch(conv2dScratch(shape));
      return () => kernels.conv2dForward(y, x, weight, null, shape, work);
    }
    case "resize_nearest": {
      const shape = resizeShape(batch, channels, height, width, ...operation.size);
      return () => kernels.upsampleNearestForward(y, x, shape);
    }
    case "concat": {
      const shape = concatShape(batch, inputs.map((value) => value.shape[1]), height * width);
      const parts = inputs.map((value) => context.array(value));
      return () => kernels.concatForward(y, parts, shape);
    }
    case "flatten":
      return () => y.set(x);
    case "dropout":
      throw new RangeError(`session: ${output.name} drops values, which belongs to a graph for training`);
    case "channel_shuffle": {
      const shape = shuffleShape(batch, channels, height * width, operation.groups);
      return () => kernels.channelShuffleForward(y, x, shape);
    }
    case "upsample": {
      const shape = resizeShape(batch, channels, height, width, output.shape[2], output.shape[3], operation.alignCorners);
      return operation.method === "nearest"
        ? () => kernels.upsampleNearestForward(y, x, shape)
        : () => kernels.upsampleBilinearForward(y, x, shape);
    }
  }
}

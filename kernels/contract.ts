/**
 * What a kernel family offers: `reference/` and `plain/` each export all of these functions under these names.
 *
 * Outputs come first, then inputs, then one shape record, then scratch where the fast twin wants some (its length comes
 * from `scratch.ts`; the reference ignores it). Nothing is checked and nothing is allocated here: shapes.ts
 * has checked. All arrays of one call are of one precision; sums run in double precision.
 *
 * Forward kernels overwrite their outputs. Backward kernels accumulate (`+=`) into theirs, so that a tensor that is used
 * twice collects both gradients. What a backward kernel needs of the forward pass is an argument.
 *
 * Every sum has one order, and it is part of the contract: a convolution starts at the bias and adds input channels,
 * then kernel rows, then kernel columns; a sum over an image goes row by row, left to right; a sum over a batch takes
 * the images in order.
 */
import type {
  BatchNormShape, ChannelShape, ConcatShape, Conv2dShape, CrossEntropyShape, ElementwiseShape, Floats, LinearShape, PadShape, PartialShape,
  Pool2dShape, ResizeShape, RoundingShape, ShuffleShape,
} from "./shapes.ts";
import type { Scratch } from "./scratch.ts";

type F = Floats;
/** y = f(x), element by element. */
export type Activation = (y: F, x: F, shape: ElementwiseShape) => void;
/** dx += dy * f'(x). */
export type ActivationBackward = (dx: F, x: F, dy: F, shape: ElementwiseShape) => void;

export interface Kernels {
  // Convolution. Backward: by the input, by the weight, by the bias (each its own kernel, so that frozen ones cost nothing).
  conv2dForward(y: F, x: F, weight: F, bias: F | null, shape: Conv2dShape, scratch: Scratch): void;
  conv2dBackwardInput(dx: F, dy: F, weight: F, shape: Conv2dShape, scratch: Scratch): void;
  conv2dBackwardWeight(dweight: F, x: F, dy: F, shape: Conv2dShape, scratch: Scratch): void;
  conv2dBackwardBias(dbias: F, dy: F, shape: Conv2dShape): void;
  /** weight: [inChannels, outChannels / groups, kernelHeight, kernelWidth]. */
  convTranspose2dForward(y: F, x: F, weight: F, bias: F | null, shape: Conv2dShape, scratch: Scratch): void;
  convTranspose2dBackwardInput(dx: F, dy: F, weight: F, shape: Conv2dShape, scratch: Scratch): void;
  convTranspose2dBackwardWeight(dweight: F, x: F, dy: F, shape: Conv2dShape, scratch: Scratch): void;
  convTranspose2dBackwardBias(dbias: F, dy: F, shape: Conv2dShape): void;

  // Linear.
  linearForward(y: F, x: F, weight: F, bias: F | null, shape: LinearShape, scratch: Scratch): void;
  linearBackwardInput(dx: F, dy: F, weight: F, shape: LinearShape, scratch: Scratch): void;
  linearBackwardWeight(dweight: F, x: F, dy: F, shape: LinearShape, scratch: Scratch): void;
  linearBackwardBias(dbias: F, dy: F, shape: LinearShape): void;

  // Batch normalisation. Training: statistics of this batch, kept in mean and inverseStd ([channels]) for the backward
  // pass, and mixed into the running ones (the running variance unbiased, as PyTorch has it).
  batchNormForwardTraining(
    y: F, mean: F, inverseStd: F, runningMean: F, runningVariance: F, x: F, gamma: F, beta: F, shape: BatchNormShape,
  ): void;
  batchNormBackwardTraining(dx: F, dgamma: F, dbeta: F, x: F, dy: F, gamma: F, mean: F, inverseStd: F, shape: BatchNormShape): void;
  batchNormForwardInference(y: F, x: F, gamma: F, beta: F, runningMean: F, runningVariance: F, shape: BatchNormShape): void;
  /** With the running statistics as constants: for frozen normalisation. */
  batchNormBackwardInference(
    dx: F, dgamma: F, dbeta: F, x: F, dy: F, gamma: F, runningMean: F, runningVariance: F, shape: BatchNormShape,
  ): void;

  // Activations.
  reluForward: Activation;
  reluBackward: ActivationBackward;
  relu6Forward: Activation;
  relu6Backward: ActivationBackward;
  leakyReluForward(y: F, x: F, negativeSlope: number, shape: ElementwiseShape): void;
  leakyReluBackward(dx: F, x: F, dy: F, negativeSlope: number, shape: ElementwiseShape): void;
  sigmoidForward: Activation;
  sigmoidBackward: ActivationBackward;
  /** y = clip(slope * x + offset, 0, 1). */
  hardSigmoidForward(y: F, x: F, slope: number, offset: number, shape: ElementwiseShape): void;
  hardSigmoidBackward(dx: F, x: F, dy: F, slope: number, offset: number, shape: ElementwiseShape): void;
  siluForward: Activation;
  siluBackward: ActivationBackward;
  hardSwishForward: Activation;
  hardSwishBackward: ActivationBackward;
  tanhForward: Activation;
  tanhBackward: ActivationBackward;
  /** y = x times the normal distribution's share below x; and its approximation by tanh. */
  geluForward: Activation;
  geluBackward: ActivationBackward;
  geluTanhForward: Activation;
  geluTanhBackward: ActivationBackward;
  /** slope: [channels], of what is not above 0. */
  preluForward(y: F, x: F, slope: F, shape: ChannelShape): void;
  preluBackward(dx: F, dslope: F, x: F, dy: F, slope: F, shape: ChannelShape): void;
  /** Vectors [batch, channels] to length 1. */
  l2NormaliseForward(y: F, x: F, shape: ChannelShape): void;
  l2NormaliseBackward(dx: F, x: F, dy: F, shape: ChannelShape): void;

  // Pooling. Max pooling leaves the position of each maximum (in its channel's image, the first of equals) in argmax.
  globalAveragePoolForward(y: F, x: F, shape: ChannelShape): void;
  globalAveragePoolBackward(dx: F, dy: F, shape: ChannelShape): void;
  globalMaxPoolForward(y: F, argmax: Int32Array, x: F, shape: ChannelShape): void;
  globalMaxPoolBackward(dx: F, dy: F, argmax: Int32Array, shape: ChannelShape): void;
  adaptiveAveragePoolForward(y: F, x: F, shape: ResizeShape): void;
  adaptiveAveragePoolBackward(dx: F, dy: F, shape: ResizeShape): void;
  maxPoolForward(y: F, argmax: Int32Array, x: F, shape: Pool2dShape): void;
  maxPoolBackward(dx: F, dy: F, argmax: Int32Array, shape: Pool2dShape): void;
  averagePoolForward(y: F, x: F, shape: Pool2dShape): void;
  averagePoolBackward(dx: F, dy: F, shape: Pool2dShape): void;
  // Over the channels, pixel by pixel: [batch, channels, pixels] to [batch, pixels]; argmax holds channels.
  channelMeanForward(y: F, x: F, shape: ChannelShape): void;
  channelMeanBackward(dx: F, dy: F, shape: ChannelShape): void;
  channelMaxForward(y: F, argmax: Int32Array, x: F, shape: ChannelShape): void;
  channelMaxBackward(dx: F, dy: F, argmax: Int32Array, shape: ChannelShape): void;

  // Joining and moving.
  addForward(y: F, a: F, b: F, shape: ElementwiseShape): void;
  /** y = a + b, hence da += dy, and the same again for db. */
  addBackward(da: F, dy: F, shape: ElementwiseShape): void;
  /** b is added to the first channels of a. */
  partialAddForward(y: F, a: F, b: F, shape: PartialShape): void;
  partialAddBackward(da: F, db: F, dy: F, shape: PartialShape): void;
  /** y[n,c,p] = gate[n,c] * x[n,c,p]: the paper's F_scale. */
  channelScaleForward(y: F, x: F, gate: F, shape: ChannelShape): void;
  channelScaleBackward(dx: F, dgate: F, x: F, gate: F, dy: F, shape: ChannelShape): void;
  /** y[n,c,p] = gate[n,p] * x[n,c,p]. */
  pixelScaleForward(y: F, x: F, gate: F, shape: ChannelShape): void;
  pixelScaleBackward(dx: F, dgate: F, x: F, gate: F, dy: F, shape: ChannelShape): void;
  concatForward(y: F, inputs: readonly F[], shape: ConcatShape): void;
  concatBackward(dinputs: readonly F[], dy: F, shape: ConcatShape): void;
  /** [groups, channels / groups] of the channels becomes [channels / groups, groups]. */
  channelShuffleForward(y: F, x: F, shape: ShuffleShape): void;
  channelShuffleBackward(dx: F, dy: F, shape: ShuffleShape): void;
  upsampleNearestForward(y: F, x: F, shape: ResizeShape): void;
  upsampleNearestBackward(dx: F, dy: F, shape: ResizeShape): void;
  upsampleBilinearForward(y: F, x: F, shape: ResizeShape): void;
  upsampleBilinearBackward(dx: F, dy: F, shape: ResizeShape): void;

  /** Rows and columns around images. */
  padForward(y: F, x: F, shape: PadShape): void;
  padBackward(dx: F, dy: F, shape: PadShape): void;

  /**
   * Rounding in training, as quantised networks round: offset [channels], limits [3] (least, most, zero), factor [channels] where hard
   * swish comes before it.
   */
  fakeQuantiseForward(y: F, x: F, offset: F, limits: F, factor: F | null, shape: RoundingShape): void;
  fakeQuantiseBackward(dx: F, doffset: F | null, x: F, offset: F, limits: F, factor: F | null, dy: F, shape: RoundingShape): void;

  // Dropout: mask holds 0 or 1 / (1 - probability), drawn by the caller (random.ts), so that both passes see the same.
  dropoutForward(y: F, x: F, mask: F, shape: ElementwiseShape): void;
  dropoutBackward(dx: F, dy: F, mask: F, shape: ElementwiseShape): void;

  // Loss. probabilities: softmax of the logits; loss: [batch, pixels], one value a label, not averaged.
  softmaxForward(probabilities: F, logits: F, shape: CrossEntropyShape): void;
  crossEntropyForward(loss: F, probabilities: F, logits: F, labels: Int32Array, shape: CrossEntropyShape): void;
  /** dlogits += scale * (probabilities - target); scale is 1 / (batch * pixels) where the mean loss is trained. */
  crossEntropyBackward(dlogits: F, probabilities: F, labels: Int32Array, scale: number, shape: CrossEntropyShape): void;
  /** The same with shares [batch, pixels, classes] of all classes in place of labels; those of a row add up to 1. */
  softCrossEntropyForward(loss: F, probabilities: F, logits: F, shares: F, shape: CrossEntropyShape): void;
  softCrossEntropyBackward(dlogits: F, probabilities: F, shares: F, scale: number, shape: CrossEntropyShape): void;
}

/** What inference needs: the forward kernels, so that a bundle for it need not load the others. */
export interface InferenceKernels extends Pick<
  Kernels,
  | "conv2dForward" | "convTranspose2dForward" | "linearForward" | "batchNormForwardInference" | "reluForward" | "relu6Forward"
  | "leakyReluForward" | "sigmoidForward" | "hardSigmoidForward" | "siluForward" | "hardSwishForward" | "tanhForward"
  | "globalAveragePoolForward" | "globalMaxPoolForward" | "adaptiveAveragePoolForward" | "maxPoolForward" | "averagePoolForward"
  | "channelMeanForward" | "channelMaxForward" | "addForward" | "channelScaleForward" | "pixelScaleForward" | "concatForward"
  | "channelShuffleForward" | "upsampleNearestForward" | "upsampleBilinearForward"
> {
  /** Those that lean sessions do without. */
  readonly geluForward?: Activation;
  readonly geluTanhForward?: Activation;
  /** Doubles of working memory that convolutions of this family want (scratch.ts). */
  conv2dScratch(shape: Conv2dShape): number;
  convTranspose2dScratch(shape: Conv2dShape): number;
}

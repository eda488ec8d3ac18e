/**
 * The geometry of every operation: one validated, read-only record each, made once (by a layer or a
 * session) and handed to every kernel of that operation, so that kernels themselves check nothing and
 * allocate nothing. Sizes are in elements, images are NCHW.
 *
 * Every maker throws a RangeError that names the operation, the argument, what was wanted and what came.
 */

/** What a reference kernel computes on. Plain and wasm kernels are tuned for Float32Array. */
export type Floats = Float32Array | Float64Array;

/** A size for both image directions, or [height, width]. */
export type Pair = number | readonly [number, number];

/** `value` as [height, width]. */
export function pair(value: Pair): readonly [number, number] {
  return typeof value === "number" ? [value, value] : value;
}

function whole(operation: string, name: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`${operation}: ${name} wants a whole number of at least ${least}, got ${value}`);
  }
  return value;
}

function wholePair(operation: string, name: string, value: Pair, least: number): readonly [number, number] {
  const both = pair(value);
  for (const one of both) whole(operation, name, one, least);
  return both;
}

/** Sizes by their names, each at least 1. */
function sizes<S extends Readonly<Record<string, number>>>(operation: string, named: S): S {
  for (const name in named) whole(operation, name, named[name], 1);
  return named;
}

function finite(operation: string, name: string, value: number, low: number, high: number): number {
  if (!(value >= low && value <= high)) {
    throw new RangeError(`${operation}: ${name} wants a number from ${low} to ${high}, got ${value}`);
  }
  return value;
}

/** How many windows of `kernel` (spread by `dilation`) fit into `size` padded on both sides; may be below 1. */
function windows(size: number, kernel: number, stride: number, padding: number, dilation: number): number {
  return Math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
}

function fits(operation: string, height: number, width: number, outHeight: number, outWidth: number): void {
  if (outHeight < 1 || outWidth < 1) {
    throw new RangeError(`${operation}: an image of ${height}x${width} is too small: the output would be ${outHeight}x${outWidth}`);
  }
}

// ---- element-wise -------------------------------------------------------------------------------------------------

/** `size` elements, whatever their arrangement. */
export interface ElementwiseShape {
  readonly size: number;
}

export function elementwiseShape(size: number): ElementwiseShape {
  return { size: whole("elementwise", "size", size, 0) };
}

// ---- per channel: batch normalisation, global pooling, channel scale ----------------------------------------------

/** x: [batch, channels, pixels], `pixels` = height * width. */
export interface ChannelShape {
  readonly batch: number;
  readonly channels: number;
  readonly pixels: number;
}

export function channelShape(batch: number, channels: number, pixels: number): ChannelShape {
  return sizes("channels", { batch, channels, pixels });
}

export interface BatchNormShape extends ChannelShape {
  /** Added to the variance before the root. */
  readonly epsilon: number;
  /** Share of the new statistics in the running ones, 0 to 1 (PyTorch's convention). */
  readonly momentum: number;
}

export function batchNormShape(batch: number, channels: number, pixels: number, epsilon: number, momentum: number): BatchNormShape {
  return {
    ...channelShape(batch, channels, pixels),
    epsilon: finite("batchNorm", "epsilon", epsilon, 0, 1),
    momentum: finite("batchNorm", "momentum", momentum, 0, 1),
  };
}

// ---- convolution --------------------------------------------------------------------------------------------------

/**
 * x: [batch, inChannels, inHeight, inWidth], weight: [outChannels, inChannels / groups, kernelHeight, kernelWidth],
 * bias: [outChannels], y: [batch, outChannels, outHeight, outWidth].
 */
export interface Conv2dShape {
  readonly batch: number;
  readonly inChannels: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly paddingHeight: number;
  readonly paddingWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly groups: number;
}

export interface Conv2dOptions {
  readonly kernel: Pair;
  readonly stride?: Pair;
  readonly padding?: Pair;
  readonly dilation?: Pair;
  readonly groups?: number;
}

function convWindow(
  operation: string, options: Conv2dOptions, inChannels: number, outChannels: number,
  image: { readonly batch: number; readonly height: number; readonly width: number },
) {
  const [kernelHeight, kernelWidth] = wholePair(operation, "kernel", options.kernel, 1);
  const [strideHeight, strideWidth] = wholePair(operation, "stride", options.stride ?? 1, 1);
  const [paddingHeight, paddingWidth] = wholePair(operation, "padding", options.padding ?? 0, 0);
  const [dilationHeight, dilationWidth] = wholePair(operation, "dilation", options.dilation ?? 1, 1);
  const groups = whole(operation, "groups", options.groups ?? 1, 1);
  sizes(operation, { ...image, "input channels": inChannels, "output channels": outChannels });
  if (inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new RangeError(`${operation}: groups wants a divisor of ${inChannels} input and ${outChannels} output channels, got ${groups}`);
  }
  return { kernelHeight, kernelWidth, strideHeight, strideWidth, paddingHeight, paddingWidth, dilationHeight, dilationWidth, groups };
}

/** Geometry of a convolution (cross-correlation, as in every deep-learning library). */
export function conv2dShape(batch: number, inChannels: number, inHeight: number, inWidth: number, outChannels: number, options: Conv2dOptions): Conv2dShape {
  const w = convWindow("conv2d", options, inChannels, outChannels, { batch, height: inHeight, width: inWidth });
  const outHeight = windows(inHeight, w.kernelHeight, w.strideHeight, w.paddingHeight, w.dilationHeight);
  const outWidth = windows(inWidth, w.kernelWidth, w.strideWidth, w.paddingWidth, w.dilationWidth);
  fits("conv2d", inHeight, inWidth, outHeight, outWidth);
  return { batch, inChannels, inHeight, inWidth, outChannels, outHeight, outWidth, ...w };
}

/**
 * Geometry of a transposed convolution, the adjoint of a convolution: x is what that convolution puts out, y what it
 * takes in. weight: [inChannels, outChannels / groups, kernelHeight, kernelWidth], as PyTorch has it.
 * `outputPadding` adds rows and columns at the bottom and right that the division by the stride had lost.
 */
export function convTranspose2dShape(
  batch: number, inChannels: number, inHeight: number, inWidth: number, outChannels: number,
  options: Conv2dOptions & { readonly outputPadding?: Pair },
): Conv2dShape {
  const w = convWindow("convTranspose2d", options, inChannels, outChannels, { batch, height: inHeight, width: inWidth });
  const [extraHeight, extraWidth] = wholePair("convTranspose2d", "outputPadding", options.outputPadding ?? 0, 0);
  if (extraHeight >= Math.max(w.strideHeight, w.dilationHeight) || extraWidth >= Math.max(w.strideWidth, w.dilationWidth)) {
    throw new RangeError(`convTranspose2d: outputPadding wants less than the stride or the dilation, got ${extraHeight}x${extraWidth}`);
  }
  const outHeight = (inHeight - 1) * w.strideHeight - 2 * w.paddingHeight + w.dilationHeight * (w.kernelHeight - 1) + 1 + extraHeight;
  const outWidth = (inWidth - 1) * w.strideWidth - 2 * w.paddingWidth + w.dilationWidth * (w.kernelWidth - 1) + 1 + extraWidth;
  fits("convTranspose2d", inHeight, inWidth, outHeight, outWidth);
  return { batch, inChannels, inHeight, inWidth, outChannels, outHeight, outWidth, ...w };
}

// ---- linear -------------------------------------------------------------------------------------------------------

/** x: [batch, inFeatures], weight: [outFeatures, inFeatures], bias: [outFeatures], y: [batch, outFeatures]. */
export interface LinearShape {
  readonly batch: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

export function linearShape(batch: number, inFeatures: number, outFeatures: number): LinearShape {
  sizes("linear", { batch, "input features": inFeatures, "output features": outFeatures });
  return { batch, inFeatures, outFeatures };
}

// ---- pooling ------------------------------------------------------------------------------------------------------

/** x: [batch, channels, inHeight, inWidth], y: [batch, channels, outHeight, outWidth]. */
export interface Pool2dShape {
  readonly batch: number;
  readonly channels: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly paddingHeight: number;
  readonly paddingWidth: number;
  /** Average pooling only: do padded zeros count in the divisor? */
  readonly countPadding: boolean;
}

export interface Pool2dOptions {
  readonly kernel: Pair;
  /** The kernel's size where nothing is given. */
  readonly stride?: Pair;
  readonly padding?: Pair;
  /** Round the output size up: the last windows hang over the edge (Caffe's rule). */
  readonly ceilMode?: boolean;
  readonly countPadding?: boolean;
}

function poolOut(size: number, kernel: number, stride: number, padding: number, ceilMode: boolean): number {
  if (!ceilMode) return windows(size, kernel, stride, padding, 1);
  const out = Math.ceil((size + 2 * padding - kernel) / stride) + 1;
  // PyTorch's and Caffe's rule: a window must start inside the image or its left padding.
  return (out - 1) * stride >= size + padding ? out - 1 : out;
}

export function pool2dShape(batch: number, channels: number, inHeight: number, inWidth: number, options: Pool2dOptions): Pool2dShape {
  sizes("pool2d", { batch, channels, height: inHeight, width: inWidth });
  const [kernelHeight, kernelWidth] = wholePair("pool2d", "kernel", options.kernel, 1);
  const [strideHeight, strideWidth] = wholePair("pool2d", "stride", options.stride ?? options.kernel, 1);
  const [paddingHeight, paddingWidth] = wholePair("pool2d", "padding", options.padding ?? 0, 0);
  if (paddingHeight * 2 > kernelHeight || paddingWidth * 2 > kernelWidth) {
    throw new RangeError(`pool2d: padding wants at most half the kernel ${kernelHeight}x${kernelWidth}, got ${paddingHeight}x${paddingWidth}`);
  }
  const ceilMode = options.ceilMode ?? false;
  const outHeight = poolOut(inHeight, kernelHeight, strideHeight, paddingHeight, ceilMode);
  const outWidth = poolOut(inWidth, kernelWidth, strideWidth, paddingWidth, ceilMode);
  fits("pool2d", inHeight, inWidth, outHeight, outWidth);
  return {
    batch, channels, inHeight, inWidth, outHeight, outWidth, kernelHeight, kernelWidth,
    strideHeight, strideWidth, paddingHeight, paddingWidth, countPadding: options.countPadding ?? true,
  };
}

/** One size of image to another: adaptive pooling and upsampling. */
export interface ResizeShape {
  readonly batch: number;
  readonly channels: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  /** Bilinear only: corner pixels map onto corner pixels (PyTorch's `align_corners`). */
  readonly alignCorners: boolean;
}

export function resizeShape(
  batch: number, channels: number, inHeight: number, inWidth: number, outHeight: number, outWidth: number, alignCorners: boolean = false,
): ResizeShape {
  sizes("resize", { batch, channels, height: inHeight, width: inWidth, "output height": outHeight, "output width": outWidth });
  return { batch, channels, inHeight, inWidth, outHeight, outWidth, alignCorners };
}

// ---- channels moved -----------------------------------------------------------------------------------------------

/** inputs[i]: [batch, channels[i], pixels], y: [batch, sum of channels, pixels]. */
export interface ConcatShape {
  readonly batch: number;
  readonly channels: readonly number[];
  readonly outChannels: number;
  readonly pixels: number;
}

export function concatShape(batch: number, channels: readonly number[], pixels: number): ConcatShape {
  sizes("concat", { batch, pixels, "number of inputs": channels.length });
  let outChannels = 0;
  for (const c of channels) outChannels += whole("concat", "channels", c, 1);
  return { batch, channels: [...channels], outChannels, pixels };
}

/** x: [batch, groups * channelsPerGroup, pixels]. */
export interface ShuffleShape extends ChannelShape {
  readonly groups: number;
}

export function shuffleShape(batch: number, channels: number, pixels: number, groups: number): ShuffleShape {
  whole("channelShuffle", "groups", groups, 1);
  if (channels % groups !== 0) throw new RangeError(`channelShuffle: groups wants a divisor of ${channels} channels, got ${groups}`);
  return { ...channelShape(batch, channels, pixels), groups };
}

// ---- softmax with cross-entropy -----------------------------------------------------------------------------------

/** logits: [batch, classes, pixels] (pixels = 1 for whole images), labels: [batch, pixels], loss: [batch, pixels]. */
export interface CrossEntropyShape {
  readonly batch: number;
  readonly classes: number;
  readonly pixels: number;
  /** Label smoothing: the target is (1 - smoothing) on the label plus smoothing / classes everywhere. */
  readonly smoothing: number;
}

export function crossEntropyShape(batch: number, classes: number, pixels: number = 1, smoothing: number = 0): CrossEntropyShape {
  return {
    ...sizes("crossEntropy", { batch, classes, pixels }),
    smoothing: finite("crossEntropy", "smoothing", smoothing, 0, 1),
  };
}


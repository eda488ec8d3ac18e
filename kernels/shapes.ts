/**
 * The geometry of every operation: one validated, read-only record each, made once (by a layer or a
 * session) and handed to every kernel of that operation, so that kernels themselves check nothing and
 * allocate nothing. Sizes are in elements, images are NCHW.
 *
 * Every maker throws a RangeError that names the operation, the argument, what was wanted and what came.
 */

/**
 * What a reference kernel computes on. Plain and wasm kernels are tuned for Float32Array.
 * @example
 * const sum = (values: Floats): number => Array.from(values).reduce((a, b) => a + b, 0);
 * [sum(Float32Array.of(1, 2)), sum(Float64Array.of(1, 2))]   // => [3,3]
 */
export type Floats = Float32Array | Float64Array;

/** A size for both image directions, or [height, width]. */
export type Pair = number | readonly [number, number];

/** `value` as [height, width]; what is no list, twice. */
export function pair(value: Pair): readonly [number, number] {
  return Array.isArray(value) ? value as readonly number[] as readonly [number, number] : [value as number, value as number];
}

function whole(operation: string, name: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`${operation}: ${name} wants a whole number of at least ${least}, got ${String(value)}`);
  }
  return value;
}

function wholePair(operation: string, name: string, value: Pair, least: number): readonly [number, number] {
  const both = pair(value);
  // A list of another length is no number.
  for (const one of both.length === 2 ? both : [both as unknown as number]) whole(operation, name, one, least);
  return both;
}

/** Sizes by their names, each at least 1. */
function sizes<S extends Readonly<Record<string, number>>>(operation: string, named: S): S {
  for (const name in named) whole(operation, name, named[name], 1);
  return named;
}

function finite(operation: string, name: string, value: number, low: number, high: number): number {
  if (typeof value !== "number" || !(value >= low && value <= high)) {
    throw new RangeError(`${operation}: ${name} wants a number from ${low} to ${high}, got ${String(value)}`);
  }
  return value;
}

/**
 * Zeros around an image: as many on all sides, [top and bottom, left and right], or [top, left, bottom, right]. "same" is TensorFlow's
 * rule: as many
 * windows as the stride makes of the image's size (rounded up), the odd row or column of padding at the bottom and right.
 */
export type Padding = Pair | Sides | "same";
export type Sides = readonly [top: number, left: number, bottom: number, right: number];

function fits(operation: string, height: number, width: number, outHeight: number, outWidth: number): void {
  if (outHeight < 1 || outWidth < 1) {
    throw new RangeError(`${operation}: an image of ${height}x${width} is too small: the output would be ${outHeight}x${outWidth}`);
  }
}

/** Windows that move over an image. */
export interface WindowShape {
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  /** Also how far the first window begins outside of the image; what stands under the last one follows from the sizes. */
  readonly paddingTop: number;
  readonly paddingLeft: number;
  readonly paddingBottom: number;
  readonly paddingRight: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
}

export interface WindowOptions {
  readonly kernel: Pair;
  readonly stride?: Pair;
  readonly padding?: Padding;
  readonly dilation?: Pair;
}

/** The output's size may be below 1. */
function windowShape(
  operation: string, inHeight: number, inWidth: number, options: WindowOptions, ceilMode: boolean = false,
): WindowShape {
  const { kernel, stride = 1, padding = 0, dilation = 1 } = Object(options) as WindowOptions;
  const [k, s, d] = Object.entries({ kernel, stride, dilation }).map(([name, value]) => wholePair(operation, name, value, 1));
  const size = sizes(operation, { height: inHeight, width: inWidth });
  const axes = [size.height, size.width].map((n, i) => {
    // From the first to the last pixel of a window.
    const reach = d[i] * (k[i] - 1);
    return { n, reach, same: Math.max((Math.ceil(n / s[i]) - 1) * s[i] + reach + 1 - n, 0) };
  });
  const around: readonly number[] =
    padding === "same" ? [...axes.map(({ same }) => Math.floor(same / 2)), ...axes.map(({ same }) => Math.ceil(same / 2))]
    : Array.isArray(padding) ? padding as readonly number[] : typeof padding === "number" ? [padding, padding] : [padding as never];
  if (around.length !== 2 && around.length !== 4) {
    const got = String(around.length === 1 ? around[0] : around);
    throw new RangeError(`${operation}: padding wants 1, 2 or 4 numbers or "same", got ${got}`);
  }
  for (const one of around) whole(operation, "padding", one, 0);
  const [paddingTop, paddingLeft, paddingBottom = paddingTop, paddingRight = paddingLeft] = around;
  const [outHeight, outWidth] = axes.map(({ n, reach }, i) => {
    const steps = (n + around[i] + [paddingBottom, paddingRight][i] - reach - 1) / s[i];
    if (!ceilMode) return Math.floor(steps) + 1;
    // PyTorch's and Caffe's rule: a window must start inside the image or its padding before it.
    return Math.ceil(steps) * s[i] >= n + around[i] ? Math.ceil(steps) : Math.ceil(steps) + 1;
  });
  return {
    inHeight, inWidth, outHeight, outWidth, kernelHeight: k[0], kernelWidth: k[1], strideHeight: s[0], strideWidth: s[1],
    paddingTop, paddingLeft, paddingBottom, paddingRight, dilationHeight: d[0], dilationWidth: d[1],
  };
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

/** x: [batch, channels, pixels]. */
export interface RoundingShape extends ChannelShape {
  /** Does the result become whole? Without it the straight-through gradient is the derivative. */
  readonly rounds: boolean;
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
export interface Conv2dShape extends WindowShape {
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
}

export interface Conv2dOptions extends WindowOptions {
  readonly groups?: number;
}

function convWindow(
  operation: string, batch: number, inChannels: number, inHeight: number, inWidth: number, outChannels: number, options: Conv2dOptions,
): Conv2dShape {
  const window = windowShape(operation, inHeight, inWidth, options);
  const { groups = 1 } = options;
  whole(operation, "groups", groups, 1);
  sizes(operation, { batch, "input channels": inChannels, "output channels": outChannels });
  if (inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new RangeError(`${operation}: groups wants a divisor of ${inChannels} input and ${outChannels} output channels, got ${groups}`);
  }
  return { batch, inChannels, outChannels, ...window, groups };
}

/** Geometry of a convolution (cross-correlation, as in every deep-learning library). @param operation begins the messages of errors */
export function conv2dShape(
  batch: number, inChannels: number, inHeight: number, inWidth: number, outChannels: number, options: Conv2dOptions,
  operation: string = "conv2d",
): Conv2dShape {
  const shape = convWindow(operation, batch, inChannels, inHeight, inWidth, outChannels, options);
  fits(operation, inHeight, inWidth, shape.outHeight, shape.outWidth);
  return shape;
}

export interface ConvTranspose2dOptions extends Conv2dOptions {
  readonly outputPadding?: Pair;
}

/**
 * Geometry of a transposed convolution, the adjoint of a convolution: x is what that convolution puts out, y what it
 * takes in. weight: [inChannels, outChannels / groups, kernelHeight, kernelWidth], as PyTorch has it.
 * `outputPadding` adds rows and columns at the bottom and right that the division by the stride had lost.
 */
export function convTranspose2dShape(
  batch: number, inChannels: number, inHeight: number, inWidth: number, outChannels: number,
  options: ConvTranspose2dOptions,
): Conv2dShape {
  const w = convWindow("convTranspose2d", batch, inChannels, inHeight, inWidth, outChannels, options);
  if (options.padding === "same") throw new RangeError("convTranspose2d: padding wants numbers, got same");
  const { outputPadding = 0 } = options;
  const [extraHeight, extraWidth] = wholePair("convTranspose2d", "outputPadding", outputPadding, 0);
  if (extraHeight >= Math.max(w.strideHeight, w.dilationHeight) || extraWidth >= Math.max(w.strideWidth, w.dilationWidth)) {
    throw new RangeError(`convTranspose2d: outputPadding wants less than the stride or the dilation, got ${extraHeight}x${extraWidth}`);
  }
  const outHeight = (inHeight - 1) * w.strideHeight - w.paddingTop - w.paddingBottom + w.dilationHeight * (
    w.kernelHeight - 1
  ) + 1 + extraHeight;
  const outWidth = (inWidth - 1) * w.strideWidth - w.paddingLeft - w.paddingRight + w.dilationWidth * (w.kernelWidth - 1) + 1 + extraWidth;
  fits("convTranspose2d", inHeight, inWidth, outHeight, outWidth);
  return { ...w, outHeight, outWidth };
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
export interface Pool2dShape extends WindowShape {
  readonly batch: number;
  readonly channels: number;
  /** Average pooling only: do padded zeros count in the divisor? */
  readonly countPadding: boolean;
}

/** The stride is the kernel's size where nothing is given; padding is less than the kernel reaches, so that every window has a pixel. */
export interface Pool2dOptions extends WindowOptions {
  /** Round the output size up: the last windows hang over the edge (Caffe's rule). */
  readonly ceilMode?: boolean;
  readonly countPadding?: boolean;
}

export function pool2dShape(batch: number, channels: number, inHeight: number, inWidth: number, options: Pool2dOptions): Pool2dShape {
  sizes("pool2d", { batch, channels });
  const { kernel, stride = kernel, ceilMode, countPadding = true } = Object(options) as Pool2dOptions;
  const shape = windowShape("pool2d", inHeight, inWidth, { ...options, stride }, ceilMode);
  const { paddingTop, paddingLeft, paddingBottom, paddingRight } = shape;
  const [height, width] = [(shape.kernelHeight - 1) * shape.dilationHeight, (shape.kernelWidth - 1) * shape.dilationWidth];
  if (Math.max(paddingTop, paddingBottom) > height || Math.max(paddingLeft, paddingRight) > width) {
    throw new RangeError(
      `pool2d: padding wants at most ${height}x${width}, got ${[paddingTop, paddingLeft, paddingBottom, paddingRight].join("x")}`,
    );
  }
  fits("pool2d", inHeight, inWidth, shape.outHeight, shape.outWidth);
  return { batch, channels, ...shape, countPadding };
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
  if (!Array.isArray(channels)) throw new RangeError(`concat: channels wants a list of numbers, got ${String(channels)}`);
  sizes("concat", { batch, pixels, "number of inputs": channels.length });
  let outChannels = 0;
  for (const c of channels) outChannels += whole("concat", "channels", c, 1);
  return { batch, channels: [...channels], outChannels, pixels };
}

/** a and y: [batch, channels, pixels], b: [batch, added, pixels]. */
export interface PartialShape extends ChannelShape {
  readonly added: number;
}

export function partialShape(batch: number, channels: number, added: number, pixels: number): PartialShape {
  const shape = channelShape(batch, channels, pixels);
  if (whole("partialAdd", "added channels", added, 1) > channels) {
    throw new RangeError(`partialAdd: added channels want at most ${channels}, got ${added}`);
  }
  return { ...shape, added };
}

/** What stands around an image: one number, the nearest pixel, pixels reflected at the edge pixel, or those of the other side. */
export type PadMode = "constant" | "edge" | "reflect" | "wrap";
const padModes: readonly PadMode[] = ["constant", "edge", "reflect", "wrap"];

/** x: [planes, inHeight, inWidth], y: [planes, outHeight, outWidth]; x begins at [top, left] of y. */
export interface PadShape {
  readonly planes: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly top: number;
  readonly left: number;
  readonly mode: PadMode;
  /** Of the constant. */
  readonly value: number;
}

export function padShape(
  planes: number, inHeight: number, inWidth: number, sides: Sides, mode: PadMode, value: number = 0,
): PadShape {
  if (!Array.isArray(sides) || sides.length !== 4) {
    throw new RangeError(`pad: padding wants [top, left, bottom, right], got ${String(sides)}`);
  }
  const [top, left, bottom, right] = sides;
  if (!padModes.includes(mode)) throw new RangeError(`pad: mode wants one of ${padModes.join(", ")}, got ${String(mode)}`);
  if (typeof value !== "number") throw new RangeError(`pad: value wants a number, got ${String(value)}`);
  sizes("pad", { planes, height: inHeight, width: inWidth });
  for (const side of [top, left, bottom, right]) whole("pad", "padding", side, 0);
  if (mode === "reflect" && (Math.max(top, bottom) >= inHeight || Math.max(left, right) >= inWidth)) {
    throw new RangeError(`pad: reflecting ${[top, left, bottom, right].join("x")} pixels wants a larger image, got ${inHeight}x${inWidth}`);
  }
  return { planes, inHeight, inWidth, outHeight: top + inHeight + bottom, outWidth: left + inWidth + right, top, left, mode, value };
}

/** x: [batch, groups * channelsPerGroup, pixels]. */
export interface ShuffleShape extends ChannelShape {
  readonly groups: number;
}

export function shuffleShape(batch: number, channels: number, pixels: number, groups: number): ShuffleShape {
  whole("channelShuffle", "groups", groups, 1);
  whole("channelShuffle", "channels", channels, 1);
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


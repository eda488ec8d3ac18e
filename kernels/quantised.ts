/**
 * What operations on bytes are told (docs/int8.md): records that graphs hold and kernels read. What each gives is said in
 * kernels/reference/quantised.
 */

/** What the bytes of a tensor mean: real value = scale[c] * (q - zero). */
export interface Quantisation {
  /** One a channel; mostly they are all the same. */
  readonly scale: Float32Array;
  /** The byte that stands for 0. */
  readonly zero: number;
}

/** How sums become bytes; arrays have one number an output channel. */
export interface Epilogue {
  readonly multiplier: Float32Array;
  readonly offset: Float32Array;
  /** Whole numbers from 0 to 127. */
  readonly least: number;
  readonly most: number;
  /** 0 where there is no residual. */
  readonly residualMultiplier: number;
  /** Hard swish: factor[o] = round(1 / (6 * scale of y)). */
  readonly hardSwish?: { readonly factor: Float32Array; readonly zero: number } | undefined;
}

/** A sum: y = byte of (a * multiplierA + b * multiplierB) + offset. */
export interface AddRescaling {
  /** Scale of a, of b, over that of y. */
  readonly multiplierA: number;
  readonly multiplierB: number;
  /** zero of y - zero of a * multiplierA - zero of b * multiplierB. */
  readonly offset: number;
  readonly least: number;
  readonly most: number;
}

/** Channels one after the other: y = byte of (the byte of an input) * multiplier[o] + offset[o]; 1 and 0 where both mean the same. */
export interface ConcatRescaling {
  /** Of each output channel: scale of its input over that of y, and zero of y - zero of the input * multiplier. */
  readonly multiplier: Float32Array;
  readonly offset: Float32Array;
}

/** SE's scale: y = byte of (x - zero) * (multiplier * gate) + offset. */
export interface ScaleRescaling {
  /** Of x. */
  readonly zero: number;
  /** Scale of x over that of y. */
  readonly multiplier: number;
  /** Zero of y. */
  readonly offset: number;
  readonly least: number;
  readonly most: number;
}

/** An affine map of each channel (normalisation that no convolution took over): y = byte of x * multiplier[c] + offset[c]. */
export interface AffineRescaling {
  readonly multiplier: Float32Array;
  readonly offset: Float32Array;
  readonly least: number;
  readonly most: number;
}

/** The squeeze: y = sum * factor[c] + offset[c], with factor = scale / pixels and offset = -scale * zero of the channel. */
export interface MeanRescaling {
  readonly factor: Float32Array;
  readonly offset: Float32Array;
}

/** Means of windows: y = byte of sum * (multiplier / count) + offset. */
export interface AveragePoolRescaling {
  /** Scale of x over that of y, and zero of y - zero of x * multiplier. */
  readonly multiplier: number;
  readonly offset: number;
  /** Of x. Where it is given, what is outside of the image counts, as this byte. */
  readonly padding: number | undefined;
}

/**
 * What the gradients of a convolution are made for, and how the one by the input falls apart into convolutions with stride 1.
 *
 * Forward was y[oh] = sum over k of w[k] x[oh * stride - padding + k * dilation], hence dx[i] collects w[k] dy[oh] from all k for which oh
 * = (i + padding - k * dilation) / stride is whole. Which k these are depends on i modulo the stride only: a phase. Within a phase, from
 * one i to the next (stride further) oh grows by one, and from one k to the one before it by dilation / gcd(stride, dilation): so a phase
 * is a convolution of dy with stride 1, that dilation, and some of the kernel's taps, last one first. Stride 1 has one phase with all of
 * them; 3x3 with stride 2 four, with 1, 2, 2 and 4; 1x1 with stride 2 one with one tap and three with none, which are zero.
 */
import { checkWindows, paddingName } from "../../convolution/params.ts";
import type { ConvGeometry } from "../../convolution/params.ts";
import type { VectorArithmetic } from "../../shared/arithmetic.ts";

/** The geometry is that of the forward convolution: input is x, or its gradient, output the gradient of y. */
export interface ConvGradientParams extends VectorArithmetic, ConvGeometry {
  readonly batch: number;
}

/** One axis of a phase. */
export interface Phase {
  /** The first row of dx, and how many there are, each a stride after the other. */
  readonly first: number;
  readonly count: number;
  /** How many taps; the kernel's row of the first (its last one), and of each next one less by this. */
  readonly taps: number;
  readonly tap: number;
  readonly tapStride: number;
  /** Row of dy under the first tap for the first row; rows of dy from tap to tap. */
  readonly start: number;
  readonly dilation: number;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The phases of an axis (0: rows, 1: columns) that have a row at all, by their first row. */
export function phases({ input, kernel, stride, padding, dilation }: ConvGradientParams, axis: 0 | 1): Phase[] {
  const size = axis === 0 ? input.height : input.width;
  const [k, s, p, d] = [kernel[axis], stride[axis], padding[axis], dilation[axis]];
  const common = greatestCommonDivisor(s, d);
  const all: Phase[] = [];
  for (let first = 0; first < Math.min(s, size); first++) {
    const taps = Array.from({ length: k }, (_, tap) => tap).filter((tap) => (first + p - tap * d) % s === 0);
    const tap = taps.length === 0 ? 0 : taps[taps.length - 1];
    all.push({
      first, count: Math.ceil((size - first) / s), taps: taps.length, tap, tapStride: s / common,
      start: taps.length === 0 ? 0 : (first + p - tap * d) / s, dilation: d / common,
    });
  }
  return all;
}

/** The halo that the gradient of y wants for the gradient by the input: how far outside of it the phases read. */
export function gradientHalo(params: ConvGradientParams): number {
  const { output } = params;
  let halo = 0;
  for (const axis of [0, 1] as const) {
    const size = axis === 0 ? output.height : output.width;
    for (const { taps, start, count, dilation } of phases(params, axis)) {
      if (taps > 0) halo = Math.max(halo, -start, start + count - 1 + (taps - 1) * dilation - (size - 1));
    }
  }
  return halo;
}

/** @throws RangeError where sizes do not belong together; `operation` begins the message. */
export function checkGradient(operation: string, params: ConvGradientParams): void {
  const { batch } = params;
  if (!(Number.isSafeInteger(batch) && batch >= 1)) {
    throw new RangeError(`${operation}: batch wants a whole number of at least 1, got ${batch}`);
  }
  checkWindows(operation, params);
}

/** The part of a kernel's name that says what it computes. */
export function gradientName(params: ConvGradientParams): string {
  const { batch, input, output, kernel, stride, dilation, groups, fma } = params;
  return [
    ...(fma ? ["fma"] : []), `n${batch}`,
    `k${kernel.join("x")}`, `s${stride.join("x")}`, `p${paddingName(params)}`, `d${dilation.join("x")}`, `g${groups}`,
    `c${input.channels}x${output.channels}`, `${input.height}x${input.width}`, `h${input.halo}x${output.halo}`,
  ].join("_");
}

/**
 * The arithmetic of eight bits (docs/int8.md): what a byte means, and how numbers become bytes. Everything is stated to the bit, so that
 * every engine, kernel and thread gives the same: sums are whole numbers, and what is not whole is float32, one rounding an operation, in
 * one order. `round` below is that rounding (to the nearest, halves to even).
 *
 * An activation is a whole number q from 0 to 127, of which 7 bits are used, so that no engine's dot product of bytes saturates:
 *
 *   real value = scale * (q - zero)          scale > 0, zero a whole number from 0 to 127
 *
 * A weight is a whole number from -127 to 127 with a scale of its output channel and no zero point: real weight = scale[o] * w.
 */

import type { Quantisation } from "../../quantised.ts";
import type { ChannelShape } from "../../shapes.ts";

/** Of a float64, the nearest float32: what one operation of float32 leaves. */
export const round: (x: number) => number = Math.fround;

/** The largest activation; the smallest is 0. */
export const MOST = 127;

/** 1.5 * 2^23: added to a number below 2^22 it leaves no bits for fractions, so the sum is rounded to a whole number, halves to even. */
export const MAGIC = 12582912;

/**
 * A float32 number as a byte of least to most (whole numbers from 0 to 127). It is cut first, so that NaN becomes `least`, and infinities
 * the ends; then rounded, halves to even.
 */
export function toByte(x: number, least: number, most: number): number {
  const above = x > least ? x : least;
  const within = above < most ? above : most;
  return round(within + MAGIC) - MAGIC;
}

/** q = byte of x * factor[c] + zero; x, q [batch, channels, pixels]. @param factor round(1 / scale[c]) */
export function quantise(q: Uint8Array, x: Float32Array, shape: ChannelShape, factor: Float32Array, zero: number): void {
  for (let plane = 0, i = 0; plane < shape.batch * shape.channels; plane++) {
    const by = factor[plane % shape.channels];
    for (const end = i + shape.pixels; i < end; i++) q[i] = toByte(round(round(x[i] * by) + zero), 0, MOST);
  }
}

/** x = scale[c] * (q - zero). */
export function dequantise(x: Float32Array, q: Uint8Array, shape: ChannelShape, { scale, zero }: Quantisation): void {
  for (let plane = 0, i = 0; plane < shape.batch * shape.channels; plane++) {
    const by = scale[plane % shape.channels];
    for (const end = i + shape.pixels; i < end; i++) x[i] = by * (q[i] - zero);
  }
}

/** Any function of one byte: y[i] = table[x[i]]. Hard swish, SiLU and other scales of the same values are tables of 128. */
export function table(y: Uint8Array, x: Uint8Array, entries: Uint8Array): void {
  for (let i = 0; i < y.length; i++) y[i] = entries[x[i]];
}

/** How numbers are held in memory. A kernel's name begins with the format that it computes in; `x32`, `x8` only move numbers. */

/** `f32`: float32; `u7`: bytes from 0 to 127 (docs/int8.md). */
export type NumberFormat = "f32" | "u7";

/** Numbers of any format. */
export type Numbers = Float32Array | Uint8Array;

interface NumberArray {
  readonly BYTES_PER_ELEMENT: number;
  new (size: number): Numbers;
  new (buffer: ArrayBufferLike, at?: number, size?: number): Numbers;
}

/** The array of each format. */
export const numberArrays: Readonly<Record<NumberFormat, NumberArray>> = { f32: Float32Array, u7: Uint8Array };

/** Bytes of so many numbers. */
export function bytesOf(count: number, format: NumberFormat = "f32"): number {
  return numberArrays[format].BYTES_PER_ELEMENT * count;
}

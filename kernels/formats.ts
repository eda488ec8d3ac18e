/** How numbers are held in memory. A kernel's name begins with the format that it computes in; `x32`, `x8` only move numbers. */

/** `f32`: float32; `u7`: bytes from 0 to 127 (docs/int8.md). */
export type NumberFormat = "f32" | "u7";

/** Bytes of one number. */
export const formatBytes: Readonly<Record<NumberFormat, number>> = { f32: 4, u7: 1 };

/** Bytes of so many numbers. */
export function bytesOf(count: number, format: NumberFormat = "f32"): number {
  return formatBytes[format] * count;
}

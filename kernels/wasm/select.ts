/**
 * Which tile a kernel has, and how much it does before it comes back to the same weights. Each choice with the measurement behind it
 * (bench/wasm-conv.ts; one core of a Zen 4 server, Node 20 = V8 11.3, peak 59 GFLOP/s).
 */
import type { ConvParams } from "./conv-params.ts";
import { rowPitch } from "./layout.ts";

/** Output pixels and output channels that are summed at once, in registers. */
export interface Tile {
  readonly pixels: number;
  readonly channels: number;
}

/** Channels of a full panel of weights. */
export const PANEL = 16;

/**
 * Pixels of a tile that is `channels` (4, 8, 12 or 16) wide. x64 has 15 vector registers for us, and V8 before 13 loads all operands of
 * a step first: sums + weights + pixels must fit.
 */
export function tilePixels(channels: number): number {
  return { 16: 2, 12: 3, 8: 4, 4: 6 }[channels] ?? 2;
}

/** Output rows after which the next panel of weights has its turn: their input should stay in the second-level cache beside one panel. */
export function rowsPerBlock({ input, stride }: ConvParams): number {
  return Math.max(1, Math.floor(131072 / (4 * stride[0] * rowPitch(input))));
}

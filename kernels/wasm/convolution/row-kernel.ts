/** What a kernel of rows (row.ts) is made for, and how it is called. */
import type { Func } from "../assembler/handles.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import type { VectorArithmetic } from "../shared/arithmetic.ts";
import type { ConvEpilogue } from "./epilogue.ts";

/** A loop over places of the kernel: how many, and the bytes between them. */
export interface Segment {
  readonly count: number;
  readonly pitch: number;
}

/** What instructions a convolution may use. */
export interface ConvArithmetic extends VectorArithmetic {
  /** Emits rows in tiles of 6 pixels by 8 channels (convolution/tall.ts), where those are faster: fused; never with `wide`. */
  readonly tall?: ((m: ModuleBuilder, kernel: RowKernel) => RowFunc) | undefined;
}

export interface RowKernel extends ConvArithmetic {
  readonly name: string;
  /** Pixels of a tile. */
  readonly pixels: number;
  /** Channels of the panel: a multiple of 4. */
  readonly columns: number;
  /** Channels from step to step of the weights, where they are more than the tile's. */
  readonly panelColumns?: number;
  /** How many of them exist: less than 4 fewer. */
  readonly valid: number;
  /** Pixels of the row; undefined where the caller says it. */
  readonly width: number | undefined;
  /** Loops around `run` contiguous floats, the outermost first. */
  readonly segments: readonly Segment[];
  readonly run: number;
  /** What sums begin with: the biases that the panel begins with, unless told otherwise; 0; or what is in the output. */
  readonly begin?: "bias" | "zero" | "output";
  /** Bytes between the windows of neighbouring pixels, between these, and between their residuals. */
  readonly inPixel: number;
  readonly outPixel: number;
  readonly residualPixel: number;
  readonly epilogue: ConvEpilogue;
}

/** Of the row's first pixel: window, output and residual; the panel; the gates of its channels; how many pixels. */
export const rowParams = { x: "i32", w: "i32", y: "i32", residual: "i32", gate: "i32", pixels: "i32" } as const;

export type RowFunc = Func<typeof rowParams>;

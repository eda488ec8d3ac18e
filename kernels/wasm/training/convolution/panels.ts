/** How the weights of a convolution lie packed, forward and for the gradient by the input: both as convolution/panels.ts has it. */
import { convPanels } from "../../convolution/panels.ts";
import type { Panels } from "../../convolution/panels.ts";
import { noEpilogue } from "../../convolution/epilogue.ts";
import type { ConvParams } from "../../convolution/params.ts";
import { phases } from "./phases.ts";
import type { ConvGradientParams, Phase } from "./phases.ts";

/** The convolution itself. */
export function forwardParams(
  { input, output, kernel, stride, padding, paddingEnd = padding, dilation, groups, fma, wide }: ConvGradientParams,
): ConvParams {
  return { input, output, kernel, stride, padding, paddingEnd, dilation, groups, fma, wide, epilogue: noEpilogue };
}

/** One phase of the gradient by the input, rows and columns; it has taps. */
export interface DataPhase {
  readonly rows: Phase;
  readonly columns: Phase;
  /** It as a convolution from dy to dx with stride 1, as far as weights are concerned; sizes are those of its rows and columns. */
  readonly conv: ConvParams;
  readonly panels: Panels;
  /** Floats before its weights. */
  readonly start: number;
}

/** The phases that have taps, in the order of their weights. */
export function dataPhases(params: ConvGradientParams): DataPhase[] {
  const { input, output, groups, fma, wide } = params;
  const all: DataPhase[] = [];
  let start = 0;
  for (const rows of phases(params, 0)) {
    for (const columns of phases(params, 1)) {
      if (rows.taps * columns.taps === 0) continue;
      const conv: ConvParams = {
        input: output, output: { channels: input.channels, height: rows.count, width: columns.count, halo: 0 },
        kernel: [rows.taps, columns.taps], stride: [1, 1], padding: [0, 0], dilation: [rows.dilation, columns.dilation], groups, fma, wide,
        epilogue: noEpilogue,
      };
      const panels = convPanels(conv);
      all.push({ rows, columns, conv, panels, start });
      start += groups * panels.groupSize;
    }
  }
  return all;
}

/** Floats of the weights packed for the gradient by the input. */
export function packedGradientSize(params: ConvGradientParams): number {
  return dataPhases(params).reduce((sum, { panels }) => sum + params.groups * panels.groupSize, 0);
}

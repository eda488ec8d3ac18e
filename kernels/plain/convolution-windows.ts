/** A convolution and its adjoint as sums over windows (windows.ts). */
import type { Conv2dShape } from "../shapes.ts";
import type { Windows } from "./windows.ts";

/** y[o, place] = sum over c, kh, kw of weight[o,c,kh,kw] * x[c, place * stride - padding + tap * dilation]. */
export function forwardWindows(s: Conv2dShape): Windows {
  const channels = s.inChannels / s.groups;
  const rows = s.outChannels / s.groups;
  const taps = s.kernelHeight * s.kernelWidth;
  return {
    batch: s.batch, groups: s.groups, channels, height: s.inHeight, width: s.inWidth,
    gridHeight: s.outHeight, gridWidth: s.outWidth,
    strideHeight: s.strideHeight, strideWidth: s.strideWidth, baseHeight: -s.paddingTop, baseWidth: -s.paddingLeft,
    tapsHeight: s.kernelHeight, tapsWidth: s.kernelWidth, stepHeight: s.dilationHeight, stepWidth: s.dilationWidth,
    rows, weightFirst: 0, weightRow: channels * taps, weightChannel: taps, weightTapRow: s.kernelWidth, weightTap: 1,
    weightGroup: rows * channels * taps,
    outHeight: s.outHeight, outWidth: s.outWidth, outTop: 0, outLeft: 0, outStepHeight: 1, outStepWidth: 1,
  };
}

/**
 * dx[c, i] = sum over o, kh, kw of weight[o,c,kh,kw] * dy[o, (i + padding - k * dilation) / stride] where that is whole. All i
 * with the same remainder of i + padding by the stride use the same taps: one sum over windows for each remainder.
 */
export function adjointPhases(s: Conv2dShape): Windows[] {
  const channels = s.outChannels / s.groups;
  const rows = s.inChannels / s.groups;
  const taps = s.kernelHeight * s.kernelWidth;
  const phases: Windows[] = [];
  for (let top = 0; top < Math.min(s.strideHeight, s.inHeight); top++) {
    const vertical = direction(s.kernelHeight, s.strideHeight, s.dilationHeight, top + s.paddingTop);
    for (let left = 0; left < Math.min(s.strideWidth, s.inWidth); left++) {
      const horizontal = direction(s.kernelWidth, s.strideWidth, s.dilationWidth, left + s.paddingLeft);
      phases.push({
        batch: s.batch, groups: s.groups, channels, height: s.outHeight, width: s.outWidth,
        gridHeight: Math.ceil((s.inHeight - top) / s.strideHeight), gridWidth: Math.ceil((s.inWidth - left) / s.strideWidth),
        strideHeight: 1, strideWidth: 1, baseHeight: vertical.base, baseWidth: horizontal.base,
        tapsHeight: vertical.taps, tapsWidth: horizontal.taps, stepHeight: vertical.step, stepWidth: horizontal.step,
        rows, weightFirst: vertical.first * s.kernelWidth + horizontal.first, weightRow: taps, weightChannel: rows * taps,
        weightTapRow: vertical.every * s.kernelWidth, weightTap: horizontal.every, weightGroup: channels * rows * taps,
        outHeight: s.inHeight, outWidth: s.inWidth, outTop: top, outLeft: left, outStepHeight: s.strideHeight, outStepWidth: s.strideWidth,
      });
    }
  }
  return phases;
}

/**
 * Of the taps k of one direction, those with k * dilation = `place` (modulo stride): the first and every `every`-th from there,
 * `taps` in all; the first lies at `base` in dy, the next `step` further.
 */
function direction(kernel: number, stride: number, dilation: number, place: number) {
  let every = 1;
  while ((every * dilation) % stride !== 0) every++;
  let first = 0;
  while (first < every && (place - first * dilation) % stride !== 0) first++;
  const taps = first < Math.min(every, kernel) ? Math.ceil((kernel - first) / every) : 0;
  return { every, first, taps, base: taps === 0 ? 0 : (place - first * dilation) / stride, step: -(every * dilation) / stride };
}

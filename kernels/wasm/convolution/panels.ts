/**
 * Weights as convolution kernels read them. The output channels of a group are cut into panels of 16; the last one is as wide as what is
 * left, rounded up to a multiple of 4. A panel holds its biases, then for each term (kernel row, kernel column, input channel) one
 * weight a channel. What is no channel is 0.
 */
import { checkLengths } from "./params.ts";
import type { ConvParams } from "./params.ts";
import { PANEL } from "./tiles.ts";

/** Input channels that are packed together: a cache line of a 1x1 kernel's weights. */
const CHANNELS_AT_ONCE = 16;

export interface Panels {
  /** Input channels of a group, and additions to one output. */
  readonly inPerGroup: number;
  readonly terms: number;
  readonly outPerGroup: number;
  /** Panels of 16 in a group, the channels of the one after them (0 if there is none), and that rounded up. */
  readonly full: number;
  readonly rest: number;
  readonly restColumns: number;
  /** Panels of a group, and of all. */
  readonly perGroup: number;
  readonly count: number;
  /** Floats of a group. */
  readonly groupSize: number;
}

/** How the channels are cut. */
export function convPanels({ input, output, kernel, groups }: ConvParams): Panels {
  const inPerGroup = input.channels / groups;
  const outPerGroup = output.channels / groups;
  const terms = kernel[0] * kernel[1] * inPerGroup;
  const full = Math.floor(outPerGroup / PANEL);
  const rest = outPerGroup % PANEL;
  const restColumns = 4 * Math.ceil(rest / 4);
  const perGroup = full + (rest > 0 ? 1 : 0);
  const groupSize = (terms + 1) * (PANEL * full + restColumns);
  return { inPerGroup, terms, outPerGroup, full, rest, restColumns, perGroup, count: groups * perGroup, groupSize };
}

/** Floats of the packed weights. */
export function packedConvSize(params: ConvParams): number {
  return params.groups * convPanels(params).groupSize;
}

/**
 * @param weight [outChannels, inChannels / groups, kernelHeight, kernelWidth]
 * @param bias [outChannels], or null for none
 * @param packed where to write; new by default
 * @param factors [outChannels] by which weights, not biases, are multiplied; rounded once
 * @param firstColumn output channel of each group at which to begin; a panel's first
 */
export function packConvWeights(
  weight: Float32Array, bias: Float32Array | null, params: ConvParams, packed: Float32Array = new Float32Array(packedConvSize(params)),
  factors: ArrayLike<number> = new Float32Array(params.output.channels).fill(1), firstColumn: number = 0,
): Float32Array {
  const { output, kernel, groups } = params;
  const taps = kernel[0] * kernel[1];
  const { inPerGroup, terms, outPerGroup } = convPanels(params);
  checkLengths(
    "packConvWeights",
    [["weight", weight, output.channels * terms], ["bias", bias, output.channels], ["packed", packed, packedConvSize(params)]],
  );
  let at = 0;
  for (let group = 0; group < groups; group++) {
    at += firstColumn * (terms + 1);
    for (let column = firstColumn; column < outPerGroup; column += PANEL) {
      const valid = Math.min(PANEL, outPerGroup - column);
      const columns = 4 * Math.ceil(valid / 4);
      const first = group * outPerGroup + column;
      packed.fill(0, at, at + columns * (terms + 1));
      if (bias !== null) packed.set(bias.subarray(first, first + valid), at);
      at += columns;
      // Some input channels at a time: read one after the other, they stay in the cache until all output channels have written beside each
      // other.
      for (let c = 0; c < inPerGroup; c += CHANNELS_AT_ONCE) {
        const count = Math.min(CHANNELS_AT_ONCE, inPerGroup - c);
        for (let j = 0; j < valid; j++) {
          const factor = factors[first + j];
          let from = (first + j) * terms + c * taps;
          const to = at + c * columns + j;
          for (let i = 0; i < count; i++) {
            for (let tap = 0; tap < taps; tap++) packed[to + (tap * inPerGroup + i) * columns] = weight[from++] * factor;
          }
        }
      }
      at += columns * terms;
    }
  }
  return packed;
}

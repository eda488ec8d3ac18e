/** Weights as Strassen's kernels read them (strassen.ts). */
import { checkLengths } from "../params.ts";
import type { ConvParams } from "../params.ts";
import { PANEL } from "../tiles.ts";

/** Products instead of eight. */
export const PRODUCTS = 7;

/** Input channels that are packed together, so that the lines they are written to stay in the first cache. */
const CHANNELS_AT_ONCE = 16;

/** Floats of the packed weights. */
export function packedStrassenSize({ input, output, kernel }: ConvParams): number {
  return output.channels + (PRODUCTS * kernel[0] * kernel[1] * input.channels * output.channels) / 4;
}

/**
 * Panels of 16 output channels and as many half of all further on: the biases of both, then for each product, for each place of the kernel,
 * for each of half the input channels, 16 weights.
 *
 * @param weight [outChannels, inChannels, kernelHeight, kernelWidth]
 * @param bias [outChannels], or null for none
 * @param packed where to write; new by default
 * @param factors [outChannels] by which weights, not biases, are multiplied
 */
export function packStrassenWeights(
  weight: Float32Array, bias: Float32Array | null, params: ConvParams, packed: Float32Array = new Float32Array(packedStrassenSize(params)),
  factors: ArrayLike<number> = new Float32Array(params.output.channels).fill(1),
): Float32Array {
  const [inputs, outputs] = [params.input.channels, params.output.channels];
  const taps = params.kernel[0] * params.kernel[1];
  checkLengths(
    "packStrassenWeights",
    [["weight", weight, taps * inputs * outputs], ["bias", bias, outputs], ["packed", packed, packedStrassenSize(params)]],
  );
  const [someInputs, someOutputs] = [inputs / 2, outputs / 2];
  const product = taps * someInputs * PANEL;
  let at = 0;
  for (let first = 0; first < someOutputs; first += PANEL) {
    for (const half of [first, first + someOutputs]) {
      if (bias === null) packed.fill(0, at, at + PANEL);
      else packed.set(bias.subarray(half, half + PANEL), at);
      at += PANEL;
    }
    for (let begin = 0; begin < someInputs; begin += CHANNELS_AT_ONCE) {
      const end = Math.min(someInputs, begin + CHANNELS_AT_ONCE);
      for (let j = 0; j < PANEL; j++) {
        const [left, right] = [first + j, first + j + someOutputs];
        for (let c = begin; c < end; c++) {
          for (let tap = 0; tap < taps; tap++) {
            // The quarters B11, B12, B21, B22; rows are inputs, columns outputs.
            const upperLeft = factors[left] * weight[(left * inputs + c) * taps + tap];
            const upperRight = factors[right] * weight[(right * inputs + c) * taps + tap];
            const lowerLeft = factors[left] * weight[(left * inputs + someInputs + c) * taps + tap];
            const lowerRight = factors[right] * weight[(right * inputs + someInputs + c) * taps + tap];
            const to = at + (tap * someInputs + c) * PANEL + j;
            packed[to] = upperLeft + lowerRight;
            packed[to + product] = upperLeft;
            packed[to + 2 * product] = upperRight - lowerRight;
            packed[to + 3 * product] = lowerLeft - upperLeft;
            packed[to + 4 * product] = lowerRight;
            packed[to + 5 * product] = upperLeft + upperRight;
            packed[to + 6 * product] = lowerLeft + lowerRight;
          }
        }
      }
    }
    at += PRODUCTS * product;
  }
  return packed;
}

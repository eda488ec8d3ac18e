/**
 * Weights as depthwise kernels read them: panels of 4 channels, the last one filled up with 0; a panel holds 4 biases, then 4 weights for
 * each place of the kernel, row by row.
 */
import { checkLengths } from "../params.ts";
import type { ConvParams } from "../params.ts";

/** Panels of 4 channels. */
export function depthwisePanels({ output }: ConvParams): number {
  return Math.ceil(output.channels / 4);
}

/** Floats of the packed weights. */
export function packedDepthwiseSize(params: ConvParams): number {
  return 4 * depthwisePanels(params) * (params.kernel[0] * params.kernel[1] + 1);
}

/**
 * @param weight [channels, 1, kernelHeight, kernelWidth]
 * @param bias [channels], or null for none
 * @param packed where to write; new by default
 * @param factors [channels] by which weights, not biases, are multiplied; rounded once
 */
export function packDepthwiseWeights(
  weight: Float32Array, bias: Float32Array | null, params: ConvParams, packed: Float32Array = new Float32Array(packedDepthwiseSize(params)),
  factors: Float64Array = new Float64Array(params.output.channels).fill(1),
): Float32Array {
  const { channels } = params.output;
  const taps = params.kernel[0] * params.kernel[1];
  checkLengths(
    "packDepthwiseWeights",
    [["weight", weight, channels * taps], ["bias", bias, channels], ["packed", packed, packedDepthwiseSize(params)]],
  );
  packed.fill(0);
  for (let c = 0; c < channels; c++) {
    const at = Math.floor(c / 4) * 4 * (taps + 1) + (c % 4);
    if (bias !== null) packed[at] = bias[c];
    for (let tap = 0; tap < taps; tap++) packed[at + 4 * (tap + 1)] = weight[c * taps + tap] * factors[c];
  }
  return packed;
}

/** The kernel for a convolution, whatever it is: depthwise ones have their own. */
import { convKernel } from "./conv.ts";
import type { ConvKernel } from "./conv.ts";
import { packConvWeights, packedConvSize } from "./conv-pack.ts";
import type { ConvParams } from "./conv-params.ts";

export interface Convolution {
  readonly kernel: ConvKernel;
  /** Floats of the packed weights. */
  readonly packedSize: number;
  /**
   * @param weight [outChannels, inChannels / groups, kernelHeight, kernelWidth]
   * @param bias [outChannels], or null for none
   * @param packed where to write, `packedSize` floats
   */
  pack(weight: Float32Array, bias: Float32Array | null, packed: Float32Array): void;
}

/** @throws RangeError where the sizes do not belong together */
export function convolution(params: ConvParams): Convolution {
  return {
    kernel: convKernel(params),
    packedSize: packedConvSize(params),
    pack: (weight, bias, packed) => void packConvWeights(weight, bias, params, packed),
  };
}

/** The kernel for a convolution, whatever it is: depthwise ones have their own. */
import { convKernel } from "./conv.ts";
import type { ConvKernel } from "./conv.ts";
import { packConvWeights, packedConvSize } from "./conv-pack.ts";
import type { ConvParams } from "./conv-params.ts";
import { packDepthwiseWeights, packedDepthwiseSize } from "./depthwise-pack.ts";
import { depthwiseKernel, isDepthwise } from "./depthwise.ts";

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
  const depthwise = isDepthwise(params) && params.groups > 1;
  const pack = depthwise ? packDepthwiseWeights : packConvWeights;
  return {
    kernel: depthwise ? depthwiseKernel(params) : convKernel(params),
    packedSize: depthwise ? packedDepthwiseSize(params) : packedConvSize(params),
    pack: (weight, bias, packed) => void pack(weight, bias, params, packed),
  };
}

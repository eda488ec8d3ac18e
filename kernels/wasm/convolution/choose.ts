/**
 * Chooses the kernel of a convolution. Depthwise convolutions have a kernel of their own. A 3x3 convolution with stride 1 uses Winograd's
 * method where the caller allows its errors and it pays (tiles.ts). All others are direct. Strassen's method is chosen by bundles that load
 * it (strassen/strassen.ts).
 */
import { convKernel } from "./direct.ts";
import type { ConvKernel, ScratchKernel } from "./direct.ts";
import { packConvWeights, packedConvSize } from "./panels.ts";
import type { ConvParams } from "./params.ts";
import { packDepthwiseWeights, packedDepthwiseSize } from "./depthwise/panels.ts";
import { depthwiseKernel, isDepthwise } from "./depthwise/depthwise.ts";
import { winogradPays } from "./tiles.ts";
import { packWinogradWeights, packedWinogradSize } from "./winograd/panels.ts";
import { isWinograd, winogradKernel } from "./winograd/winograd.ts";

export interface Convolution {
  readonly kernel: ConvKernel | ScratchKernel;
  /** Floats of the packed weights. */
  readonly packedSize: number;
  /**
   * Floats of working memory. If there are any, the kernel's function takes their address (in bytes) as its last argument; calls at the
   * same time want their own.
   */
  readonly scratch: number;
  /** A part's first row, and its last but for the image's end, must be a multiple of it. */
  readonly rowUnit: number;
  /** Do the weights lie as convolution/panels.ts says? */
  readonly panels: boolean;
  /**
   * @param weight [outChannels, inChannels / groups, kernelHeight, kernelWidth]
   * @param bias [outChannels], or null for none
   * @param packed where to write, `packedSize` floats
   * @param factors [outChannels] by which weights, not biases, are multiplied (normalisation that was folded in); 1 by default
   */
  pack(weight: Float32Array, bias: Float32Array | null, packed: Float32Array, factors?: Float64Array): void;
}

/** @throws RangeError where the sizes do not belong together */
export function convolution(params: ConvParams): Convolution {
  const depthwise = isDepthwise(params) && params.groups > 1;
  if (params.epilogue.biasLast === true && !depthwise) throw new RangeError("convolution: biasLast wants a depthwise one");
  const winograd = params.winograd === true && isWinograd(params) && winogradPays(params) ? winogradKernel(params) : undefined;
  const transformed = winograd?.transformed === true;
  const pack = depthwise ? packDepthwiseWeights : transformed ? packWinogradWeights : packConvWeights;
  return {
    kernel: winograd ?? (depthwise ? depthwiseKernel(params) : convKernel(params)),
    packedSize: (depthwise ? packedDepthwiseSize : transformed ? packedWinogradSize : packedConvSize)(params),
    scratch: winograd?.scratch ?? 0, rowUnit: winograd === undefined ? 1 : 4, panels: !depthwise && !transformed,
    pack: (weight, bias, packed, factors) => void pack(weight, bias, params, packed, factors),
  };
}

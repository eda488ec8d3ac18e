/** What several rules have in common: the way back through relu, the gradient of a bias, and which kernels a convolution has. */
import { activationGradientKernel } from "../../../../kernels/wasm/training/activation-gradient.ts";
import { addTotalsKernel, channelSumKernel, partialBytes } from "../../../../kernels/wasm/training/channel-sums.ts";
import { convDataKernel } from "../../../../kernels/wasm/training/convolution/data.ts";
import { depthwiseDataKernel } from "../../../../kernels/wasm/training/convolution/depthwise-data.ts";
import { depthwiseFilterKernel, depthwiseFilterScratch } from "../../../../kernels/wasm/training/convolution/depthwise-filter.ts";
import {
  packDepthwiseGradientKernel, packDepthwiseKernel, packedDepthwiseGradientSize,
} from "../../../../kernels/wasm/training/convolution/depthwise-pack.ts";
import { convFilterKernel, convFilterScratch } from "../../../../kernels/wasm/training/convolution/filter.ts";
import { packForwardKernel, packGradientKernel } from "../../../../kernels/wasm/training/convolution/pack.ts";
import { packedGradientSize } from "../../../../kernels/wasm/training/convolution/panels.ts";
import type { ConvGradientParams } from "../../../../kernels/wasm/training/convolution/phases.ts";
import type { Kernel } from "../../../../kernels/wasm/shared/kernel.ts";
import type { Constant } from "../../../graph/graph.ts";
import type { TrainingContext } from "../step/context.ts";
import type { Call } from "../../plan/kernel-call.ts";
import type { Image } from "../../plan/places.ts";
import type { Unit } from "../step/units.ts";

/**
 * The gradient before a unit's relu, of the one after it: itself where there is no relu, in its place where nobody else holds it, else in
 * new memory. It is held for the caller, who releases it.
 */
export function beforeRelu(unit: Unit, dy: Image, { plan, batch, gradients, image }: TrainingContext): Image {
  if (unit.activation === undefined) {
    gradients.hold(dy);
    return dy;
  }
  const dz = gradients.sole(dy) ? dy : plan.image(dy.layout, dy.images);
  // What relu let through is what it put out.
  const y = image(unit.output);
  plan.stage(plan.whole(activationGradientKernel(batch, dz.layout, y.layout, dy.layout, unit.activation, false), [dz, y, dy]));
  gradients.hold(dz);
  return dz;
}

/**
 * Adds the sums of dz to the gradient of a bias: what may run beside other calls, and what has to run after it. Nothing for one that does
 * not train.
 */
export function biasGradient(bias: Constant | undefined, dz: Image, { plan, batch, state }: TrainingContext): {
  readonly sums: Call[];
  readonly totals: Call[];
} {
  if (!state.trains(bias)) return { sums: [], totals: [] };
  const { channels } = dz.layout;
  const partial = plan.region(partialBytes(batch, channels, 1));
  return {
    sums: [plan.whole(channelSumKernel(batch, dz.layout), [partial, dz])],
    totals: [plan.whole(addTotalsKernel(batch, channels), [state.gradient(bias), partial], batch * channels)],
  };
}

/** The kernels of one convolution in training: depthwise ones have their own, and weights packed as those want them. */
export interface ConvolutionKernels {
  /** Packs weights for the convolution itself (convolution/choose.ts). */
  readonly packForward: (params: ConvGradientParams, bias: boolean) => Kernel;
  /** Packs them for `data`, into so many floats. */
  readonly packData: (params: ConvGradientParams) => Kernel;
  readonly packedDataSize: (params: ConvGradientParams) => number;
  /** The gradient by the input. */
  readonly data: (params: ConvGradientParams, accumulate: boolean) => Kernel;
  /** The gradient by the weights, with so many floats of scratch. */
  readonly filter: (params: ConvGradientParams) => Kernel;
  readonly filterScratch: (params: ConvGradientParams) => number;
}

const dense: ConvolutionKernels = {
  packForward: packForwardKernel, packData: packGradientKernel, packedDataSize: packedGradientSize, data: convDataKernel,
  filter: convFilterKernel, filterScratch: convFilterScratch,
};

const depthwise: ConvolutionKernels = {
  packForward: packDepthwiseKernel, packData: packDepthwiseGradientKernel, packedDataSize: packedDepthwiseGradientSize,
  data: depthwiseDataKernel,
  filter: depthwiseFilterKernel, filterScratch: depthwiseFilterScratch,
};

/** As `convolution` chooses, so that what one packs the other reads. */
export function convolutionKernels({ input, output, groups }: ConvGradientParams): ConvolutionKernels {
  return groups > 1 && groups === input.channels && groups === output.channels ? depthwise : dense;
}

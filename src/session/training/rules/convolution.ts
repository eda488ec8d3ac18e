/** Convolutions and linear layers, with a relu after them. A linear layer is a 1x1 convolution of one pixel. */
import { bytesOf } from "../../../../kernels/formats.ts";
import { gradientHalo } from "../../../../kernels/wasm/training/convolution/phases.ts";
import type { ConvGradientParams } from "../../../../kernels/wasm/training/convolution/phases.ts";
import { batchWinograd, dataConvolution, isForWinograd } from "../../../../kernels/wasm/training/convolution/winograd.ts";
import {
  winogradFilterEndKernel, winogradFilterKernel, winogradFilterScratch,
} from "../../../../kernels/wasm/training/convolution/winograd-filter.ts";
import { forwardParams } from "../../../../kernels/wasm/training/convolution/panels.ts";
import { convolution } from "../../../../kernels/wasm/convolution/choose.ts";
import type { ConvParams } from "../../../../kernels/wasm/convolution/params.ts";
import type { Layout } from "../../../../kernels/wasm/shared/layout.ts";
import { linearKernel } from "../../../../kernels/wasm/operations/linear.ts";
import { sizeOf } from "../../../tensor.ts";
import { passes } from "../plain/passes.ts";
import type { Rule, Rules, TrainingContext } from "../step/context.ts";
import { callOf } from "../../plan/kernel-call.ts";
import type { Call } from "../../plan/kernel-call.ts";
import type { Image, Place } from "../../plan/places.ts";
import { zeros } from "../state.ts";
import type { Of, Unit } from "../step/units.ts";
import { beforeRelu, biasGradient, convolutionKernels } from "./shared.ts";

type Sizes = Pick<ConvGradientParams, "kernel" | "stride" | "padding" | "paddingEnd" | "dilation" | "groups">;

const whole: Sizes = { kernel: [1, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 };

function operationOf(unit: Unit): Of<"conv2d"> | Of<"linear"> {
  return unit.operation as Of<"conv2d"> | Of<"linear">;
}

function sizesOf(unit: Unit): Sizes {
  const operation = operationOf(unit);
  if (operation.kind === "linear") return whole;
  const { kernel, stride, padding: [top, left, bottom, right], dilation, groups } = operation;
  return { kernel, stride, padding: [top, left], paddingEnd: [bottom, right], dilation, groups };
}

function paramsOf(
  unit: Unit, { batch, fma, wide }: Pick<TrainingContext, "batch" | "fma" | "wide">, input: Layout, output: Layout,
): ConvGradientParams {
  return { ...sizesOf(unit), batch, input, output, fma, wide };
}

function layoutOf([, channels, height = 1, width = 1]: readonly number[]): Layout {
  return { channels, height, width, halo: 0 };
}

function workOf(unit: Unit): number {
  const { kernel, groups } = sizesOf(unit);
  return 2 * sizeOf(unit.output.shape) * (unit.inputs[0].shape[1] / groups) * kernel[0] * kernel[1];
}

function forward(unit: Unit, context: TrainingContext): void {
  const { plan, batch, fma, state, packs } = context;
  const { weight, bias } = operationOf(unit);
  const { activation, output } = unit;
  const [x, y] = [context.image(unit.inputs[0]), context.image(output)];
  const params = paramsOf(unit, context, x.layout, y.layout);
  const conv: ConvParams = { ...params, epilogue: { gate: false, residual: undefined, activation } };
  const { kernel, packedSize } = convolution(conv);
  const packed = zeros(`packed ${weight.name}`, packedSize);
  const pack = convolutionKernels(params).packForward(params, bias !== undefined);
  packs.push(plan.whole(pack, [packed, state.value(weight), ...(bias === undefined ? [] : [state.value(bias)])], packedSize));
  if (context.winograd && isForWinograd(conv)) {
    return plan.stage(planWinograd(context, conv, [y, x, packed], weight.name, workOf(unit)));
  }
  const { height, width, halo } = x.layout;
  const { padding, paddingEnd, groups, kernel: window } = params;
  const onePixel = y.layout.height * y.layout.width === 1 && halo === 0 && groups === 1 &&
    Math.max(...padding, ...(paddingEnd ?? padding)) === 0 && window[0] === height && window[1] === width;
  if (onePixel && y.layout.halo === 0) {
    const linear = linearKernel(y.layout, x.layout, { batch, fma, ...(activation === undefined ? {} : { activation }) });
    plan.stage(plan.whole(linear, [y, x, packed], workOf(unit)));
    return;
  }
  const byPanels = y.layout.height * batch < 8 && kernel.panels >= 4;
  plan.stage(callOf(kernel, batch, [x, packed, y, 0, 0], {
    work: workOf(unit), ranges: [{ count: y.layout.height, unit: 1 }, { count: kernel.panels, unit: 1 }], divided: byPanels ? 1 : 0,
  }));
}

/** A convolution of the batch by Winograd's method. @param places of y, x and packed weights */
function planWinograd(
  { plan, batch, transforms }: TrainingContext, conv: ConvParams, [y, x, packed]: readonly [Image, Image, Place], name: string,
  work: number,
): Call {
  const { kernel, scratch, transform, packedSize } = batchWinograd(conv, batch);
  const weights = transform === undefined ? packed : zeros(`transformed ${name}`, packedSize);
  if (transform !== undefined) transforms.push(plan.whole(transform, [weights, packed], packedSize));
  return plan.whole(kernel, [y, x, weights, conv.epilogue.residual === undefined ? 0 : y, plan.region(bytesOf(scratch))], work);
}

function backward(unit: Unit, dy: Image, context: TrainingContext): void {
  const { plan, state, gradients, packs } = context;
  const { weight, bias } = operationOf(unit);
  const [input] = unit.inputs;
  const x = context.image(input);
  const dz = beforeRelu(unit, dy, context);
  const calls: Call[] = [];
  const ends: Call[] = [];
  const work = workOf(unit);
  if (gradients.wants(input)) {
    const { image: dx, accumulate } = gradients.target(input);
    const params = paramsOf(unit, context, dx.layout, dz.layout);
    const { packData, packedDataSize, data } = convolutionKernels(params);
    const size = packedDataSize(params);
    const packed = zeros(`packed for gradients ${weight.name}`, size);
    packs.push(plan.whole(packData(params), [packed, state.value(weight)], size));
    const conv = context.winograd ? dataConvolution(params, accumulate) : undefined;
    calls.push(
      conv !== undefined && isForWinograd(conv)
        ? planWinograd(context, conv, [dx, dz, packed], `gradients ${weight.name}`, work)
        : plan.whole(data(params, accumulate), [dx, dz, packed], work),
    );
  }
  if (state.trains(weight)) {
    const params = paramsOf(unit, context, x.layout, dz.layout);
    const byWinograd = context.winograd && isForWinograd(forwardParams(params));
    const { filter, filterScratch } = byWinograd
      ? { filter: winogradFilterKernel, filterScratch: winogradFilterScratch }
      : convolutionKernels(params);
    const scratch = plan.region(bytesOf(filterScratch(params)));
    // It has larger pieces than the others, so it is the first to be shared out.
    calls.unshift(plan.whole(filter(params), [state.gradient(weight), scratch, x, dz], work));
    const end = byWinograd ? winogradFilterEndKernel(params) : undefined;
    if (end !== undefined) ends.push(plan.whole(end, [state.gradient(weight), scratch], sizeOf(weight.read().shape)));
  }
  const { sums, totals } = biasGradient(bias, dz, context);
  plan.stage(...calls, ...sums);
  plan.stage(...ends, ...totals);
  gradients.release(dz);
}

const convolutionRule: Rule = {
  inputHalo(unit) {
    const { padding, paddingEnd = padding } = sizesOf(unit);
    return Math.max(...padding, ...paddingEnd);
  },
  gradientHalo: (unit) => gradientHalo(
    paramsOf(unit, { batch: 1, fma: false }, layoutOf(unit.inputs[0].shape), layoutOf(unit.output.shape)),
  ),
  forward,
  backward,
};

export const convolutionRules: Pick<Rules, "conv2d" | "linear"> = {
  conv2d: { pass: passes.conv2d, rule: convolutionRule },
  linear: { pass: passes.linear, rule: convolutionRule },
};

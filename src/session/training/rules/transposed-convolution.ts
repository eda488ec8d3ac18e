/**
 * Transposed convolutions. One is, by definition, the gradient by the input of a convolution with the same weight [C,O,kh,kw] that has its
 * input and output the other way round; so its forward pass is that convolution's gradient, and its gradient is that convolution.
 */
import { bytesOf } from "../../../../kernels/formats.ts";
import { gradientHalo } from "../../../../kernels/wasm/training/convolution/phases.ts";
import type { ConvGradientParams } from "../../../../kernels/wasm/training/convolution/phases.ts";
import { convolution } from "../../../../kernels/wasm/convolution/choose.ts";
import type { Layout } from "../../../../kernels/wasm/shared/layout.ts";
import { upsampleNearestKernel } from "../../../../kernels/wasm/operations/upsample.ts";
import { gradientPadding } from "../../../operations/convolution/conv-transpose2d.ts";
import type { NodeOf } from "../../../operations/record.ts";
import { sizeOf } from "../../../tensor.ts";
import { passes } from "../plain/passes.ts";
import type { Rule, Rules, TrainingContext } from "../step/context.ts";
import { callOf } from "../../plan/kernel-call.ts";
import type { Call } from "../../plan/kernel-call.ts";
import type { Image } from "../../plan/places.ts";
import type { Of, Unit } from "../step/units.ts";
import { zeros } from "../state.ts";
import { biasGradient, convolutionKernels } from "./shared.ts";

function operationOf(unit: Unit): Of<"conv_transpose2d"> {
  return unit.operation as Of<"conv_transpose2d">;
}

/** Of the convolution that this is the gradient of: from the layout of y to that of x. */
function paramsOf(
  unit: Unit, { batch, fma, wide }: Pick<TrainingContext, "batch" | "fma" | "wide">, x: Layout, y: Layout,
): ConvGradientParams {
  const { kernel, stride, dilation, groups } = operationOf(unit);
  const [top, left, ...ends] = gradientPadding(unit as NodeOf<"conv_transpose2d">)!;
  return { batch, input: y, output: x, kernel, stride, padding: [top, left], paddingEnd: ends, dilation, groups, fma, wide };
}

function layoutOf([, channels, height, width]: readonly number[]): Layout {
  return { channels, height, width, halo: 0 };
}

function workOf(unit: Unit): number {
  const { kernel, groups } = operationOf(unit);
  return 2 * sizeOf(unit.inputs[0].shape) * (unit.output.shape[1] / groups) * kernel[0] * kernel[1];
}

function forward(unit: Unit, context: TrainingContext): void {
  const { plan, state, packs } = context;
  const { weight, bias } = operationOf(unit);
  const [x, y] = [context.image(unit.inputs[0]), context.image(unit.output)];
  const params = paramsOf(unit, context, x.layout, y.layout);
  const { packData, packedDataSize, data } = convolutionKernels(params);
  const size = packedDataSize(params);
  const packed = zeros(`packed ${weight.name}`, size);
  packs.push(plan.whole(packData(params), [packed, state.value(weight)], size));
  if (bias !== undefined) {
    // The bias everywhere, as an image of one pixel that grows; what follows is added to it.
    const onePixel = { channels: y.layout.channels, height: 1, width: 1, halo: 0 };
    plan.stage(plan.each(upsampleNearestKernel(y.layout, onePixel), [y, state.value(bias)]));
  }
  plan.stage(plan.whole(data(params, bias !== undefined), [y, x, packed], workOf(unit)));
}

function backward(unit: Unit, dy: Image, context: TrainingContext): void {
  const { plan, batch, state, gradients, packs } = context;
  const { weight, bias } = operationOf(unit);
  const [input] = unit.inputs;
  const x = context.image(input);
  const calls: Call[] = [];
  if (state.trains(weight)) {
    const params = paramsOf(unit, context, x.layout, dy.layout);
    const { filter, filterScratch } = convolutionKernels(params);
    const scratch = plan.region(bytesOf(filterScratch(params)));
    calls.push(plan.whole(filter(params), [state.gradient(weight), scratch, dy, x], workOf(unit)));
  }
  const { sums, totals } = biasGradient(bias, dy, context);
  plan.stage(...calls, ...sums);
  plan.stage(...totals);
  if (!gradients.wants(input)) return;
  gradients.move(input, (dx) => {
    const params = paramsOf(unit, context, dx.layout, dy.layout);
    const { kernel, packedSize } = convolution({ ...params, epilogue: { gate: false, residual: undefined, activation: undefined } });
    const packed = zeros(`packed for gradients ${weight.name}`, packedSize);
    packs.push(plan.whole(convolutionKernels(params).packForward(params, false), [packed, state.value(weight)], packedSize));
    const ranges = [{ count: dx.layout.height, unit: 1 }, { count: kernel.panels, unit: 1 }];
    plan.stage(callOf(kernel, batch, [dy, packed, dx, 0, 0], { work: workOf(unit), ranges }));
  });
}

const transposedConvolutionRule: Rule = {
  fits: (unit) => gradientPadding(unit as NodeOf<"conv_transpose2d">) !== undefined,
  inputHalo: (unit) => gradientHalo(paramsOf(unit, { batch: 1, fma: false }, layoutOf(unit.inputs[0].shape), layoutOf(unit.output.shape))),
  gradientHalo: (unit) => Math.max(...operationOf(unit).padding),
  forward,
  backward,
};

export const transposedConvolutionRules: Pick<Rules, "conv_transpose2d"> = {
  conv_transpose2d: { pass: passes.conv_transpose2d, rule: transposedConvolutionRule },
};

/**
 * Transposed convolutions: one is the gradient by the input of a convolution with the same weight [C,O,kh,kw] that has its input and output
 * the other way round.
 */
import { packDepthwiseWeights, packedDepthwiseSize } from "../../../../../kernels/wasm/convolution/depthwise/panels.ts";
import { packConvWeights, packedConvSize } from "../../../../../kernels/wasm/convolution/panels.ts";
import { noEpilogue } from "../../../../../kernels/wasm/convolution/epilogue.ts";
import type { ConvParams } from "../../../../../kernels/wasm/convolution/params.ts";
import type { Layout } from "../../../../../kernels/wasm/shared/layout.ts";
import { convDataKernel } from "../../../../../kernels/wasm/training/convolution/data.ts";
import { depthwiseDataKernel } from "../../../../../kernels/wasm/training/convolution/depthwise-data.ts";
import { depthwisePhases, packedDepthwiseGradientSize } from "../../../../../kernels/wasm/training/convolution/depthwise-pack.ts";
import { dataPhases, packedGradientSize } from "../../../../../kernels/wasm/training/convolution/panels.ts";
import { gradientHalo } from "../../../../../kernels/wasm/training/convolution/phases.ts";
import type { ConvGradientParams, Phase } from "../../../../../kernels/wasm/training/convolution/phases.ts";
import { gradientPadding } from "../../../../operations/convolution/conv-transpose2d.ts";
import type { NodeOf } from "../../../../operations/record.ts";
import { sizeOf } from "../../../../tensor.ts";
import { callOf } from "../../../plan/kernel-call.ts";
import { layoutOf } from "../../../plan/layouts.ts";
import { storedFloats } from "../../../plan/places.ts";
import { numbers } from "../pack-weights.ts";
import type { Binding } from "./binding.ts";

type Transposed = NodeOf<"conv_transpose2d">;

/** Of the convolution that it is the gradient of: from the layout of y to that of x. */
function paramsOf(node: Transposed, x: Layout, y: Layout, fma: boolean): ConvGradientParams | undefined {
  const { kernel, stride, dilation, groups } = node.operation;
  const padding = gradientPadding(node);
  if (padding === undefined) return undefined;
  const [top, left, ...ends] = padding;
  return {
    batch: node.inputs[0].shape[0], input: y, output: x, kernel, stride, padding: [top, left], paddingEnd: ends, dilation, groups, fma,
  };
}

interface Taps {
  readonly rows: Phase;
  readonly columns: Phase;
  readonly start: number;
}

/** A phase's taps of the weight, as those of a convolution from x to y: [output channels, input channels / groups, rows, columns]. */
function tapsOf(
  weight: Float32Array, { input: y, output: x, groups, kernel: [height, width] }: ConvGradientParams, { rows, columns }: Taps,
): Float32Array {
  const [inputs, outputs] = [x.channels / groups, y.channels / groups];
  const taps = new Float32Array(y.channels * inputs * rows.taps * columns.taps);
  let to = 0;
  for (let channel = 0; channel < y.channels; channel++) {
    const [group, column] = [Math.floor(channel / outputs), channel % outputs];
    for (let i = 0; i < inputs; i++) {
      const from = ((group * inputs + i) * outputs + column) * height;
      for (let r = 0; r < rows.taps; r++) {
        const row = (from + rows.tap - r * rows.tapStride) * width;
        for (let c = 0; c < columns.taps; c++) taps[to++] = weight[row + columns.tap - c * columns.tapStride];
      }
    }
  }
  return taps;
}

/** As the rules of training choose. */
function kernelOf(params: ConvGradientParams) {
  const { input, output, groups, fma } = params;
  if (groups === 1 || groups !== input.channels || groups !== output.channels) {
    return {
      kernel: convDataKernel(params, false), floats: packedGradientSize(params), phases: dataPhases(params), pack: packConvWeights,
      size: packedConvSize,
    };
  }
  const phases = depthwisePhases(params).map((phase): Taps & { readonly conv: ConvParams } => ({
    ...phase,
    conv: {
      input: output, output: input, kernel: [phase.rows.taps, phase.columns.taps], stride: [1, 1], padding: [0, 0], dilation: [1, 1],
      groups, fma, epilogue: noEpilogue,
    },
  }));
  return {
    kernel: depthwiseDataKernel(params, false), floats: packedDepthwiseGradientSize(params), phases, pack: packDepthwiseWeights,
    size: packedDepthwiseSize,
  };
}

export const transposedConvolutionBinding: Binding<"conv_transpose2d"> = {
  bind(node, { image, arithmetic }) {
    const { inputs, output, operation: { weight, bias, kernel: window, stride, groups } } = node;
    const [x, y] = [image(inputs[0]), image(output)];
    const params = paramsOf(node, x.layout, y.layout, arithmetic.fma);
    // What is exact has the bits of the plain kernels: published ones, of double precision.
    if (params === undefined || arithmetic.exact) return undefined;
    const { kernel, floats, phases, pack, size } = kernelOf(params);
    // Pixels that no tap reaches have the bias alone, which the kernels do not know.
    const gaps = phases.length < Math.min(stride[0], y.layout.height) * Math.min(stride[1], y.layout.width);
    if (gaps && bias !== undefined) return undefined;
    const weights = storedFloats(`${weight.name} ${bias?.name ?? ""} ${kernel.name}`, floats, {
      fill(into) {
        for (const phase of phases) {
          const { start, conv } = phase;
          pack(tapsOf(numbers(weight)!, params, phase), numbers(bias), conv, into.subarray(start, start + size(conv)));
        }
      },
    });
    return callOf(kernel, 1, [y, x, weights], { work: 2 * sizeOf(inputs[0].shape) * (output.shape[1] / groups) * window[0] * window[1] });
  },

  halo(node) {
    const params = paramsOf(node, layoutOf(node.inputs[0], 0), layoutOf(node.output, 0), false);
    return params === undefined ? 0 : gradientHalo(params);
  },
};

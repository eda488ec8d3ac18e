/** Convolutions and linear layers on WebAssembly: their kernels, packed weights, and how threads share them. */
import { convolution } from "../../../../../kernels/wasm/convolution/choose.ts";
import { packedConvSize } from "../../../../../kernels/wasm/convolution/panels.ts";
import type { ConvParams } from "../../../../../kernels/wasm/convolution/params.ts";
import { imagePitch } from "../../../../../kernels/wasm/shared/layout.ts";
import { linearKernel, linearParams } from "../../../../../kernels/wasm/operations/linear.ts";
import { sizeOf } from "../../../../tensor.ts";
import { numbers, panelPacking } from "../pack-weights.ts";
import type { Binding } from "./binding.ts";

export const conv2dBinding: Binding<"conv2d"> = {
  bind({ operation, inputs, output }, { place, memory, arithmetic }) {
    const { kernel: window, stride, padding: [top, left, bottom, right], dilation, groups, weight, bias, epilogue } = operation;
    const [x] = inputs;
    const gate = epilogue?.gate === true ? inputs[1] : undefined;
    const residual = epilogue?.residual === true ? inputs[inputs.length - 1] : undefined;
    const [input, out] = [place(x).layout, place(output).layout];
    const params: ConvParams = {
      input, output: out, kernel: window, stride, padding: [top, left], paddingEnd: [bottom, right], dilation, groups, ...arithmetic,
      epilogue: {
        gate: gate !== undefined, residual: residual === undefined ? undefined : place(residual).layout, activation: epilogue?.activation,
        biasLast: epilogue?.biasLast === true,
      },
    };
    const { kernel, packedSize, pack, scratch, rowStep, panels } = arithmetic.strassen?.(params) ?? convolution(params);
    const key = `${weight.name} ${bias?.name ?? ""} ${packedSize}`;
    const packing = panels
      ? panelPacking(params, weight, bias)
      : { fill: (into: Float32Array) => pack(numbers(weight.scaled?.of ?? weight)!, numbers(bias), into, weight.scaled?.factors()) };
    const weights = memory.constant(key, packedSize, packing.fill, packing.packer);
    // Pieces by rows read all weights again, pieces by channels all of the input.
    const byPanels = (kernel.panels >= 4 && packedSize > imagePitch(input)) || out.height < 4 || rowStep >= out.height;
    // Winograd's and Strassen's kernels transform the input for each piece.
    const panelUnit = scratch > 0 ? Math.ceil(kernel.panels / 4) : 1;
    return {
      kernel, images: place(output).images, operands: [x, weights, output, residual ?? 0, gate ?? 0],
      ranges: [{ count: out.height, unit: rowStep }, { count: kernel.panels, unit: panelUnit }], divided: byPanels ? 1 : 0, scratch: 4 * scratch,
      work: 2 * sizeOf(output.shape) * (input.channels / groups) * window[0] * window[1],
    };
  },

  halo: ({ operation: { padding } }) => Math.max(...padding),

  over({ operation, inputs }) {
    const residual = operation.epilogue?.residual === true ? inputs[inputs.length - 1] : undefined;
    return residual === inputs[0] ? undefined : residual;
  },
};

/** All images at once: the weights are read once. */
export const linearBinding: Binding<"linear"> = {
  bind({ operation: { weight, bias }, inputs: [x], output }, { place, memory, arithmetic }) {
    const input = place(x).layout;
    const [features] = output.shape.slice(1);
    const kernel = linearKernel(place(output).layout, input, { batch: place(output).images, fma: arithmetic.fma });
    const whole = linearParams(input, features);
    const size = packedConvSize(whole);
    const { fill, packer } = panelPacking(whole, weight, bias);
    const weights = memory.constant(`${weight.name} ${bias?.name ?? ""} ${input.channels}`, size, fill, packer);
    return { kernel, images: 1, operands: [output, x, weights], ranges: [{ count: kernel.parts, unit: 1 }], divided: 0, scratch: 0, work: 2 * size * output.shape[0] };
  },
};

/** Convolutions and linear layers on WebAssembly: their kernels, packed weights, and how threads share them. */
import { bytesOf } from "../../../../../kernels/formats.ts";
import { convolution } from "../../../../../kernels/wasm/convolution/choose.ts";
import { packedConvSize } from "../../../../../kernels/wasm/convolution/panels.ts";
import type { ConvParams } from "../../../../../kernels/wasm/convolution/params.ts";
import { imageBytes } from "../../../../../kernels/wasm/shared/layout.ts";
import { linearKernel, linearParams } from "../../../../../kernels/wasm/operations/linear.ts";
import { sizeOf } from "../../../../tensor.ts";
import { callOf } from "../../../plan/kernel-call.ts";
import { storedFloats } from "../../../plan/places.ts";
import { numbers, panelPacking } from "../pack-weights.ts";
import { emitted } from "./binding.ts";
import type { Binding } from "./binding.ts";

export const conv2dBinding: Binding<"conv2d"> = {
  bind({ operation, inputs, output }, context) {
    const { image, arithmetic } = context;
    const { kernel: window, stride, padding: [top, left, bottom, right], dilation, groups, weight, bias, epilogue } = operation;
    const [x, y] = [image(inputs[0]), image(output)];
    const gate = epilogue?.gate === true ? image(inputs[1]) : undefined;
    const residual = epilogue?.residual === true ? image(inputs[inputs.length - 1]) : undefined;
    const [input, out] = [x.layout, y.layout];
    const params: ConvParams = {
      input, output: out, kernel: window, stride, padding: [top, left], paddingEnd: [bottom, right], dilation, groups, ...arithmetic,
      winograd: true,
      epilogue: {
        gate: gate !== undefined, residual: residual?.layout, activation: emitted(epilogue?.activation, context),
        biasLast: epilogue?.biasLast === true,
      },
    };
    const { kernel, packedSize, pack, scratch, rowUnit, panels } = arithmetic.fewerProducts?.(params) ?? convolution(params);
    const packing = panels
      ? panelPacking(params, weight, bias)
      : { fill: (into: Float32Array) => pack(numbers(weight.scaled?.of ?? weight)!, numbers(bias), into, weight.scaled?.factors()) };
    const weights = storedFloats(`${weight.name} ${bias?.name ?? ""} ${packedSize}`, packedSize, packing);
    // Pieces by rows read all weights again, pieces by channels all of the input, but of groups their own.
    const apart = (scratch > 0 && groups > 1) || bytesOf(packedSize) > imageBytes(input);
    const byPanels = (kernel.panels >= 4 && apart) || out.height < 4 || rowUnit >= out.height;
    // Winograd's and Strassen's kernels transform the input for each piece.
    const most = scratch > 0 && groups === 1 ? { most: 4 } : {};
    return callOf(kernel, y.images, [x, weights, y, residual ?? 0, gate ?? 0], {
      ranges: [{ count: out.height, unit: rowUnit }, { count: kernel.panels, unit: 1, ...most }], divided: byPanels ? 1 : 0,
      scratch: bytesOf(scratch),
      work: 2 * sizeOf(output.shape) * (input.channels / groups) * window[0] * window[1],
    });
  },

  halo: ({ operation: { padding } }) => Math.max(...padding),

  over({ operation, inputs }) {
    const residual = operation.epilogue?.residual === true ? inputs[inputs.length - 1] : undefined;
    return residual === inputs[0] ? undefined : residual;
  },
};

/** All images at once: the weights are read once. */
export const linearBinding: Binding<"linear"> = {
  bind({ operation: { weight, bias }, inputs, output }, { image, arithmetic }) {
    const [x, y] = [image(inputs[0]), image(output)];
    const kernel = linearKernel(y.layout, x.layout, { batch: y.images, fma: arithmetic.fma });
    const whole = linearParams(x.layout, y.layout.channels);
    const floats = packedConvSize(whole);
    const weights = storedFloats(`${weight.name} ${bias?.name ?? ""} ${x.layout.channels}`, floats, panelPacking(whole, weight, bias));
    return callOf(kernel, 1, [y, x, weights], { work: 2 * floats * y.images });
  },
};

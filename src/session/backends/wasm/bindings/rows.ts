/** What joins the numbers of an axis: softmax, means and maxima of channels and of images, images of other sizes. */
import {
  channelConvKernel, channelPoolKernel, l2NormaliseKernel, softmaxKernel,
} from "../../../../../kernels/wasm/operations/general/over-channels.ts";
import { resampleKernel } from "../../../../../kernels/wasm/operations/general/resample.ts";
import { globalPoolKernel } from "../../../../../kernels/wasm/operations/global-pool.ts";
import { callOf } from "../../../plan/kernel-call.ts";
import { storedFloats } from "../../../plan/places.ts";
import type { Stored } from "../../../plan/places.ts";
import { onLayouts, overFirst } from "./binding.ts";
import type { Binding, Bindings } from "./binding.ts";
import { numbers } from "../pack-weights.ts";

/** Along the channels. */
const softmax: Binding<"softmax"> = {
  bind: onLayouts((output, [x], { operation: { axis, logarithm } }) => (axis === 1 ? softmaxKernel(output, x, logarithm) : undefined)),
  over: overFirst,
};

const l2Normalise: Binding<"l2_normalise"> = {
  bind: onLayouts((output, [x]) => l2NormaliseKernel(output, x)),
  over: overFirst,
};

/** Over all of an image, or over the channels. */
const reduce: Binding<"reduce"> = {
  bind: onLayouts((output, [x], { operation: { by, axis, end }, inputs: [{ shape }] }) => {
    if (by !== "mean" && by !== "max") return undefined;
    if (axis === 1 && end === 2) return channelPoolKernel(output, x, by);
    return axis === 2 && end === shape.length ? globalPoolKernel(x, by) : undefined;
  }),
};

const channelPool: Binding<"channel_pool"> = {
  bind: onLayouts((output, [x], { operation: { by } }) => channelPoolKernel(output, x, by)),
};

const channelConv: Binding<"channel_conv"> = {
  bind({ operation: { weight }, inputs, output }, { image }) {
    const [x, y] = [image(inputs[0]), image(output)];
    const floats = numbers(weight)!.length;
    const stored = storedFloats(`${weight.name} ${floats}`, floats, { fill: (into) => into.set(numbers(weight)!) });
    return callOf(channelConvKernel(y.layout.channels, floats), y.images, [y, x, stored]);
  },
};

/** Whole numbers of 32 bits that are stored. */
export function storedPlaces(key: string, places: ArrayLike<number>): Stored {
  const { BYTES_PER_ELEMENT: bytes } = Int32Array;
  return {
    key, bytes: bytes * places.length, fill: ({ buffer, byteOffset }) => new Int32Array(buffer, byteOffset, places.length).set(places),
  };
}

/** Rows or columns. */
const resample: Binding<"resample"> = {
  bind({ operation: { axis, taps: { starts, places, weights } }, inputs, output }, { image }) {
    const { length } = output.shape;
    if (axis < 2 || length > 4) return undefined;
    const [x, y] = [image(inputs[0]), image(output)];
    const tables: Stored[] = [
      storedPlaces(`starts ${starts.join()}`, starts), storedPlaces(`places ${places.join()}`, places),
      storedFloats(`weights ${weights.join()}`, weights.length, { fill: (into) => into.set(weights) }),
    ];
    return callOf(resampleKernel(y.layout, x.layout, axis === 2 ? "rows" : "columns"), y.images, [y, x, ...tables]);
  },
};

export const rowBindings: Pick<
  Bindings, "reduce" | "softmax" | "resample" | "l2_normalise" | "channel_pool" | "channel_conv" | "arg_max" | "matrix_product"
> = {
  reduce, softmax, resample, l2_normalise: l2Normalise, channel_pool: channelPool, channel_conv: channelConv, arg_max: "plain",
  matrix_product: "plain",
};

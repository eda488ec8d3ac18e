/** What joins the numbers of an axis: softmax, means and maxima of channels and of images, images of other sizes. */
import { channelPoolKernel, softmaxKernel } from "../../../../../../kernels/wasm/operations/general/over-channels.ts";
import { resampleKernel } from "../../../../../../kernels/wasm/operations/general/resample.ts";
import { globalPoolKernel } from "../../../../../../kernels/wasm/operations/global-pool.ts";
import type { RowKind } from "../../../../../operations/general/rows.ts";
import { callOf } from "../../../../plan/kernel-call.ts";
import { storedFloats } from "../../../../plan/places.ts";
import type { Stored } from "../../../../plan/places.ts";
import { onLayouts, overFirst } from "../binding.ts";
import type { Binding, Bindings } from "../binding.ts";

/** Along the channels. */
const softmax: Binding<"softmax"> = {
  bind: onLayouts((output, [x], { operation: { axis, logarithm } }) => (axis === 1 ? softmaxKernel(output, x, logarithm) : undefined)),
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

export const rowBindings: Pick<Bindings, RowKind> = { reduce, softmax, resample, arg_max: "plain", matrix_product: "plain" };

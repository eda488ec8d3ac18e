/** The same numbers in other places: axes in other orders, other shapes, more of the same. */
import { copyKernel } from "../../../../../../kernels/wasm/operations/elementwise.ts";
import { gatherPixelsKernel } from "../../../../../../kernels/wasm/operations/general/resample.ts";
import { concatKernel, fromPlanarKernel, toPlanarKernel } from "../../../../../../kernels/wasm/operations/move.ts";
import type { Layout } from "../../../../../../kernels/wasm/shared/layout.ts";
import type { MoveKind } from "../../../../../operations/general/moves.ts";
import { callOf } from "../../../../plan/kernel-call.ts";
import type { Call } from "../../../../plan/kernel-call.ts";
import type { Image } from "../../../../plan/places.ts";
import { onLayouts } from "../binding.ts";
import type { Binding, Bindings } from "../binding.ts";
import { axes, walks } from "../moves.ts";
import { storedPlaces } from "./rows.ts";

const fill = (length: number, value: number): number[] => new Array<number>(length).fill(value);

const transpose: Binding<"transpose"> = walks(({ operation: { order } }) =>
  (order[0] === 0 ? { order, starts: fill(order.length, 0), steps: fill(order.length, 1) } : undefined));

const expand: Binding<"expand"> = walks(({ operation: { shape }, inputs: [x] }) =>
  ({ order: axes(shape), starts: fill(shape.length, 0), steps: shape.map((n, i) => (n === x.shape[i] ? 1 : 0)) }));

const isRow = ({ height, width }: Layout): boolean => height === 1 && width === 1;

/** Rows that lie one after the other, cut into so many. */
function recut({ region, layout, images }: Image, count: number): Image {
  return { region, layout: { channels: (layout.channels * images) / count, height: 1, width: 1, halo: 0 }, images: count };
}

const reshape: Binding<"reshape"> = {
  bind({ inputs, output }, { image }): Call | undefined {
    const [x, y] = [image(inputs[0]), image(output)];
    const flat = [x, y].map(({ layout, images }) => isRow(layout) && (layout.halo === 0 || images === 1));
    if (flat[0] && flat[1]) {
      const [from, to] = [recut(x, 1), recut(y, 1)];
      // Halos have their own places before the rows.
      return callOf(copyKernel(to.layout, from.layout), 1, [{ ...y, images: 1 }, { ...x, images: 1 }]);
    }
    if (flat[1]) return callOf(toPlanarKernel(x.layout), x.images, [y.layout.halo === 0 ? recut(y, x.images) : y, x]);
    if (flat[0]) return callOf(fromPlanarKernel(y.layout), y.images, [y, x.layout.halo === 0 ? recut(x, y.images) : x]);
    if (x.images !== y.images || x.layout.channels !== y.layout.channels) return undefined;
    // Pixels stay pixels: one of them lies as the other one would.
    if (y.layout.halo === 0) return callOf(copyKernel({ ...x.layout, halo: 0 }, x.layout), y.images, [y, x]);
    return x.layout.halo === 0 ? callOf(copyKernel(y.layout, { ...y.layout, halo: 0 }), y.images, [y, x]) : undefined;
  },
};

/** Channels one after the other. */
const join: Binding<"join"> = {
  bind: onLayouts((output, inputs, { operation: { axis } }) => (axis === 1 ? concatKernel(output, inputs) : undefined)),
};

const allOf = (size: number): number[] => Array.from({ length: size }, (_, i) => i);

function pixelsByPlace(y: Image, x: Image, rows: readonly number[], columns: readonly number[]): Call {
  const tables = [rows, columns].map((places) => storedPlaces(`places ${places.join()}`, places));
  return callOf(gatherPixelsKernel(y.layout, x.layout), y.images, [y, x, ...tables]);
}

/** Rows or columns of images. */
const gather: Binding<"gather"> = {
  bind({ operation: { axis, rows }, inputs, output }, { image }) {
    if (axis < 2 || output.shape.length > 4) return undefined;
    const [x, y] = [image(inputs[0]), image(output)];
    return pixelsByPlace(y, x, axis === 2 ? rows : allOf(y.layout.height), axis === 3 ? rows : allOf(y.layout.width));
  },
};

export const moveBindings: Pick<Bindings, MoveKind> = { reshape, transpose, expand, gather, join };

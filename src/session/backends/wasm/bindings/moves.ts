/** The same numbers in other places: parts of images, axes in other orders, other shapes, more of the same. */
import { copyKernel } from "../../../../../kernels/wasm/operations/elementwise.ts";
import { gatherPixelsKernel } from "../../../../../kernels/wasm/operations/general/resample.ts";
import { stridedKernel } from "../../../../../kernels/wasm/operations/general/strided.ts";
import { concatKernel, fromPlanarKernel, toPlanarKernel } from "../../../../../kernels/wasm/operations/move.ts";
import { padKernel } from "../../../../../kernels/wasm/operations/pad.ts";
import { imagePitch, rowPitch } from "../../../../../kernels/wasm/shared/layout.ts";
import type { Layout } from "../../../../../kernels/wasm/shared/layout.ts";
import type { Kind } from "../../../../graph/graph.ts";
import { padded } from "../../../../operations/general/moves.ts";
import { sizeOf } from "../../../../tensor.ts";
import { callOf } from "../../../plan/kernel-call.ts";
import type { Call } from "../../../plan/kernel-call.ts";
import { storedFloats } from "../../../plan/places.ts";
import type { Image } from "../../../plan/places.ts";
import { numbers } from "../pack-weights.ts";
import { onLayouts } from "./binding.ts";
import type { Binding, Bindings } from "./binding.ts";
import { storedPlaces } from "./rows.ts";

/** Floats of x from one index of each axis to the next; the first is of images. */
function pitches(x: Layout): number[] {
  return [0, 1, rowPitch(x), x.channels];
}

/** Axis i of the output goes over axis order[i] of x, from starts[i] on by steps[i]; images go with images. */
interface Walk {
  readonly order: readonly number[];
  readonly starts: readonly number[];
  readonly steps: readonly number[];
}

/** A binding to walks through an image. @param walkOf undefined where it goes over images in another way */
function walks<K extends Kind>(walkOf: (node: Parameters<Binding<K>["bind"]>[0]) => Walk | undefined): Binding<K> {
  return {
    bind(node, { image }) {
      const { inputs, output: { shape } } = node;
      const walk = shape.length <= 4 && inputs[0].shape.length === shape.length ? walkOf(node) : undefined;
      if (walk === undefined) return undefined;
      const [x, y] = [image(inputs[0]), image(node.output)];
      const pitch = pitches(x.layout);
      const [, channel, row = 0, pixel = 0] = shape.map((n, i) => (n === 1 ? 0 : pitch[walk.order[i]] * walk.steps[i]));
      const start = walk.starts.reduce((sum, at, i) => sum + at * pitch[walk.order[i]], 0);
      return callOf(stridedKernel(y.layout, { start, row, pixel, channel: shape[1] === 1 ? 1 : channel }), y.images, [y, x]);
    },
  };
}

const fill = (length: number, value: number): number[] => new Array<number>(length).fill(value);
const axes = ({ length }: readonly number[]): number[] => Array.from({ length }, (_, i) => i);

const transpose: Binding<"transpose"> = walks(({ operation: { order } }) =>
  (order[0] === 0 ? { order, starts: fill(order.length, 0), steps: fill(order.length, 1) } : undefined));

const slice: Binding<"slice"> = walks(({ operation: { starts, steps, shape }, inputs: [x] }) =>
  (starts[0] === 0 && shape[0] === x.shape[0] && sizeOf(shape) > 0 ? { order: axes(shape), starts, steps } : undefined));

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

const pad: Binding<"pad"> = { bind: onLayouts((output, [x], node) => padded(node, (shape) => padKernel(output, x, shape))) };

/** A copy at each run, of what is stored as the output lies. */
const constant: Binding<"constant"> = {
  bind({ operation: { value }, output }, { image }) {
    const y = image(output);
    const { channels, height, width, halo } = y.layout;
    if (halo > 0 && y.images > 1) return undefined;
    const floats = y.images * channels * height * width;
    const pixels = height * width;
    const stored = storedFloats(`${value.name} as images ${y.images}x${height}x${width}x${channels}`, floats, {
      fill(into) {
        const data = numbers(value)!;
        for (let n = 0, to = 0; n < y.images; n++) {
          for (let i = 0; i < pixels; i++) for (let c = 0; c < channels; c++) into[to++] = data[(n * channels + c) * pixels + i];
        }
      },
    });
    if (halo > 0) return callOf(copyKernel(y.layout, { ...y.layout, halo: 0 }), 1, [y, stored]);
    const whole = { channels: (y.images * imagePitch(y.layout)), height: 1, width: 1, halo: 0 };
    return callOf(copyKernel(whole, whole), 1, [y, stored]);
  },
};

export const moveBindings: Pick<Bindings, "constant" | "reshape" | "transpose" | "slice" | "expand" | "gather" | "pad" | "join"> = {
  constant, reshape, transpose, slice, expand, gather, pad, join,
};

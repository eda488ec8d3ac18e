/** The same numbers in other places: parts of images, what is around them, constants. */
import { copyKernel } from "../../../../../kernels/wasm/operations/elementwise.ts";
import { stridedKernel } from "../../../../../kernels/wasm/operations/general/strided.ts";
import { padKernel } from "../../../../../kernels/wasm/operations/pad.ts";
import { imagePitch, rowPitch } from "../../../../../kernels/wasm/shared/layout.ts";
import type { Layout } from "../../../../../kernels/wasm/shared/layout.ts";
import type { Kind } from "../../../../graph/graph.ts";
import { padded } from "../../../../operations/movement/pad.ts";
import { sizeOf } from "../../../../tensor.ts";
import { callOf } from "../../../plan/kernel-call.ts";
import { storedFloats } from "../../../plan/places.ts";
import { numbers } from "../pack-weights.ts";
import { onLayouts } from "./binding.ts";
import type { Binding, Bindings } from "./binding.ts";

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
export function walks<K extends Kind>(walkOf: (node: Parameters<Binding<K>["bind"]>[0]) => Walk | undefined): Binding<K> {
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

export const axes = ({ length }: readonly number[]): number[] => Array.from({ length }, (_, i) => i);

const slice: Binding<"slice"> = walks(({ operation: { starts, steps, shape }, inputs: [x] }) =>
  (starts[0] === 0 && shape[0] === x.shape[0] && sizeOf(shape) > 0 ? { order: axes(shape), starts, steps } : undefined));

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

export const moveBindings: Pick<Bindings, "constant" | "pad" | "slice"> = { constant, pad, slice };

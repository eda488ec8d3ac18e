/** What moves values, as ONNX. */
import { Tensor } from "../../../tensor.ts";
import type { Attributes, Writers } from "./writer.ts";

export const movementWriters: Pick<Writers, "concat" | "flatten" | "channel_shuffle" | "resize"> = {
  concat: (sink, { names, name }) => sink.node("Concat", names, name, { axis: 1 }),

  flatten: (sink, { names, name }) => sink.node("Flatten", names, name, { axis: 1 }),

  channel_shuffle(sink, { operation: { groups }, output, names: [input], name }) {
    const [, channels, height, width] = output.shape;
    const apart = sink.integers(`${name}.apart`, [0, groups, channels / groups, height, width]);
    const together = sink.integers(`${name}.together`, [0, channels, height, width]);
    sink.node("Reshape", [input, apart], `${name}.grouped`);
    sink.node("Transpose", [`${name}.grouped`], `${name}.mixed`, { perm: [0, 2, 1, 3, 4] });
    sink.node("Reshape", [`${name}.mixed`, together], name);
  },

  resize(sink, { operation: { size, method, alignCorners }, inputs: [x], names: [input], output, name }) {
    const factors = size.map((n, i) => n / x.shape[2 + i]);
    const whole = factors.every(Number.isInteger);
    if (method === "nearest" && !whole) {
      // Rows and columns by their numbers: Resize divides by a rounded factor, and may land on the neighbour.
      const from = (axis: number): number[] =>
        Array.from({ length: output.shape[axis] }, (_, i) => Math.floor((i * x.shape[axis]) / output.shape[axis]));
      sink.node("Gather", [input, sink.integers(`${name}.rows`, from(2))], `${name}.tall`, { axis: 2 });
      return sink.node("Gather", [`${name}.tall`, sink.integers(`${name}.columns`, from(3))], name, { axis: 3 });
    }
    const attributes: Attributes = method === "nearest"
      ? { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" }
      : { mode: "linear", coordinate_transformation_mode: alignCorners ? "align_corners" : "half_pixel" };
    if (whole) {
      const scales = sink.floats(`${name}.scales`, Tensor.of([1, 1, ...factors], [4]));
      return sink.node("Resize", [input, "", scales], name, attributes);
    }
    // Sizes are of all four axes; the batch is the input's own.
    sink.node("Shape", [input], `${name}.outer`, { end: 2 });
    sink.node("Concat", [`${name}.outer`, sink.integers(`${name}.extent`, size)], `${name}.sizes`, { axis: 0 });
    sink.node("Resize", [input, "", "", `${name}.sizes`], name, attributes);
  },
};

/** What moves values, as ONNX. */
import { Tensor } from "../../../tensor.ts";
import type { Attributes, Writers } from "./writer.ts";

export const movementWriters: Pick<Writers, "concat" | "flatten" | "channel_shuffle" | "upsample" | "resize_nearest"> = {
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

  upsample(sink, { operation: { factor, method, alignCorners }, names: [input], name }) {
    const scales = sink.floats(`${name}.scales`, Tensor.of([1, 1, factor, factor], [4]));
    const attributes: Attributes = method === "nearest"
      ? { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" }
      : { mode: "linear", coordinate_transformation_mode: alignCorners ? "align_corners" : "half_pixel" };
    sink.node("Resize", [input, "", scales], name, attributes);
  },

  /** Rows and columns by their numbers: Resize wants a factor, and rounds the size that comes of it. */
  resize_nearest(sink, { inputs: [input], output, name }) {
    const from = (axis: number): number[] =>
      Array.from({ length: output.shape[axis] }, (_, i) => Math.floor((i * input.shape[axis]) / output.shape[axis]));
    sink.node("Gather", [input.name, sink.integers(`${name}.rows`, from(2))], `${name}.tall`, { axis: 2 });
    sink.node("Gather", [`${name}.tall`, sink.integers(`${name}.columns`, from(3))], name, { axis: 3 });
  },
};

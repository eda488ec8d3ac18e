/** Tensors of any rank in other shapes, orders and places. */
import { takeForward } from "../../../kernels/reference/general/take.ts";
import type { TakeShape } from "../../../kernels/reference/general/take.ts";
import { padSource } from "../../../kernels/reference/joining/pad.ts";
import type { PadShape } from "../../../kernels/shapes.ts";
import { isPadded } from "../../../kernels/wasm/operations/pad.ts";
import type { Kind, Value } from "../../graph/graph.ts";
import { showShape, sizeOf } from "../../tensor.ts";
import type { Shape } from "../../tensor.ts";
import type { Computation, Computations, Declaration, Declarations, NodeOf } from "../record.ts";
import { broadcast, stridesOf } from "./pointwise.ts";

type Takes<K extends Kind> = Computation<K> & { readonly shapeOf: (node: NodeOf<K>) => TakeShape };

/** The routine of kinds that put numbers in other places, and which places these are. */
function takes<K extends Kind>(
  places: (operation: NodeOf<K>["operation"], from: Shape, to: Shape) => readonly Int32Array[],
  value: (operation: NodeOf<K>["operation"]) => number = () => 0,
): Takes<K> {
  const shapeOf = ({ operation, inputs, output }: NodeOf<K>): TakeShape => (
    { places: places(operation, inputs[0].shape, output.shape), value: value(operation) }
  );
  return {
    shapeOf,
    routine(node, { array }) {
      const [y, x, shape] = [array(node.output), array(node.inputs[0]), shapeOf(node)];
      return () => takeForward(y, x, shape);
    },
  };
}

/** Places of an axis: for each index of the output an index of the input, or -1 for outside. */
function axis(size: number, stride: number, from: (i: number) => number): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => {
    const at = from(i);
    return at < 0 ? -1 : at * stride;
  });
}

const constant: Declaration<"constant"> = {
  shape: ({ value }) => value.read().shape,
  parameters: ({ value }) => [value],
};
const constantComputation: Computation<"constant"> = {
  routine({ operation: { value }, output }, { array, constant: numbers }) {
    const [y, x] = [array(output), numbers(value)];
    return () => y.set(x);
  },

  check({ x, add, constant: made }) {
    add({ kind: "constant", value: made(x.shape) }, x.shape);
  },
};

const reshape: Declaration<"reshape"> = {
  shape({ shape }, [x]) {
    if (sizeOf(shape) !== sizeOf(x)) {
      throw new RangeError(`reshape: ${showShape(shape)} wants ${sizeOf(shape)} numbers, the input ${showShape(x)} has ${sizeOf(x)}`);
    }
    return shape;
  },
};
const reshapeComputation: Computation<"reshape"> = {
  routine({ inputs, output }, { array }) {
    const [y, x] = [array(output), array(inputs[0])];
    return () => y.set(x);
  },

  check({ x, row, add }) {
    const [batch, channels, height, width] = x.shape;
    add({ kind: "reshape", shape: [batch, channels * height * width] }, [batch, channels * height * width], x);
    add({ kind: "reshape", shape: [batch, 5, 2, 2] }, [batch, 5, 2, 2], row);
    add({ kind: "reshape", shape: [batch, channels, height * width] }, [batch, channels, height * width], x);
  },
};

const transpose: Declaration<"transpose"> = {
  shape({ order }, [x]) {
    if (order.length !== x.length || x.some((_, i) => !order.includes(i))) {
      throw new RangeError(`transpose: order wants each axis of ${showShape(x)} once, got ${showShape(order)}`);
    }
    return order.map((each) => x[each]);
  },
};
export const transposeComputation: Takes<"transpose"> = {
  ...takes<"transpose">(({ order }, from) => {
    const strides = stridesOf(from);
    return order.map((each) => axis(from[each], strides[each], (i) => i));
  }),

  check({ x, add }) {
    for (const order of [[0, 3, 1, 2], [0, 2, 3, 1], [0, 1, 3, 2]]) add({ kind: "transpose", order }, order.map((i) => x.shape[i]), x);
  },
};

const slice: Declaration<"slice"> = {
  shape({ starts, steps, shape }, [x]) {
    const inside = (at: number, i: number): boolean => at >= 0 && at < x[i];
    const fits = shape.length === x.length &&
      shape.every((n, i) => n === 0 || (inside(starts[i], i) && inside(starts[i] + (n - 1) * steps[i], i)));
    if (!fits) {
      throw new RangeError(`slice: from ${showShape(starts)} by ${showShape(steps)}, ${showShape(shape)} of ${showShape(x)} lies outside`);
    }
    return shape;
  },
};
export const sliceComputation: Takes<"slice"> = {
  ...takes<"slice">(({ starts, steps }, from, to) => {
    const strides = stridesOf(from);
    return to.map((n, i) => axis(n, strides[i], (at) => starts[i] + at * steps[i]));
  }),

  check({ x, add }) {
    for (const [first, steps, shape] of [[2, [1, 1, 1, 1], [2, 9, 6, 5]], [1, [1, 2, -1, 2], [2, 4, 2, 3]]] as const) {
      add({ kind: "slice", starts: [0, first, 1, 1], steps, shape }, shape, x);
    }
  },
};

const expand: Declaration<"expand"> = {
  shape({ shape }, [x]) {
    if (broadcast("expand", [shape, x]).join() !== shape.join()) {
      throw new RangeError(`expand: ${showShape(x)} does not stretch to ${showShape(shape)}`);
    }
    return shape;
  },
};
export const expandComputation: Takes<"expand"> = {
  ...takes<"expand">((_, from, to) => {
    const strides = stridesOf(from);
    const missing = to.length - from.length;
    return to.map((n, i) => axis(n, strides[i - missing] ?? 0, (at) => (i < missing || from[i - missing] === 1 ? 0 : at)));
  }),

  check({ x, gate, add }) {
    add({ kind: "expand", shape: x.shape }, x.shape, gate);
  },
};

const gather: Declaration<"gather"> = {
  shape({ axis: along, rows }, [x]) {
    const wrong = rows.find((row) => !(row >= 0 && row < x[along]));
    if (wrong !== undefined || !(along < x.length)) throw new RangeError(`gather: ${showShape(x)} has no row ${wrong} on axis ${along}`);
    return x.map((n, i) => (i === along ? rows.length : n));
  },
};
export const gatherComputation: Takes<"gather"> = {
  ...takes<"gather">(({ axis: along, rows }, from, to) => {
    const strides = stridesOf(from);
    return to.map((n, i) => axis(n, strides[i], (at) => (i === along ? rows[at] : at)));
  }),

  check({ x, add }) {
    for (const along of [2, 3]) add({ kind: "gather", axis: along, rows: [3, 0, 3] }, x.shape.map((n, i) => (i === along ? 3 : n)), x);
  },
};

const pad: Declaration<"pad"> = { shape: ({ before, after }, [x]) => x.map((n, i) => n + before[i] + after[i]) };
export const padComputation: Takes<"pad"> = {
  ...takes<"pad">(({ before, mode }, from, to) => {
    const strides = stridesOf(from);
    return to.map((n, i) => axis(n, strides[i], (at) => padSource(mode, from[i], at - before[i])));
  }, ({ value }) => value),

  label: ({ mode }) => `pad ${mode}`,

  check({ x, add }) {
    const [batch, channels, height, width] = x.shape;
    for (const mode of ["constant", "edge", "reflect", "wrap"] as const) {
      add({ kind: "pad", before: [0, 0, 2, 1], after: [0, 0, 1, 3], mode, value: 0.5 }, [batch, channels, height + 3, width + 4], x);
    }
  },
};

/** What `use` makes of the padding of images, where it is one that kernels have; else undefined. */
export function padded<T>({ operation, inputs: [{ shape }] }: NodeOf<"pad">, use: (shape: PadShape) => T): T | undefined {
  const { before, after, mode, value } = operation;
  if (shape.length !== 4 || before[0] + before[1] + after[0] + after[1] !== 0 || [...before, ...after].some((n) => n < 0)) return undefined;
  const [batch, channels, inHeight, inWidth] = shape;
  const [, , top, left] = before;
  const [outHeight, outWidth] = [top + inHeight + after[2], left + inWidth + after[3]];
  const all: PadShape = { planes: batch * channels, inHeight, inWidth, outHeight, outWidth, top, left, mode, value };
  return isPadded(all) ? use(all) : undefined;
}

const join: Declaration<"join"> = {
  shape({ axis: along }, inputs) {
    const [first] = inputs;
    for (const shape of inputs) {
      if (shape.length !== first.length || shape.some((n, i) => i !== along && n !== first[i])) {
        throw new RangeError(`join: ${showShape(first)} and ${showShape(shape)} differ in more than axis ${along}`);
      }
    }
    return first.map((n, i) => (i === along ? inputs.reduce((sum, shape) => sum + shape[along], 0) : n));
  },
};
const joinComputation: Computation<"join"> = {
  routine({ operation: { axis: along }, inputs, output }, { array }) {
    const y = array(output);
    const rowOf = ({ shape }: Value): number => sizeOf(shape.slice(along));
    const row = rowOf(output);
    const parts = inputs.map((value) => ({ x: array(value), length: rowOf(value) }));
    return () => {
      let at = 0;
      for (const { x, length } of parts) {
        for (let i = 0, to = at; i < x.length; i += length, to += row) y.set(x.subarray(i, i + length), to);
        at += length;
      }
    };
  },

  check({ x, fewer, add }) {
    add({ kind: "join", axis: 1 }, x.shape.map((n, i) => (i === 1 ? n + fewer.shape[1] : n)), x, fewer);
  },
};

export type MoveKind = "constant" | "reshape" | "transpose" | "slice" | "expand" | "gather" | "pad" | "join";

export const moveDeclarations: Pick<Declarations, MoveKind> = { constant, reshape, transpose, slice, expand, gather, pad, join };

export const moveComputations: Pick<Computations, MoveKind> = {
  constant: constantComputation, reshape: reshapeComputation, transpose: transposeComputation, slice: sliceComputation,
  expand: expandComputation, gather: gatherComputation, pad: padComputation, join: joinComputation,
};

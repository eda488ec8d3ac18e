/** Tensors of any rank in other shapes, orders and places. */
import type { Value } from "../../graph/graph.ts";
import { showShape, sizeOf } from "../../tensor.ts";
import { broadcast, stridesOf } from "../broadcast.ts";
import { axis, takes } from "../movement/takes.ts";
import type { Takes } from "../movement/takes.ts";
import type { Computation, Computations, Declaration, Declarations } from "../record.ts";

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

export type MoveKind = "reshape" | "transpose" | "expand" | "gather" | "join";

export const moveDeclarations: Pick<Declarations, MoveKind> = { reshape, transpose, expand, gather, join };

export const moveComputations: Pick<Computations, MoveKind> = {
  reshape: reshapeComputation, transpose: transposeComputation, expand: expandComputation, gather: gatherComputation,
  join: joinComputation,
};

/** Maximum or mean over a window that moves over the image: x [N,C,H,W]. */
import { pool2dShape } from "../../../kernels/shapes.ts";
import type { Pool2dShape } from "../../../kernels/shapes.ts";
import type { Of } from "../../graph/graph.ts";
import type { Shape } from "../../tensor.ts";
import { checkImage, stepOf } from "../record.ts";
import type { Computation, Declaration } from "../record.ts";

function geometry(operation: Of<"max_pool"> | Of<"average_pool">, input: Shape): Pool2dShape {
  const [batch, channels, height, width] = input;
  return pool2dShape(batch, channels, height, width, operation);
}

function pooled(operation: Of<"max_pool"> | Of<"average_pool">, [x]: readonly Shape[]): Shape {
  const { batch, channels, outHeight, outWidth } = geometry(operation, checkImage(operation.kind, x));
  return [batch, channels, outHeight, outWidth];
}

const window = { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], ceilMode: false } as const;

export const maxPool: Declaration<"max_pool"> = { shape: pooled };

export const maxPoolComputation: Computation<"max_pool"> = {
  step({ operation, inputs, output }, { array, kernels }) {
    const [y, x, shape] = [array(output), array(inputs[0]), geometry(operation, inputs[0].shape)];
    const places = new Int32Array(y.length);
    return () => kernels.maxPoolForward(y, places, x, shape);
  },

  check({ x, add }) {
    add({ kind: "max_pool", ...window }, [2, x.shape[1], 4, 4], x);
  },
};

export const averagePool: Declaration<"average_pool"> = { shape: pooled };

export const averagePoolComputation: Computation<"average_pool"> = {
  step: stepOf(({ operation, inputs: [x] }) => geometry(operation, x.shape), "averagePoolForward"),

  check({ x, add }) {
    add({ kind: "average_pool", ...window, countPadding: false }, [2, x.shape[1], 4, 4], x);
  },
};

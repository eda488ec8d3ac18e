/** Maximum or mean over a window that moves over the image: x [N,C,H,W]. */
import { pool2dShape } from "../../../kernels/shapes.ts";
import type { Pool2dShape } from "../../../kernels/shapes.ts";
import type { Of } from "../../graph/graph.ts";
import type { Shape } from "../../tensor.ts";
import { checkImage, routineOf, windowsOf } from "../record.ts";
import type { NodeOf, Computation, Declaration } from "../record.ts";

function pooled(operation: Of<"max_pool"> | Of<"average_pool">, [x]: readonly Shape[]): Shape {
  const [batch, channels, height, width] = checkImage(operation.kind, x);
  const { outHeight, outWidth } = pool2dShape(batch, channels, height, width, operation);
  return [batch, channels, outHeight, outWidth];
}

/** The kernels' shape record. */
export function poolShape(node: NodeOf<"max_pool" | "average_pool">): Pool2dShape {
  const { operation, inputs } = node;
  return { ...windowsOf(node), channels: inputs[0].shape[1], countPadding: "countPadding" in operation && operation.countPadding };
}

const window = { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], ceilMode: false } as const;

export const maxPool: Declaration<"max_pool"> = { shape: pooled };

export const maxPoolComputation: Computation<"max_pool"> = {
  routine(node, { array, kernels }) {
    const [y, x, shape] = [array(node.output), array(node.inputs[0]), poolShape(node)];
    const places = new Int32Array(y.length);
    return () => kernels.maxPoolForward(y, places, x, shape);
  },

  check({ x, add }) {
    add({ kind: "max_pool", ...window }, [2, x.shape[1], 4, 4], x);
  },
};

export const averagePool: Declaration<"average_pool"> = { shape: pooled };

export const averagePoolComputation: Computation<"average_pool"> = {
  routine: routineOf(poolShape, "averagePoolForward"),

  check({ x, add }) {
    add({ kind: "average_pool", ...window, countPadding: false }, [2, x.shape[1], 4, 4], x);
  },
};

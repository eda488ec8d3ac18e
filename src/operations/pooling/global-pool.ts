/** Mean or maximum, over an image: x [N,C,H,W] to [N,C,1,1], or over its channels: to [N,1,H,W]. */
import { checkImage, perChannel } from "../record.ts";
import type { NodeOf, Computation, Declaration, KernelCheck, Routine, RoutineContext } from "../record.ts";

function stepBy(mean: "globalAveragePoolForward" | "channelMeanForward", max: "globalMaxPoolForward" | "channelMaxForward") {
  return (node: NodeOf<"global_pool"> | NodeOf<"channel_pool">, { array, kernels }: RoutineContext): Routine => {
    const [y, x, shape] = [array(node.output), array(node.inputs[0]), perChannel(node)];
    if (node.operation.by === "mean") return () => kernels[mean](y, x, shape);
    const places = new Int32Array(y.length);
    return () => kernels[max](y, places, x, shape);
  };
}

export const globalPool: Declaration<"global_pool"> = {
  shape(_, [x]) {
    const [batch, channels] = checkImage("global_pool", x);
    return [batch, channels, 1, 1];
  },
};

export const globalPoolComputation: Computation<"global_pool"> = {
  routine: stepBy("globalAveragePoolForward", "globalMaxPoolForward"),

  label: ({ by }) => `global_pool ${by}`,

  check({ x, gate, add }) {
    for (const by of ["mean", "max"] as const) add({ kind: "global_pool", by }, gate.shape, x);
  },
};

export const channelPool: Declaration<"channel_pool"> = {
  shape(_, [x]) {
    const [batch, , height, width] = checkImage("channel_pool", x);
    return [batch, 1, height, width];
  },
};

export const channelPoolComputation: Computation<"channel_pool"> = {
  routine: stepBy("channelMeanForward", "channelMaxForward"),
};

/** What checks its kernels, which lean sessions have not. */
export const channelPoolCheck: KernelCheck<"channel_pool"> = {
  check({ x, add }) {
    for (const by of ["mean", "max"] as const) add({ kind: "channel_pool", by }, [2, 1, 8, 7], x);
  },
};

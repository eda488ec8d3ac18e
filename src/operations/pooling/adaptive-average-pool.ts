/** Means over windows that divide any image into `size`: x [N,C,H,W]. */
import { checkImage, resized, routineOf } from "../record.ts";
import type { Computation, Declaration } from "../record.ts";

export const adaptiveAveragePool: Declaration<"adaptive_average_pool"> = {
  shape({ size }, [x]) {
    const [batch, channels] = checkImage("adaptive_average_pool", x);
    return [batch, channels, ...size];
  },
};

export const adaptiveAveragePoolComputation: Computation<"adaptive_average_pool"> = {
  routine: routineOf(resized, "adaptiveAveragePoolForward"),

  check({ x, add }) {
    add({ kind: "adaptive_average_pool", size: [3, 2] }, [2, x.shape[1], 3, 2], x);
  },
};

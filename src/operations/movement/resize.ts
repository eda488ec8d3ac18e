/** Images of another size, by the nearest pixel or bilinearly: x [N,C,H,W]. */
import { checkImage, resized, routineOf } from "../record.ts";
import type { Computation, Declaration } from "../record.ts";

export const resize: Declaration<"resize"> = {
  shape({ size }, [x]) {
    const [batch, channels] = checkImage("resize", x);
    return [batch, channels, ...size];
  },
};

export const resizeComputation: Computation<"resize"> = {
  routine: routineOf(
    (node) => ({ ...resized(node), alignCorners: node.operation.alignCorners }),
    ({ method }) => (method === "nearest" ? "upsampleNearestForward" : "upsampleBilinearForward"),
  ),

  label: ({ method }) => `resize ${method}`,

  check({ x, add }) {
    for (const method of ["nearest", "bilinear"] as const) {
      for (const size of [[16, 14], [5, 11]] as const) {
        add({ kind: "resize", method, size, alignCorners: false }, [2, x.shape[1], ...size], x);
      }
    }
  },
};

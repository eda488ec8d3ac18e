/** Images a whole number of times as large, or of any size by the nearest pixel: x [N,C,H,W]. */
import { checkImage, resized, stepOf } from "../record.ts";
import type { Computation, Declaration, KernelCheck } from "../record.ts";

export const upsample: Declaration<"upsample"> = {
  shape({ factor }, [x]) {
    const [batch, channels, height, width] = checkImage("upsample", x);
    return [batch, channels, height * factor, width * factor];
  },
};

export const upsampleComputation: Computation<"upsample"> = {
  step: stepOf(
    (node) => ({ ...resized(node), alignCorners: node.operation.alignCorners }),
    ({ method }) => (method === "nearest" ? "upsampleNearestForward" : "upsampleBilinearForward"),
  ),

  label: ({ method }) => `upsample ${method}`,

  check({ x, add }) {
    for (const method of ["nearest", "bilinear"] as const) {
      add({ kind: "upsample", method, factor: 2, alignCorners: false }, [2, x.shape[1], 16, 14], x);
    }
  },
};

export const resizeNearest: Declaration<"resize_nearest"> = {
  shape({ size }, [x]) {
    const [batch, channels] = checkImage("resize_nearest", x);
    return [batch, channels, ...size];
  },
};

export const resizeNearestComputation: Computation<"resize_nearest"> = {
  step: stepOf(resized, "upsampleNearestForward"),
};

/** What checks its kernels, which lean sessions have not. */
export const resizeNearestCheck: KernelCheck<"resize_nearest"> = {
  check({ x, add }) {
    add({ kind: "resize_nearest", size: [5, 11] }, [2, x.shape[1], 5, 11], x);
  },
};

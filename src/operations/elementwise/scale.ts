/**
 * Squeeze-and-Excitation's scale, x [N,C,H,W] by gate [N,C,1,1]; the scale of pixels, by gate [N,1,H,W]; and the product of two values of
 * one shape.
 */
import { sizeOf } from "../../tensor.ts";
import { checkImage, checkShape, perChannel, routineOf } from "../record.ts";
import type { Computation, Declaration, KernelCheck } from "../record.ts";
import { relu, withActivation } from "./activation.ts";

export const scale: Declaration<"scale"> = {
  shape(_, [x, gate]) {
    const [batch, channels] = checkImage("scale", x);
    checkShape("scale", gate, [batch, channels, 1, 1]);
    return x;
  },
};

export const scaleComputation: Computation<"scale"> = {
  routine: withActivation(routineOf(perChannel, "channelScaleForward")),

  check({ x, gate, add }) {
    add({ kind: "scale" }, x.shape, x, gate);
    add({ kind: "scale", activation: relu }, x.shape, x, gate);
  },
};

export const pixelScale: Declaration<"pixel_scale"> = {
  shape(_, [x, gate]) {
    const [batch, , height, width] = checkImage("pixel_scale", x);
    checkShape("pixel_scale", gate, [batch, 1, height, width]);
    return x;
  },
};

export const pixelScaleComputation: Computation<"pixel_scale"> = {
  routine: routineOf(perChannel, "pixelScaleForward"),
};

export const multiply: Declaration<"multiply"> = { shape: (_, [a, b]) => checkShape("multiply", b, a) };

export const multiplyComputation: Computation<"multiply"> = {
  // Channels of one pixel each: every element has its gate.
  routine: routineOf(({ output }) => ({ batch: 1, channels: sizeOf(output.shape), pixels: 1 }), "channelScaleForward"),
};

/** What checks its kernels, which lean sessions have not. */
export const pixelScaleCheck: KernelCheck<"pixel_scale"> = {
  // Together with what makes images of one channel.
  label: () => "channel_pool",
  check({ x, add }) {
    const [batch, , height, width] = x.shape;
    add({ kind: "pixel_scale" }, x.shape, x, add({ kind: "channel_pool", by: "mean" }, [batch, 1, height, width], x));
  },
};

/** The same. */
export const multiplyCheck: KernelCheck<"multiply"> = {
  check({ x, other, add }) {
    add({ kind: "multiply" }, x.shape, x, other);
  },
};

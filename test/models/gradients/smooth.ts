/** Kernels for finite differences of deep networks. */
import type { Kernels } from "../../../kernels/contract.ts";
import * as reference from "../../../kernels/reference/index.ts";

/**
 * Deep networks have so many kinks that every step crosses one. Their wiring is checked with smooth functions in the places of
 * the kinked ones (which have tests of their own, and stand in the small networks here).
 */
export const smooth: Kernels = {
  ...reference,
  reluForward: reference.siluForward,
  reluBackward: reference.siluBackward,
  relu6Forward: reference.tanhForward,
  relu6Backward: reference.tanhBackward,
  hardSwishForward: reference.siluForward,
  hardSwishBackward: reference.siluBackward,
  hardSigmoidForward: (y, x, _slope, _offset, shape) => reference.sigmoidForward(y, x, shape),
  hardSigmoidBackward: (dx, x, dy, _slope, _offset, shape) => reference.sigmoidBackward(dx, x, dy, shape),
};

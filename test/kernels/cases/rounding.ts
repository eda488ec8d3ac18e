/**
 * Cases of rounding in training. Straight through means: the gradient is that of the same function without the rounding, which is what
 * finite differences are taken of; with it, families are compared.
 */
import { channelShape } from "../../../kernels/shapes.ts";
import type { Case } from "../case.ts";
import { fixed, normal } from "../case.ts";

interface Sizes {
  readonly batch: number;
  readonly channels: number;
  readonly pixels: number;
  readonly swish: boolean;
  readonly rounds?: boolean;
  readonly large?: boolean;
}

function fakeQuantise({ batch, channels, pixels, swish, rounds = false, large = false }: Sizes): Case {
  const s = { ...channelShape(batch, channels, pixels), rounds };
  const size = batch * channels * pixels;
  // So wide that many numbers are cut at either end, and most are not.
  return {
    name: `fakeQuantise [${batch},${channels},${pixels}]${swish ? ", hard swish" : ""}${rounds ? ", rounded" : ""}`,
    kernels: ["fakeQuantiseForward", "fakeQuantiseBackward"], kinks: rounds, large,
    inputs: {
      x: normal(size, 4), offset: normal(channels), limits: fixed(rounds ? [2, 7, 3] : swish ? [-0.2, 9.5, 0.3] : [-3.3, 4.1, 0.7]),
      ...(swish ? { factor: normal(channels, 0.1, 0.25) } : {}),
    },
    by: ["x", "offset"],
    forward(k, { x, offset, limits, factor }, make) {
      const y = make(size);
      k.fakeQuantiseForward(y, x, offset, limits, factor ?? null, s);
      return { y, rest: {} };
    },
    backward(k, gradients, dy, { x, offset, limits, factor }) {
      k.fakeQuantiseBackward(gradients["x"], gradients["offset"], x, offset, limits, factor ?? null, dy, s);
    },
  };
}

export const roundingCases: readonly Case[] = [
  fakeQuantise({ batch: 1, channels: 3, pixels: 1, swish: false }),
  fakeQuantise({ batch: 2, channels: 3, pixels: 7, swish: false }),
  fakeQuantise({ batch: 3, channels: 4, pixels: 9, swish: true }),
  fakeQuantise({ batch: 2, channels: 5, pixels: 12, swish: false, rounds: true }),
  fakeQuantise({ batch: 2, channels: 5, pixels: 12, swish: true, rounds: true }),
  fakeQuantise({ batch: 2, channels: 16, pixels: 400, swish: true, large: true }),
];

/** Where Strassen's method pays, and how much it computes at a time; as convolution/tiles.ts, but only who has these kernels loads it. */
import type { ConvParams } from "../params.ts";

/** Bytes of the inputs of products that are made at a time: half of what a second cache holds. */
const INPUTS = 512 << 10;

/** Rows of the upper half of the output: a divisor of it. */
export function strassenRows({ input, output, kernel, stride }: ConvParams): number {
  const half = output.height / 2;
  const passed = kernel[0] * kernel[1] === 1 ? 1 : stride[0] * stride[1];
  const most = Math.max(1, Math.floor(INPUTS / (14 * passed * output.width * input.channels)));
  for (let rows = Math.min(half, most); ; rows--) if (half % rows === 0) return rows;
}

/**
 * Is it faster (docs/kernels.md, rung 6)? With four times as many channels out as in, outputs take longer to put together than is saved;
 * few pixels do not repay the weights, which are 7/4 of the direct ones.
 */
export function strassenPays({ input, output, kernel, stride }: ConvParams): boolean {
  // What has stride 1 and places is Winograd's.
  const sort = kernel[0] * kernel[1] === 1 || (stride[0] > 1 && kernel[0] * kernel[1] <= 9);
  return sort && 3 * input.channels >= output.channels && Math.min(input.channels, output.channels) >= 128 &&
    output.height * output.width >= 196;
}

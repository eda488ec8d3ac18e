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
 * Is it faster? Times over those of direct kernels (a Zen 5 server; Node 20 with 128 bits, Node 26 with 256): 512 to 128 channels of 28x28 0.92 and 0.92, 1024 to 256 of 14x14
 * 0.90 and 0.91, 1024 to 512 0.90 and 0.90, with stride 2 from 256 to 512 of 28x28 0.94 and 0.94, 3x3 with stride 2 from 128 to 128 of 28x28 0.92 and 0.93; with four times as many channels
 * out as in, outputs take longer to put together than is saved: 256 to 1024 of 14x14 1.02 and 128 to 512 of 28x28 1.08 (Node 26). Few pixels do not repay the weights, which are 7/4 of the direct ones. In the networks: SE-MobileNet v1 (Node 20)
 * 18.4 ms instead of 19.5, SE-ResNet-50 101.8 instead of 104, and 53.1 instead of 53.9 (Node 26).
 */
export function strassenPays({ input, output, kernel, stride }: ConvParams): boolean {
  // What has stride 1 and places is Winograd's.
  const sort = kernel[0] * kernel[1] === 1 || (stride[0] > 1 && kernel[0] * kernel[1] <= 9);
  return sort && 2 * input.channels >= output.channels && Math.min(input.channels, output.channels) >= 128 && output.height * output.width >= 196;
}

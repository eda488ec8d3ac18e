/** What a network is trained on in one step. */
import type { Tensor } from "../../tensor.ts";

export interface Batch {
  /** [N, channels, height, width]. */
  readonly x: Tensor<Float32Array>;
  /** One an image, or one a pixel: [N] or [N, height, width]. Of mixed images that with the larger share. */
  readonly labels: Int32Array;
  /** Of mixed images: the share of each class, [N, classes]. */
  readonly shares?: Float32Array;
}

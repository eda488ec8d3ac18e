/** A network that was opened, whatever file it came in. */
import type { Network } from "../../../src/graph/network.ts";
import type { Preprocessing } from "../../../src/io/images/preprocess.ts";
import type { Shape, Tensor } from "../../../src/tensor.ts";

/** A network, and how pictures go in and answers come out. */
export interface Source {
  readonly title: string;
  readonly network: Network;
  /** The input's name, and its shape for one picture. */
  readonly input: string;
  readonly shape: Shape;
  readonly preprocessing: Preprocessing;
  readonly classes: readonly string[];
  /** From [1,C,H,W] to what the input wants. */
  readonly arranged: (x: Tensor<Float32Array>) => Tensor<Float32Array>;
  /** Does it answer for every pixel, [1,classes,H,W]? */
  readonly pixels: boolean;
  /** Of the blocks, where they have names of their own. */
  readonly blockNames?: readonly string[];
  readonly notes: readonly string[];
}

export const isMap = ([, , height = 1, width = 1]: Shape): boolean => height * width > 1;

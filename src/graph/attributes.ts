/** Attributes that operations of several kinds have. */
import type { Tensor } from "../tensor.ts";

type Two = readonly [number, number];
type Four = readonly [top: number, left: number, bottom: number, right: number];

/** A tensor of the state dict. `read` gives what the parameter holds now, not what it held when the graph was made. */
export interface Constant {
  readonly name: string;
  read(): Tensor;
  /**
   * Set where the tensor is another one times a factor for each index of the first dimension (weights that took over a normalisation). Code
   * that copies the weights anyway reads the other tensor and multiplies while it copies.
   */
  readonly scaled?: { readonly of: Constant; readonly factors: () => Float64Array };
  /** Training does not change it: it follows from others, or is always the same. */
  readonly fixed?: boolean;
  /** Set where training makes the tensor of others before each step (int8 training: whole numbers of weights); has it a gradient? */
  readonly derived?: { readonly learns: boolean };
  /** Set where the tensor only takes channels from this one on, in order: row j has its 1 at channel `selects` + j, and zeros. */
  readonly selects?: number;
}

/** Sizes of a window that moves over an image, [height, width] each; padding on each side. */
export interface Window {
  readonly kernel: Two;
  readonly stride: Two;
  readonly padding: Four;
}

/** What stands in SE's place: a block that takes features [N,C,H,W] and gives them back, some stronger and some weaker. */
import { Composite } from "../module.ts";
import type { Module } from "../module.ts";

/**
 * What all attention blocks are: x [N,C,H,W] to y of the same shape. `summarise` counts what happens inside apart from the network's own
 * work.
 * @example
 * [new SqueezeExcite(64), new Cbam(64)].every((block) => block instanceof Attention)   // => true
 */
export abstract class Attention extends Composite {
  /** What tells attention from other composites, also in another copy of the package. */
  get attention(): true {
    return true;
  }
}

/** Is it attention, of this copy of the package or of another? */
export function isAttention(module: Module): module is Attention {
  return (module as Partial<Attention>).attention === true;
}

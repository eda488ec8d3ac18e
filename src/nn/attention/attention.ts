/** What stands in SE's place: a block that takes features [N,C,H,W] and gives them back, some stronger and some weaker. */
import { Composite } from "../module.ts";

/**
 * What all attention blocks are: x [N,C,H,W] to y of the same shape. `summarise` counts what happens inside apart from the network's own
 * work.
 */
export abstract class Attention extends Composite {}

/** What stands in SE's place: a block that takes features [N,C,H,W] and gives them back, some stronger and some weaker. */
import { Composite } from "../module.ts";

/** The class that all of them share; `summarise` counts what happens inside apart from the network's own work. */
export abstract class Attention extends Composite {}

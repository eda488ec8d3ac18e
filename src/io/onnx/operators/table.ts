/** What lowers the nodes of an operator. */
import type { Item } from "../lower/nodes.ts";
import type { Site } from "../lower/site.ts";

/** @returns its outputs, or the one there is */
export type Lowering = (site: Site) => Item | readonly (Item | undefined)[];

export type Table = Readonly<Record<string, Lowering>>;

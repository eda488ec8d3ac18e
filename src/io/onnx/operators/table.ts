/** Functions that lower the nodes of operators, by the names of these. */
import type { Lowering } from "../lower/site.ts";

export type { Lowering } from "../lower/site.ts";

export type Table = Readonly<Record<string, Lowering>>;

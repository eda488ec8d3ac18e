/** The bindings of general operations, which come with the graphs that have them (src/session/general.ts). */
import type { GeneralKind } from "../../../../../operations/general/index.ts";
import type { Bindings } from "../binding.ts";
import { moveBindings } from "./moves.ts";
import { pointwiseBindings } from "./pointwise.ts";
import { rowBindings } from "./rows.ts";

export const generalBindings: Pick<Bindings, GeneralKind> = { ...moveBindings, ...pointwiseBindings, ...rowBindings };

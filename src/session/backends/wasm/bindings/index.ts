/** The bindings of all operations but those on bytes, which only quantised networks load (quantised.ts). */
import type { QuantisedKind } from "../../../../graph/quantised.ts";
import type { Bindings } from "./binding.ts";
import { generalBindings } from "./general/index.ts";
import { moduleBindings } from "./modules.ts";

export const bindings: Omit<Bindings, QuantisedKind> = { ...moduleBindings, ...generalBindings };

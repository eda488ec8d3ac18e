/** What the plain kernels alone compute in training sessions. */
import { passes } from "../plain/passes.ts";
import type { PassKind } from "../plain/passes.ts";
import type { Training } from "../step/context.ts";

/** Every kind that has a pass, without a rule. Those with one take their places in the table of all (index.ts). */
export const plainRules = Object.fromEntries(
  Object.entries(passes).map(([kind, pass]) => [kind, { pass }]),
) as unknown as { readonly [K in PassKind]: Training<K> };

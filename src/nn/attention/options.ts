/** Checks that attention of all kinds shares. */
import { aboveZero, check, checkFields, flag, oneOf, texts, whole } from "../../checks.ts";
import type { ArgumentKind } from "../../checks.ts";
import { checkActivation } from "../layers/activations.ts";

type Kinds = Readonly<Record<string, ArgumentKind | null>>;

/** Of a convolution in the middle of its padding. */
export const oddWhole: ArgumentKind = {
  wanted: "an odd whole number of at least 1", is: (value) => typeof value === "number",
  fits: (value: number) => Number.isSafeInteger(value) && value >= 1 && value % 2 === 1,
};

/** What SE has. */
export const excitationKinds: Kinds = {
  reduction: null, rounding: null, hidden: whole(), gate: null, inner: null, bias: flag, squeeze: oneOf("mean", "max"), norm: flag,
  names: { ...texts, wanted: "two names", fits: (value: readonly string[]) => value.length === 2 && value[0] !== value[1] },
};

/**
 * @param kinds of its options; null stands for one that all have: reduction, rounding, gate, inner
 * @throws TypeError for the wrong kind; RangeError for an unknown option, or one out of range
 */
export function checkExcitation(operation: string, channels: unknown, options: unknown, kinds: Kinds): void {
  check(operation, "channels", channels, whole());
  const shared: Kinds = { reduction: aboveZero, rounding: oneOf("floor", "divisible") };
  checkFields(operation, options, Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, kind ?? shared[name] ?? null])));
  const { gate, inner } = options as { readonly gate?: unknown; readonly inner?: unknown };
  if (gate !== undefined) checkActivation(operation, "gate", gate);
  if (inner !== undefined) checkActivation(operation, "inner", inner);
}

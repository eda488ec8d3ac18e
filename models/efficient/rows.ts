/**
 * Stages of mobile networks as one writes them (Tan et al., "MnasNet", arXiv 1807.11626): a row "ir r3 k5 s2 e6 c40 se.25" is three
 * inverted residual blocks of kernel 5, the first with stride 2, expanded 6 times, 40 channels out, SE with a quarter of the block's
 * input as its hidden width.
 */
import { activationNames } from "../../src/nn/layers/activations.ts";
import type { ActivationName } from "../../src/nn/layers/activations.ts";

/**
 * `ds` depthwise separable, `ir` inverted residual, `er` fused inverted residual (its expansion is the k x k convolution), `cn` one
 * convolution.
 */
export type Kind = "ds" | "ir" | "er" | "cn";

export interface Row {
  readonly kind: Kind;
  readonly repeats: number;
  /** Several: side by side, each for its share of the channels (MixNet, arXiv 1907.09595). */
  readonly kernels: readonly number[];
  /** How many 1x1 convolutions side by side expand, and how many project. */
  readonly expanding: number;
  readonly projecting: number;
  readonly stride: number;
  readonly expansion: number;
  readonly channels: number;
  /** SE's hidden width over the channels that it is reckoned from; 0 is no SE. */
  readonly se: number;
  /** Where it is not the network's. */
  readonly act: ActivationName | undefined;
  /** With a sum, where shapes allow one. `cn` has none unless `sum` is said, `ds` none where `bare` is. */
  readonly sum: boolean;
  /** `ds` only: an activation after the last normalisation too. */
  readonly actAfter: boolean;
}

const words: Readonly<Record<string, Partial<Row>>> = {
  sum: { sum: true },
  bare: { sum: false },
  act: { actAfter: true },
  ...Object.fromEntries(activationNames.map((act) => [act, { act }])),
};

/** @throws Error for what is no row: rows stand in our sources only */
export function row(text: string): Row {
  const [kind, ...tokens] = text.split(" ");
  const made = {
    kind: kind as Kind, repeats: 1, kernels: [3] as readonly number[], expanding: 1, projecting: 1, stride: 1, expansion: 1, channels: 0,
      se: 0,
    act: undefined as ActivationName | undefined, sum: kind !== "cn", actAfter: false };
  for (const token of tokens) {
    const word = words[token];
    const [, letters, number] = /^([a-z]+)([\d.]+)$/.exec(token) ?? [];
    if (word !== undefined) Object.assign(made, word);
    else if (letters === "r") made.repeats = Number(number);
    else if (letters === "k") made.kernels = number.split(".").map(Number);
    else if (letters === "a") made.expanding = Number(number);
    else if (letters === "p") made.projecting = Number(number);
    else if (letters === "s") made.stride = Number(number);
    else if (letters === "e") made.expansion = Number(number);
    else if (letters === "c") made.channels = Number(number);
    else if (letters === "se") made.se = Number(number);
    else throw new Error(`row: "${token}" in "${text}" says nothing`);
  }
  if (made.channels === 0 || !["ds", "ir", "er", "cn"].includes(kind)) throw new Error(`row: "${text}" is none`);
  return made;
}

/** Stages, each of one or more rows separated by commas. */
export function stages(...texts: readonly string[]): readonly (readonly Row[])[] {
  return texts.map((text) => text.split(", ").map(row));
}

/** Python's round: halves go to the even number. */
export function roundEven(value: number): number {
  const whole = Math.round(value);
  return Math.abs(value % 1) === 0.5 && whole % 2 !== 0 ? whole - 1 : whole;
}

/**
 * Python's division of repeats among the rows of a stage, from the last to the first, so that they add up to `ceil` or `round` of their
 * sum times `depth`.
 */
export function deepened(rows: readonly Row[], depth: number, rounding: "ceil" | "round"): readonly Row[] {
  let total = rows.reduce((sum, { repeats }) => sum + repeats, 0);
  let wanted = rounding === "ceil" ? Math.ceil(total * depth) : Math.max(1, roundEven(total * depth));
  return [...rows].reverse().map((each) => {
    const repeats = Math.max(1, roundEven((each.repeats / total) * wanted));
    total -= each.repeats;
    wanted -= repeats;
    return { ...each, repeats };
  }).reverse();
}

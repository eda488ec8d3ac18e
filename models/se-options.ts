/** The options of SE blocks, and of what may stand in their place, that all families share; and the block made from them. */
import { activationNames } from "../src/nn/activations.ts";
import type { ActivationName } from "../src/nn/activations.ts";
import type { Attention } from "../src/nn/attention/attention.ts";
import { SqueezeExcite } from "../src/nn/squeeze-excite.ts";
import type { Rounding } from "../src/nn/squeeze-excite.ts";
import { flag, oneOf, optional, positive } from "./options.ts";
import type { Readers } from "./options.ts";

export interface SeOptions {
  /** With SE blocks or without: short for the attention "se" or "none", where `attention` is not given. */
  readonly se: boolean;
  /** What stands in SE's place. */
  readonly attention: AttentionName | undefined;
  /** Channels by hidden units. Where none is given, what is published of the variant: mostly 16. */
  readonly reduction: number | undefined;
  readonly rounding: Rounding;
  readonly gate: ActivationName;
  readonly inner: ActivationName;
  readonly squeeze: "mean" | "max";
  readonly seBias: boolean;
}

/** What a family fixes for its SE blocks. */
export interface SeSizes {
  /** Default 16. */
  readonly reduction?: number;
  /** The exact hidden width, instead. */
  readonly hidden?: number;
}

export type AttentionName = "none" | "se";

type Make = (channels: number, options: SeOptions, sizes: SeSizes) => Attention | undefined;

const makers: Record<AttentionName, Make> = {
  none: () => undefined,
  se: (channels, options, sizes) =>
    new SqueezeExcite(channels, { ...options, ...sizes, reduction: options.reduction ?? sizes.reduction ?? 16, bias: options.seBias }),
};

/** The names that the option `attention` knows. */
export const attentionNames: readonly AttentionName[] = Object.keys(makers) as AttentionName[];

export function seReaders(defaults: { se: boolean; rounding?: Rounding; gate?: ActivationName }): Readers<SeOptions> {
  return {
    se: flag(defaults.se),
    attention: optional<AttentionName | undefined>(undefined, `one of ${attentionNames.join(", ")}`, (v) => attentionNames.includes(v as AttentionName)),
    reduction: positive(undefined),
    rounding: oneOf(["floor", "divisible"], defaults.rounding ?? "floor"),
    gate: oneOf(activationNames, defaults.gate ?? "sigmoid"),
    inner: oneOf(activationNames, "relu"),
    squeeze: oneOf(["mean", "max"], "mean"),
    seBias: flag(true),
  };
}

/** A block for so many channels, or none where the options say so. */
export function makeSe(channels: number, options: SeOptions, sizes: SeSizes = {}): Attention | undefined {
  return makers[options.attention ?? (options.se ? "se" : "none")](channels, options, sizes);
}

/** The modules that are there. */
export function present<M>(...modules: (M | undefined)[]): M[] {
  return modules.filter((module): module is M => module !== undefined);
}

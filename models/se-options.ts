/** The options of SE blocks, and of what may stand in their place, that all families share; and the block made from them. */
import { check, flag as isFlag } from "../src/checks.ts";
import { activationNames } from "../src/nn/layers/activations.ts";
import type { ActivationName } from "../src/nn/layers/activations.ts";
import type { Attention } from "../src/nn/attention/attention.ts";
import { Cbam } from "../src/nn/attention/cbam.ts";
import { ConcurrentSqueezeExcite } from "../src/nn/attention/concurrent-squeeze-excite.ts";
import { EffectiveSqueezeExcite } from "../src/nn/attention/effective-squeeze-excite.ts";
import { EfficientChannelAttention } from "../src/nn/attention/efficient-channel-attention.ts";
import { GatherExcite } from "../src/nn/attention/gather-excite.ts";
import { SpatialSqueezeExcite } from "../src/nn/attention/spatial-squeeze-excite.ts";
import { SqueezeExcite } from "../src/nn/attention/squeeze-excite.ts";
import type { Rounding } from "../src/nn/attention/squeeze-excite.ts";
import { count, flag, oneOf, optional, positive } from "./options.ts";
import type { Readers } from "./options.ts";

/**
 * Each in a file of its own under src/nn/attention, with its formula and paper; `se` is src/nn/attention/squeeze-excite.ts, `cse` the same
 * with reduction 2.
 */
export type AttentionName = "none" | "se" | "ese" | "eca" | "cse" | "sse" | "scse" | "ge" | "cbam";

export interface SeOptions {
  /** With SE blocks or without: short for the attention "se" or "none", where `attention` is not given. */
  readonly se: boolean;
  /** What stands in SE's place. */
  readonly attention: AttentionName | undefined;
  /** Channels by hidden units, of those that have some. Where none is given, what is published of the variant: mostly 16. */
  readonly reduction: number | undefined;
  readonly rounding: Rounding;
  /** Where none is given, what is published of the variant: mostly a sigmoid. */
  readonly gate: ActivationName | undefined;
  readonly inner: ActivationName;
  /** Of se, cse and scse. */
  readonly squeeze: "mean" | "max";
  /** Biases of se, cse, sse, scse and ese; eca and cbam have none. */
  readonly seBias: boolean;
  /** Of ge: pixels that are gathered, 0 for the whole image. */
  readonly extent: number;
  /** Of ge. */
  readonly gather: "mean" | "conv";
  /** Of ge: SE's two layers between gather and gate. */
  readonly gatherMlp: boolean;
}

/** What a family fixes for its SE blocks, where the user says nothing else. */
export interface SeDefaults {
  /** Default 16. */
  readonly reduction?: number;
  /** The exact hidden width, instead. */
  readonly hidden?: number;
  /** Default "sigmoid". */
  readonly gate?: ActivationName;
  /** What a state dict calls SE's two layers. Default fc1 and fc2. */
  readonly names?: readonly [string, string];
  /** Is SE's hidden layer normalised? */
  readonly norm?: boolean;
}

type Make = (channels: number, options: SeOptions, defaults: SeDefaults) => Attention | undefined;

/** The options that were given, for blocks whose own defaults fill the rest. */
function given(options: SeOptions) {
  const { squeeze, seBias } = options;
  return { ...withMlp(options), squeeze, bias: seBias };
}

/** Of blocks with two layers between squeeze and gate, whose biases are fixed. */
function withMlp({ reduction, rounding, inner, ...options }: SeOptions) {
  return { rounding, inner, ...(reduction === undefined ? {} : { reduction }), ...withGate(options) };
}

function withGate({ gate }: Pick<SeOptions, "gate">) {
  return gate === undefined ? {} : { gate };
}

const makers: Record<AttentionName, Make> = {
  none: () => undefined,
  se: (channels, options, defaults) => new SqueezeExcite(channels, { ...defaults, ...given(options) }),
  ese: (channels, options) => new EffectiveSqueezeExcite(channels, { ...withGate(options), bias: options.seBias }),
  eca: (channels, options) => new EfficientChannelAttention(channels, withGate(options)),
  cse: (channels, options) => new SqueezeExcite(channels, { reduction: 2, ...given(options) }),
  sse: (channels, options) => new SpatialSqueezeExcite(channels, { ...withGate(options), bias: options.seBias }),
  scse: (channels, options) => new ConcurrentSqueezeExcite(channels, given(options)),
  ge: (channels, options) =>
    new GatherExcite(channels, { ...withMlp(options), extent: options.extent, gather: options.gather, mlp: options.gatherMlp }),
  cbam: (channels, options) => new Cbam(channels, withMlp(options)),
};

/** The names that the option `attention` knows. */
export const attentionNames: readonly AttentionName[] = Object.keys(makers) as AttentionName[];

export function seReaders(defaults: { se: boolean; rounding?: Rounding }): Readers<SeOptions> {
  check("model", "se", defaults.se, isFlag);
  const oneOrNone = <T extends string>(names: readonly T[]) => optional<T | undefined>(
    undefined, `one of ${names.join(", ")}`, (v) => names.includes(v as T),
  );
  return {
    se: flag(defaults.se),
    attention: oneOrNone(attentionNames),
    reduction: positive(undefined),
    rounding: oneOf(["floor", "divisible"], defaults.rounding ?? "floor"),
    gate: oneOrNone(activationNames),
    inner: oneOf(activationNames, "relu"),
    squeeze: oneOf(["mean", "max"], "mean"),
    seBias: flag(true),
    extent: count(0, 0),
    gather: oneOf(["mean", "conv"], "mean"),
    gatherMlp: flag(false),
  };
}

/** A block for so many channels, or none where the options say so. */
export function makeSe(channels: number, options: SeOptions, defaults: SeDefaults = {}): Attention | undefined {
  return makers[options.attention ?? (options.se ? "se" : "none")](channels, options, defaults);
}

/** The modules that are there. */
export function present<M>(...modules: (M | undefined)[]): M[] {
  return modules.filter((module): module is M => module !== undefined);
}

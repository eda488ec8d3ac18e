/** The options of SE blocks that all families share, and the block made from them. */
import { activationNames } from "../src/nn/activations.ts";
import type { ActivationName } from "../src/nn/activations.ts";
import { SqueezeExcite } from "../src/nn/squeeze-excite.ts";
import type { Rounding } from "../src/nn/squeeze-excite.ts";
import { flag, oneOf, positive } from "./options.ts";
import type { Readers } from "./options.ts";

export interface SeOptions {
  /** With SE blocks or without. */
  readonly se: boolean;
  readonly reduction: number;
  readonly rounding: Rounding;
  readonly gate: ActivationName;
  readonly inner: ActivationName;
  readonly squeeze: "mean" | "max";
  readonly seBias: boolean;
}

export function seReaders(defaults: { se: boolean; reduction?: number; rounding?: Rounding; gate?: ActivationName }): Readers<SeOptions> {
  return {
    se: flag(defaults.se),
    reduction: positive(defaults.reduction ?? 16),
    rounding: oneOf(["floor", "divisible"], defaults.rounding ?? "floor"),
    gate: oneOf(activationNames, defaults.gate ?? "sigmoid"),
    inner: oneOf(activationNames, "relu"),
    squeeze: oneOf(["mean", "max"], "mean"),
    seBias: flag(true),
  };
}

/** A block for so many channels, or none where the options say so. */
export function makeSe(channels: number, options: SeOptions): SqueezeExcite | undefined {
  return options.se ? new SqueezeExcite(channels, { ...options, bias: options.seBias }) : undefined;
}

/** The modules that are there. */
export function present<M>(...modules: (M | undefined)[]): M[] {
  return modules.filter((module): module is M => module !== undefined);
}

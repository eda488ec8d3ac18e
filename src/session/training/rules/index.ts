/** How each kind of operation is trained: its passes on the plain kernels, and the rule of its own kernels. */
import type { Kind } from "../../../graph/graph.ts";
import { batchOf } from "../../plan/layouts.ts";
import type { PassOf } from "../plain/pass.ts";
import { plainRule } from "../plain/rule.ts";
import type { Rule, Rules, Training } from "../step/context.ts";
import type { Trusts } from "../step/trusts.ts";
import type { Unit } from "../step/units.ts";
import { batchNormRules } from "./batch-norm.ts";
import { convolutionRules } from "./convolution.ts";
import { dropoutRules } from "./dropout.ts";
import { fakeQuantiseRules } from "./fake-quantise.ts";
import { moveRules } from "./moves.ts";
import { plainRules } from "./plain.ts";
import { pointwiseRules } from "./pointwise.ts";
import { poolingRules } from "./pooling.ts";
import { scaleRules } from "./scale.ts";
import { transposedConvolutionRules } from "./transposed-convolution.ts";

const rules: Rules = {
  ...plainRules, ...convolutionRules, ...transposedConvolutionRules, ...batchNormRules, ...pointwiseRules, ...scaleRules,
  ...poolingRules, ...moveRules, ...dropoutRules, ...fakeQuantiseRules,
  quantise: "inference only",
  dequantise: "inference only",
  quantised_conv2d: "inference only",
  quantised_linear: "inference only",
  quantised_add: "inference only",
  quantised_concat: "inference only",
  quantised_channel_shuffle: "inference only",
  quantised_scale: "inference only",
  quantised_affine: "inference only",
  quantised_table: "inference only",
  quantised_mean: "inference only",
  quantised_max_pool: "inference only",
  quantised_average_pool: "inference only",
};

/** @throws RangeError for a kind that is not trained */
function trainingOf({ operation: { kind }, output }: Pick<Unit, "operation" | "output">): Training<Kind> {
  const found: Rules[Kind] = rules[kind];
  if (found !== "inference only") return found as Training<Kind>;
  throw new RangeError(`compile: ${kind} (${output.name}) has no gradient: it runs in sessions for inference only`);
}

/** A kind's passes on the plain kernels. */
export function passOf(unit: Pick<Unit, "operation" | "output">): PassOf<Kind> {
  return trainingOf(unit).pass;
}

/**
 * @param batch of the step: kernels take values of so many images
 * @returns the plain one where there are no kernels, or none that are trusted @throws RangeError where there is none
 */
export function ruleOf(unit: Unit, trusts: Trusts, batch: number): Rule {
  const { operation: { kind }, inputs, output } = unit;
  const { pass, rule } = trainingOf(unit);
  const fits = rule !== undefined && [...inputs, output].every((value) => batchOf(value) === batch) && (rule.fits?.(unit) ?? true);
  return trusts(kind) && fits ? rule : plainRule(pass);
}

/** Has the operation kernels of its own in training? */
export function hasKernels(kind: Kind): boolean {
  const found: Rules[Kind] = rules[kind];
  return found !== "inference only" && found.rule !== undefined;
}

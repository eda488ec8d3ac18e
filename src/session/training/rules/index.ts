/** How each operation is trained: one rule a kind. A kind without a rule is left to eager models. */
import type { Rule, Rules } from "../context.ts";
import type { Unit } from "../units.ts";
import { batchNormRule } from "./batch-norm.ts";
import { convolutionRule } from "./convolution.ts";
import { dropoutRule } from "./dropout.ts";
import { concatRule, flattenRule, shuffleRule, upsampleRule } from "./moves.ts";
import { activationRule, addRule } from "./pointwise.ts";
import { adaptivePoolRule, poolRule } from "./pooling.ts";
import { globalPoolRule, scaleRule } from "./scale.ts";
import { transposedConvolutionRule } from "./transposed-convolution.ts";

const rules: Rules = {
  conv2d: convolutionRule,
  linear: convolutionRule,
  conv_transpose2d: transposedConvolutionRule,
  batch_norm: batchNormRule,
  activation: activationRule,
  add: addRule,
  scale: scaleRule,
  global_pool: globalPoolRule,
  max_pool: poolRule,
  average_pool: poolRule,
  adaptive_average_pool: adaptivePoolRule,
  concat: concatRule,
  flatten: flattenRule,
  dropout: dropoutRule,
  channel_shuffle: shuffleRule,
  upsample: upsampleRule,
};

/** @throws RangeError where there is none */
export function ruleOf({ operation: { kind }, output }: Unit): Rule {
  const rule = rules[kind];
  if (rule === undefined) throw new RangeError(`compile: training sessions have no ${kind} (${output.name}); train this model with the eager Trainer`);
  return rule;
}

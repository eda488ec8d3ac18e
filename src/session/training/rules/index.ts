/** How each operation is trained: one rule a kind. A kind may say that only eager models train it, or that nothing does. */
import type { Rule, Rules, Trusts } from "../step/context.ts";
import { plainRule } from "../plain/rule.ts";
import type { Kind } from "../../../graph/graph.ts";
import type { Unit } from "../step/units.ts";
import { batchNormRule } from "./batch-norm.ts";
import { convolutionRule } from "./convolution.ts";
import { dropoutRule } from "./dropout.ts";
import { concatRule, flattenRule, padRule, partialAddRule, shuffleRule, resizeRule } from "./moves.ts";
import { activationRule, addRule, preluRule } from "./pointwise.ts";
import { adaptivePoolRule, poolRule } from "./pooling.ts";
import { globalPoolRule, scaleRule } from "./scale.ts";
import { transposedConvolutionRule } from "./transposed-convolution.ts";

const rules: Rules = {
  conv2d: convolutionRule,
  linear: convolutionRule,
  conv_transpose2d: transposedConvolutionRule,
  batch_norm: batchNormRule,
  activation: activationRule,
  prelu: preluRule,
  partial_add: partialAddRule,
  add: addRule,
  scale: scaleRule,
  pixel_scale: "eager models only",
  multiply: "eager models only",
  global_pool: globalPoolRule,
  max_pool: poolRule,
  average_pool: poolRule,
  adaptive_average_pool: adaptivePoolRule,
  channel_pool: "eager models only",
  channel_conv: "eager models only",
  concat: concatRule,
  flatten: flattenRule,
  dropout: dropoutRule,
  channel_shuffle: shuffleRule,
  resize: resizeRule,
  constant: "inference only",
  unary: "inference only",
  elu: "inference only",
  clip: "inference only",
  binary: "inference only",
  select: "inference only",
  reshape: "inference only",
  transpose: "inference only",
  slice: "inference only",
  expand: "inference only",
  gather: "inference only",
  pad: padRule,
  join: "inference only",
  reduce: "inference only",
  arg_max: "inference only",
  softmax: "inference only",
  resample: "inference only",
  matrix_product: "inference only",
  quantise: "inference only",
  dequantise: "inference only",
  quantised_conv2d: "inference only",
  quantised_linear: "inference only",
  quantised_add: "inference only",
  quantised_scale: "inference only",
  quantised_affine: "inference only",
  quantised_table: "inference only",
  quantised_mean: "inference only",
  quantised_max_pool: "inference only",
  quantised_average_pool: "inference only",
};

/** @returns the plain one where there are no kernels, or none that are trusted @throws RangeError where there is none */
export function ruleOf(unit: Unit, trusts: Trusts): Rule {
  const { operation: { kind }, output } = unit;
  const rule: Rules[Kind] = rules[kind];
  if (rule === "eager models only") {
    throw new RangeError(`compile: training sessions have no ${kind} (${output.name}); train this model with the eager Trainer`);
  }
  if (rule === "inference only") {
    throw new RangeError(`compile: ${kind} (${output.name}) has no gradient: it runs in sessions for inference only`);
  }
  return trusts(kind) && (rule.fits?.(unit) ?? true) ? rule : plainRule;
}

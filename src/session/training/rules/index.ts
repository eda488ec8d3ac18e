/** How each operation is trained: one rule a kind. A kind may say that nothing trains it. */
import type { Rule, Rules, Trusts } from "../step/context.ts";
import { batchOf } from "../../plan/layouts.ts";
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
  pixel_scale: "plain",
  multiply: "plain",
  l2_normalise: "plain",
  global_pool: globalPoolRule,
  max_pool: poolRule,
  average_pool: poolRule,
  adaptive_average_pool: adaptivePoolRule,
  channel_pool: "plain",
  channel_conv: "plain",
  concat: concatRule,
  flatten: flattenRule,
  dropout: dropoutRule,
  channel_shuffle: shuffleRule,
  resize: resizeRule,
  constant: "plain",
  unary: "plain",
  elu: "plain",
  clip: "plain",
  binary: "plain",
  select: "plain",
  reshape: "plain",
  transpose: "plain",
  slice: "plain",
  expand: "plain",
  gather: "plain",
  pad: padRule,
  join: "plain",
  reduce: "plain",
  arg_max: "plain",
  softmax: "plain",
  resample: "plain",
  matrix_product: "plain",
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

/**
 * @param batch of the step: kernels take values of so many images
 * @returns the plain one where there are no kernels, or none that are trusted @throws RangeError where there is none
 */
export function ruleOf(unit: Unit, trusts: Trusts, batch: number): Rule {
  const { operation: { kind }, inputs, output } = unit;
  const rule: Rules[Kind] = rules[kind];
  if (rule === "inference only") {
    throw new RangeError(`compile: ${kind} (${output.name}) has no gradient: it runs in sessions for inference only`);
  }
  if (rule === "plain") return plainRule;
  const fits = [...inputs, output].every((value) => batchOf(value) === batch) && (rule.fits?.(unit) ?? true);
  return trusts(kind) && fits ? rule : plainRule;
}

/** Has the operation kernels of its own in training? */
export function hasKernels(kind: Kind): boolean {
  return typeof rules[kind] !== "string";
}

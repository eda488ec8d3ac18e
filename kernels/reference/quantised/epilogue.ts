/**
 * From a sum of 32 bits to a byte ("requantisation"). Of the sum s of output channel o, in this order, each line one rounding to float32:
 *
 *   t = s                                      (exact up to 2^24)
 *   k = multiplier[o]                          or multiplier[o] * gate[n, o], where SE's gate is folded in
 *   t = t * k
 *   t = t + (r * residualMultiplier)           where there is a residual r: two roundings
 *   t = t + offset[o]
 *   t = t * clamp(t + 3, 0, 6) * factor[o] + zero  where hard swish follows: four roundings, from left to right
 *   y = t cut to least ... most, rounded to a whole number, halves to even
 *
 * multiplier[o] = scale of x * scale of weight[o] / scale of y, so that t counts steps of y; before hard swish it is without the last
 * division, and t is a real number. offset[o] holds y's zero point and takes away the residual's; and it holds the bias where that is
 * added after the gate (a scale that was moved behind a depthwise convolution). ReLU and ReLU6 are least and most.
 */
import type { Epilogue } from "../../quantised.ts";
import { round, toByte } from "./numbers.ts";

/** @param gate of the channel; 1 where there is none @param residual the byte; 0 where there is none */
export function requantise(sum: number, o: number, gate: number, residual: number, epilogue: Epilogue): number {
  const { multiplier, offset, least, most, residualMultiplier, hardSwish } = epilogue;
  let t = round(round(sum) * round(multiplier[o] * gate));
  if (residualMultiplier !== 0) t = round(t + round(residual * residualMultiplier));
  t = round(t + offset[o]);
  if (hardSwish !== undefined) {
    const above = round(t + 3) > 0 ? round(t + 3) : 0;
    const within = above < 6 ? above : 6;
    t = round(round(round(t * within) * hardSwish.factor[o]) + hardSwish.zero);
  }
  return toByte(t, least, most);
}

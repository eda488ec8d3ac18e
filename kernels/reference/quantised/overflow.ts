/**
 * Can a sum of 32 bits overflow? A sum of K products is, in every order and in every part of it, at most
 *
 *   |bias| + 127 * sum of |weight|   <=   |bias| + K * 127 * 127
 *
 * away from 0, and has to stay below 2^31. (With K * 127 * 128, which counts a weight of -128 too, that is K <= 132,104 without a bias:
 * the largest of published networks, a linear layer of VGG, has K = 25,088.)
 */
import { MOST } from "./numbers.ts";

const LIMIT = 2147483648;

/** The largest magnitude that any sum, or part of a sum, of an output channel can have. @param weight of the channel */
export function largestSum(weight: Int8Array, bias: number): number {
  let sum = 0;
  for (const w of weight) sum += Math.abs(w);
  return Math.abs(bias) + MOST * sum;
}

/** The first output channel whose sums could overflow; -1 where all are safe. @param weight [channels, K] @param bias [channels] */
export function overflowingChannel(weight: Int8Array, bias: Int32Array): number {
  const row = weight.length / bias.length;
  for (let o = 0; o < bias.length; o++) if (largestSum(weight.subarray(o * row, (o + 1) * row), bias[o]) >= LIMIT) return o;
  return -1;
}

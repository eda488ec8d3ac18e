/** The textbook of eight bits: what every quantised operation computes, to the bit, in plain loops (docs/int8.md). */
export { MOST, dequantise, quantise, round, table, toByte } from "./numbers.ts";
export { requantise } from "./epilogue.ts";
export { conv2d } from "./conv2d.ts";
export type { QuantisedWeights } from "./conv2d.ts";
export { activate, linear, rowActivations } from "./linear.ts";
export type { LinearShape } from "./linear.ts";
export { add, affine, averagePool, concat, maxPool, mean, scale, shuffle } from "./joining.ts";
export type { PoolShape } from "./joining.ts";
export { largestSum, overflowingChannel } from "./overflow.ts";

/**
 * Exercise 4 (after chapter 10). ECA's kernel goes over neighbouring channels. Somebody stores the channels of a trained layer in another
 * order: new channel i is old channel order[i]. Give a matrix [channels, channels] with which effective SE would still compute the old
 * ECA's numbers e, in the new order: e_new = M z_new. What does it tell about what ECA has learned?
 *
 *   kernel [k], k odd,  order [channels],  gives M [channels, channels], row by row
 */
export function ecaAsMatrix(kernel: Float64Array, order: readonly number[]): Float64Array {
  void [kernel, order];
  throw new Error("exercise 4 waits for you");
}

/**
 * Exercise 5 (after chapters 14 and 15). A gate that is frozen to its mean can go into the 1x1 convolution before it, with no cost left. y
 * = s * (W h + b): give new weights and biases, so that y = W' h + b'.
 *
 *   weight [channels, inputs],  bias and gate [channels]
 */
export function foldGate(weight: Float64Array, bias: Float64Array, gate: Float64Array): {
  readonly weight: Float64Array;
  readonly bias: Float64Array;
} {
  void [weight, bias, gate];
  throw new Error("exercise 5 waits for you");
}

/**
 * Exercise 3 (after chapter 6). The backward pass of a gate without hidden layer: s[c] = sigmoid(w[c] * z[c]), z[c] = mean of x[c,p], y = s
 * * x. (So each channel speaks only about itself.) Give dx, with both terms, for one picture.
 *
 *   x, dy [channels, pixels],  w [channels],  gives dx [channels, pixels]
 */
export function selfGateBackward(x: Float64Array, w: Float64Array, dy: Float64Array, channels: number, pixels: number): Float64Array {
  void [x, w, dy, channels, pixels];
  throw new Error("exercise 3 waits for you");
}

/**
 * Exercise 2 (after chapter 3). Squeeze by the maximum: z[c] = the largest x[c,p]. Write its backward pass for one picture.
 *
 *   x [channels, pixels],  dz [channels],  gives dx [channels, pixels]
 *
 * Which pixels hear of dz[c]? (If several are largest, take the first, as PyTorch does.)
 */
export function maximumBackward(x: Float64Array, dz: Float64Array, channels: number, pixels: number): Float64Array {
  void [x, dz, channels, pixels];
  throw new Error("exercise 2 waits for you");
}

/**
 * Exercise 1 (after chapter 1). Where does element (n, c, h, w) of an image tensor lie in memory, if the order is NHWC: pictures, lines,
 * columns, and the channels of a pixel side by side?
 */
export function offsetNhwc(
  n: number, c: number, h: number, w: number, sizes: { readonly C: number; readonly H: number; readonly W: number },
): number {
  void [n, c, h, w, sizes];
  throw new Error("exercise 1 waits for you");
}

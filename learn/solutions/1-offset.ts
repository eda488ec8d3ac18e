/** Exercise 1: walk over n whole pictures, h whole lines, w whole pixels of C numbers each, and c channels. */
export function offsetNhwc(
  n: number, c: number, h: number, w: number, { C, H, W }: { readonly C: number; readonly H: number; readonly W: number },
): number {
  return ((n * H + h) * W + w) * C + c;
}

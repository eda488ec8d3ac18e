/**
 * The order in which a block's coefficients are sent (ITU-T T.81, figure 5): for each its place in the block, row by row. 80 places:
 * damaged files run past the 64th, and libjpeg then writes the last one.
 */
export const zigzag: Uint8Array = /* @__PURE__ */ makeZigzag();

function makeZigzag(): Uint8Array {
  // Diagonals run up to the right where the sum of row and column is even, down to the left where it is odd.
  const rank = (place: number): number => {
    const sum = (place & 7) + (place >> 3);
    return sum * 8 + (sum % 2 === 0 ? place & 7 : place >> 3);
  };
  const places = Uint8Array.from({ length: 80 }, (_, k) => Math.min(k, 63));
  return places.sort((a, b) => rank(a) - rank(b));
}

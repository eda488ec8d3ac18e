/** The order in which a block's coefficients are sent (ITU-T T.81, figure 5): for each its place in the block, row by row. */
export const zigzag: Uint8Array = /* @__PURE__ */ makeZigzag();

/** 80 places: damaged files run past the 64th, and libjpeg then writes the last one. */
function makeZigzag(): Uint8Array {
  const order = new Uint8Array(80).fill(63);
  for (let sum = 0, k = 0; sum < 15; sum++) {
    // Diagonals run up to the right where the sum of row and column is even, down to the left where it is odd.
    for (let i = Math.max(0, sum - 7); i <= Math.min(7, sum); i++) order[k++] = sum % 2 === 0 ? (sum - i) * 8 + i : i * 8 + sum - i;
  }
  return order;
}

/**
 * Exercise 4: old e[c] = sum over j of kernel[j] z[c + j - r], r = (k - 1) / 2. In the new order row i is for old channel order[i], column
 * m for old channel order[m]; the two are neighbours at distance order[m] - order[i]. The matrix is no band any more: what ECA has learned
 * is tied to the order of the channels, which SE and effective SE do not care about.
 */
export function ecaAsMatrix(kernel: Float64Array, order: readonly number[]): Float64Array {
  const channels = order.length;
  const reach = (kernel.length - 1) / 2;
  const matrix = new Float64Array(channels * channels);
  for (let i = 0; i < channels; i++) {
    for (let m = 0; m < channels; m++) {
      const apart = order[m] - order[i];
      if (Math.abs(apart) <= reach) matrix[i * channels + m] = kernel[apart + reach];
    }
  }
  return matrix;
}

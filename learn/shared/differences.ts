/** Gradients without any rule of calculus: move one number a little, and look how far the loss moves. */

/** d loss / d x by central differences, (loss(x + h) - loss(x - h)) / 2h, for each element of x; in float64 the error is about h^2. */
export function differences(x: Float64Array, loss: () => number, h: number = 1e-5): Float64Array {
  const gradient = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const kept = x[i];
    x[i] = kept + h;
    const above = loss();
    x[i] = kept - h;
    const below = loss();
    x[i] = kept;
    gradient[i] = (above - below) / (2 * h);
  }
  return gradient;
}

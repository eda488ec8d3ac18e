/**
 * Numbers for checks of kernels: anything that is not too regular will do, and kernels/random.ts would bring logarithm and cosine with it.
 */

/**
 * @returns a function that gives a number from -2 to 2 at each call, the same ones for the same seed (Weyl's sequence by the golden ratio,
 * mixed once)
 */
export function checkValues(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) / 1073741824;
  };
}

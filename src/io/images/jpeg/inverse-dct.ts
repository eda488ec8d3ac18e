/**
 * The inverse cosine transform of 8x8 blocks in integers, as libjpeg's "islow" (C. Loeffler, A. Ligtenberg, G. Moschytz,
 * "Practical fast 1-D DCT algorithms with 11 multiplications", 1989): 13 bits behind the point in factors, two between columns and
 * rows. Where values leave 16 bits, as in damaged files, sums wrap and results saturate like in libjpeg-turbo's vector code.
 */

/** Where the absolute values of a block add up to no more, nothing leaves 16 bits: columns give at most 4 * 1.39 times as much. */
const tame = 5800;

const values = new Int32Array(64);
const turned = new Int32Array(64);

/** `x` as a number of 16 bits, without what does not fit. */
function wrap(x: number): number {
  return (x << 16) >> 16;
}

/** Writes the samples of the coefficients at `block[at]`, times `steps`, to `out[o]`, rows `stride` apart. */
export function inverseDct(block: Int16Array, at: number, steps: Uint16Array, out: Uint8ClampedArray, o: number, stride: number): void {
  /** Bit i is set if column i has something below its first row. */
  let columns = 0;
  let total = 0;
  for (let i = 0; i < 64; i++) {
    const coefficient = block[at + i];
    let value = 0;
    if (coefficient !== 0) {
      value = Math.imul(coefficient, steps[i]);
      total += Math.abs(value);
      if (i > 7) columns |= 1 << (i & 7);
    }
    values[i] = wrap(value);
  }
  const wild = total > tame;
  // Where only the first row has something, libjpeg-turbo's columns are copies of it, wrapped and not saturated.
  if (wild && columns === 0) for (let i = 0; i < 8; i++) values[i] = wrap(values[i] << 2) >> 2;
  transform(values, turned, columns, 11, 0, wild);
  if (wild) for (let i = 0; i < 64; i++) turned[i] = Math.max(-32768, Math.min(32767, turned[i]));
  transform(turned, values, 255, 18, 128, wild);
  for (let i = 0; i < 64; o += stride) for (let x = o; x < o + 8; x++) out[x] = values[i++];
}

/** Transforms the columns of `source` into rows of `result`; those that are not in `columns` have only a first number. */
function transform(source: Int32Array, result: Int32Array, columns: number, shift: number, middle: number, wild: boolean): void {
  const { imul } = Math;
  const fit = (x: number): number => (wild ? wrap(x) : x);
  const round = (middle << shift) + (1 << (shift - 1));
  for (let i = 0; i < 8; i++) {
    const v0 = source[i];
    const o = i * 8;
    if ((columns & (1 << i)) === 0) {
      result.fill(v0 << 2, o, o + 8);
      continue;
    }
    const v1 = source[i + 8], v2 = source[i + 16], v3 = source[i + 24], v4 = source[i + 32];
    const v5 = source[i + 40], v6 = source[i + 48], v7 = source[i + 56];
    const sum37 = fit(v3 + v7), sum15 = fit(v1 + v5);
    const z = imul(v2 + v6, 4433);
    const t2 = z - imul(v6, 15137), t3 = z + imul(v2, 6270), t0 = (fit(v0 + v4) << 13) + round, t1 = (fit(v0 - v4) << 13) + round;
    const e0 = t0 + t3, e1 = t1 + t2, e2 = t1 - t2, e3 = t0 - t3;
    const z1 = imul(v1 + v7, 7373), z2 = imul(v3 + v5, 20995), z5 = imul(sum37 + sum15, 9633);
    const z3 = z5 - imul(sum37, 16069), z4 = z5 - imul(sum15, 3196);
    const o0 = imul(v1, 12299) - z1 + z4, o1 = imul(v3, 25172) - z2 + z3, o2 = imul(v5, 16819) - z2 + z4, o3 = imul(v7, 2446) - z1 + z3;
    result[o] = (e0 + o0) >> shift;
    result[o + 1] = (e1 + o1) >> shift;
    result[o + 2] = (e2 + o2) >> shift;
    result[o + 3] = (e3 + o3) >> shift;
    result[o + 4] = (e3 - o3) >> shift;
    result[o + 5] = (e2 - o2) >> shift;
    result[o + 6] = (e1 - o1) >> shift;
    result[o + 7] = (e0 - o0) >> shift;
  }
}

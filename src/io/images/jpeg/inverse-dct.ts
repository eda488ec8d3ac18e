/**
 * The inverse cosine transform of 8x8 blocks in integers, as libjpeg's "islow" (C. Loeffler, A. Ligtenberg, G. Moschytz,
 * "Practical fast 1-D DCT algorithms with 11 multiplications", 1989): 13 bits behind the point in factors, two between columns and
 * rows. Where values leave 16 bits, as in damaged files, sums wrap and results saturate like in libjpeg-turbo's vector code.
 */

const work = new Int32Array(64);

/**
 * Writes the samples of the coefficients at `block[at]`, which are multiplied by their steps already, to `out[o]`, rows `stride` apart.
 * @param wild sums may leave 16 bits
 */
export function inverseDct(block: Int16Array, at: number, out: Uint8ClampedArray, o: number, stride: number, wild: boolean = false): void {
  const { imul } = Math;
  /** Bits that sums lose at their upper end. */
  const lost = wild ? 16 : 0;
  // These get bits above the lower 13 and 15 where a sum of two could leave 16.
  let inputs = 0;
  let outputs = 0;
  let flat = true;
  let round = 1024;
  for (let i = 0, b = at; i < 8; i++, b++) {
    const v0 = block[b], v1 = block[b + 8], v2 = block[b + 16], v3 = block[b + 24];
    const v4 = block[b + 32], v5 = block[b + 40], v6 = block[b + 48], v7 = block[b + 56];
    inputs |= v0 + 4096;
    if ((v1 | v2 | v3 | v4 | v5 | v6 | v7) === 0) {
      for (let k = i; k < 64; k += 8) work[k] = v0 << 2;
      continue;
    }
    flat = false;
    inputs |= (v1 + 4096) | (v2 + 4096) | (v3 + 4096) | (v4 + 4096) | (v5 + 4096) | (v6 + 4096) | (v7 + 4096);
    const sum04 = ((v0 + v4) << lost) >> lost, difference04 = ((v0 - v4) << lost) >> lost;
    const sum37 = ((v3 + v7) << lost) >> lost, sum15 = ((v1 + v5) << lost) >> lost;
    const z = imul(v2 + v6, 4433), z1 = imul(v1 + v7, 7373), z2 = imul(v3 + v5, 20995), z5 = imul(sum37 + sum15, 9633);
    const z3 = z5 - imul(sum37, 16069), z4 = z5 - imul(sum15, 3196);
    const t0 = (sum04 << 13) + round, t1 = (difference04 << 13) + round, t2 = z - imul(v6, 15137), t3 = z + imul(v2, 6270);
    const e0 = t0 + t3, e1 = t1 + t2, e2 = t1 - t2, e3 = t0 - t3;
    const o0 = imul(v1, 12299) - z1 + z4, o1 = imul(v3, 25172) - z2 + z3, o2 = imul(v5, 16819) - z2 + z4, o3 = imul(v7, 2446) - z1 + z3;
    work[i] = (e0 + o0) >> 11;
    work[i + 56] = (e0 - o0) >> 11;
    work[i + 8] = (e1 + o1) >> 11;
    work[i + 48] = (e1 - o1) >> 11;
    work[i + 16] = (e2 + o2) >> 11;
    work[i + 40] = (e2 - o2) >> 11;
    work[i + 24] = (e3 + o3) >> 11;
    work[i + 32] = (e3 - o3) >> 11;
  }
  if (wild) for (let i = 0; i < 64; i++) work[i] = flat ? (work[i] << 16) >> 16 : Math.max(-32768, Math.min(32767, work[i]));
  // Half a unit of 18 bits, and 128 units: samples are counted from the middle.
  round = 131072 + (128 << 18);
  // The same once more, and not in a function: calls would take a third longer. Minified it is the same text, which compresses well.
  for (let i = o, b = 0; b < 64; i += stride, b += 8) {
    const v0 = work[b], v1 = work[b + 1], v2 = work[b + 2], v3 = work[b + 3];
    const v4 = work[b + 4], v5 = work[b + 5], v6 = work[b + 6], v7 = work[b + 7];
    outputs |= (v0 + 16384) | (v1 + 16384) | (v2 + 16384) | (v3 + 16384) | (v4 + 16384) | (v5 + 16384) | (v6 + 16384) | (v7 + 16384);
    const sum04 = ((v0 + v4) << lost) >> lost, difference04 = ((v0 - v4) << lost) >> lost;
    const sum37 = ((v3 + v7) << lost) >> lost, sum15 = ((v1 + v5) << lost) >> lost;
    const z = imul(v2 + v6, 4433), z1 = imul(v1 + v7, 7373), z2 = imul(v3 + v5, 20995), z5 = imul(sum37 + sum15, 9633);
    const z3 = z5 - imul(sum37, 16069), z4 = z5 - imul(sum15, 3196);
    const t0 = (sum04 << 13) + round, t1 = (difference04 << 13) + round, t2 = z - imul(v6, 15137), t3 = z + imul(v2, 6270);
    const e0 = t0 + t3, e1 = t1 + t2, e2 = t1 - t2, e3 = t0 - t3;
    const o0 = imul(v1, 12299) - z1 + z4, o1 = imul(v3, 25172) - z2 + z3, o2 = imul(v5, 16819) - z2 + z4, o3 = imul(v7, 2446) - z1 + z3;
    out[i] = (e0 + o0) >> 18;
    out[i + 7] = (e0 - o0) >> 18;
    out[i + 1] = (e1 + o1) >> 18;
    out[i + 6] = (e1 - o1) >> 18;
    out[i + 2] = (e2 + o2) >> 18;
    out[i + 5] = (e2 - o2) >> 18;
    out[i + 3] = (e3 + o3) >> 18;
    out[i + 4] = (e3 - o3) >> 18;
  }
  if (!wild && ((inputs & ~8191) | (outputs & ~32767)) !== 0) inverseDct(block, at, out, o, stride, true);
}

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
  // This gets bits above the lower 13, and with the second pass 15, where a sum of two could leave 16.
  let seen = 0;
  let bound = 4096;
  let flat = true;
  let round = 1024;
  for (let i = 0, b = at; i < 8; i++, b++) {
    const v0 = block[b], v1 = block[b + 8], v2 = block[b + 16], v3 = block[b + 24];
    const v4 = block[b + 32], v5 = block[b + 40], v6 = block[b + 48], v7 = block[b + 56];
    seen |= v0 + bound;
    if ((v1 | v2 | v3 | v4 | v5 | v6 | v7) === 0) {
      for (let k = i; k < 64; k += 8) work[k] = v0 << 2;
      continue;
    }
    flat = false;
    seen |= (v1 + bound) | (v2 + bound) | (v3 + bound);
    let t2 = imul(v2, 4433), t3 = imul(v2, 10703), z0 = v0, z1 = v0, z2 = v1, z3 = v3;
    let o0 = imul(v1, 4926), o1 = imul(v3, 4177), o2 = imul(v3, -20995), o3 = imul(v1, -7373);
    // Mostly these four are 0.
    if ((v4 | v5 | v6 | v7) !== 0) {
      seen |= (v4 + bound) | (v5 + bound) | (v6 + bound) | (v7 + bound);
      z0 = ((v0 + v4) << lost) >> lost;
      z1 = ((v0 - v4) << lost) >> lost;
      z2 = ((v1 + v5) << lost) >> lost;
      z3 = ((v3 + v7) << lost) >> lost;
      t2 -= imul(v6, 10704);
      t3 += imul(v6, 4433);
      o0 -= imul(v7, 7373);
      o1 -= imul(v5, 20995);
      o2 -= imul(v5, 4176);
      o3 -= imul(v7, 4927);
    }
    const z4 = imul(z2, 9633) - imul(z3, 6436), z5 = imul(z3, 9633) + imul(z2, 6437);
    o0 += z5;
    o1 += z4;
    o2 += z5;
    o3 += z4;
    const t0 = (z0 << 13) + round, t1 = (z1 << 13) + round;
    const e0 = t0 + t3, e1 = t1 + t2, e2 = t1 - t2, e3 = t0 - t3;
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
  seen = (seen >> 13) << 15;
  bound <<= 2;
  // The same once more, and not in a function: calls would take a third longer. Minified it is the same text, which compresses well.
  for (let i = o, b = 0; b < 64; i += stride, b += 8) {
    const v0 = work[b], v1 = work[b + 1], v2 = work[b + 2], v3 = work[b + 3];
    const v4 = work[b + 4], v5 = work[b + 5], v6 = work[b + 6], v7 = work[b + 7];
    seen |= v0 + bound;
    seen |= (v1 + bound) | (v2 + bound) | (v3 + bound);
    let t2 = imul(v2, 4433), t3 = imul(v2, 10703), z0 = v0, z1 = v0, z2 = v1, z3 = v3;
    let o0 = imul(v1, 4926), o1 = imul(v3, 4177), o2 = imul(v3, -20995), o3 = imul(v1, -7373);
    // Mostly these four are 0.
    if ((v4 | v5 | v6 | v7) !== 0) {
      seen |= (v4 + bound) | (v5 + bound) | (v6 + bound) | (v7 + bound);
      z0 = ((v0 + v4) << lost) >> lost;
      z1 = ((v0 - v4) << lost) >> lost;
      z2 = ((v1 + v5) << lost) >> lost;
      z3 = ((v3 + v7) << lost) >> lost;
      t2 -= imul(v6, 10704);
      t3 += imul(v6, 4433);
      o0 -= imul(v7, 7373);
      o1 -= imul(v5, 20995);
      o2 -= imul(v5, 4176);
      o3 -= imul(v7, 4927);
    }
    const z4 = imul(z2, 9633) - imul(z3, 6436), z5 = imul(z3, 9633) + imul(z2, 6437);
    o0 += z5;
    o1 += z4;
    o2 += z5;
    o3 += z4;
    const t0 = (z0 << 13) + round, t1 = (z1 << 13) + round;
    const e0 = t0 + t3, e1 = t1 + t2, e2 = t1 - t2, e3 = t0 - t3;
    out[i] = (e0 + o0) >> 18;
    out[i + 7] = (e0 - o0) >> 18;
    out[i + 1] = (e1 + o1) >> 18;
    out[i + 6] = (e1 - o1) >> 18;
    out[i + 2] = (e2 + o2) >> 18;
    out[i + 5] = (e2 - o2) >> 18;
    out[i + 3] = (e3 + o3) >> 18;
    out[i + 4] = (e3 - o3) >> 18;
  }
  if (!wild && seen >> 15 !== 0) inverseDct(block, at, out, o, stride, true);
}

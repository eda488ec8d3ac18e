/**
 * The inverse cosine transform of 8x8 blocks in integers, as libjpeg's "islow" (C. Loeffler, A. Ligtenberg, G. Moschytz,
 * "Practical fast 1-D DCT algorithms with 11 multiplications", 1989): 13 bits behind the point in factors, two between columns and
 * rows. Where values leave 16 bits, as in damaged files, sums wrap and results saturate like in libjpeg-turbo's vector code.
 */

const block = new Int32Array(64);
const work = new Int32Array(64);

/** Writes the samples of the coefficients at `from[at]`, which are multiplied by their steps already, to `out[o]`, rows `stride` apart. */
export function inverseDct(from: Int16Array, at: number, out: Uint8ClampedArray, o: number, stride: number): void {
  let sum = 0;
  for (let i = 0; i < 64; i++) {
    const value = from[at + i];
    block[i] = value;
    sum += Math.abs(value);
  }
  // Bits that sums lose at their upper end. Where coefficients are smaller than this in sum, none leaves 16 bits: 4 x 1.39 x 5800 < 32768.
  const lost = sum < 5800 ? 0 : 16;
  pass(block, work, 1024, 11, lost);
  if (lost > 0) {
    const flat = block.subarray(8).every((value) => value === 0);
    work.forEach((value, i) => work[i] = flat ? (value << 16) >> 16 : Math.max(-32768, Math.min(32767, value)));
  }
  // Half a unit of 18 bits, and 128 units: samples are counted from the middle.
  pass(work, block, 131072 + (128 << 18), 18, lost);
  for (let i = 0; i < 64; o += stride - 8) for (const end = i + 8; i < end;) out[o++] = block[i++];
}

/** Transforms the columns of `from` to the rows of `to`. */
function pass(from: Int32Array, to: Int32Array, round: number, shift: number, lost: number): void {
  const { imul } = Math;
  for (let i = 0, o = 0; i < 8; i++, o += 8) {
    const v0 = from[i], v1 = from[i + 8], v2 = from[i + 16], v3 = from[i + 24];
    const v4 = from[i + 32], v5 = from[i + 40], v6 = from[i + 48], v7 = from[i + 56];
    let t2 = imul(v2, 4433), t3 = imul(v2, 10703), z0 = v0, z1 = v0, z2 = v1, z3 = v3;
    let o0 = imul(v1, 4926), o1 = imul(v3, 4177), o2 = imul(v3, -20995), o3 = imul(v1, -7373);
    // Mostly these four are 0.
    if ((v4 | v5 | v6 | v7) !== 0) {
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
    to[o] = (e0 + o0) >> shift;
    to[o + 7] = (e0 - o0) >> shift;
    to[o + 1] = (e1 + o1) >> shift;
    to[o + 6] = (e1 - o1) >> shift;
    to[o + 2] = (e2 + o2) >> shift;
    to[o + 5] = (e2 - o2) >> shift;
    to[o + 3] = (e3 + o3) >> shift;
    to[o + 4] = (e3 - o3) >> shift;
  }
}

/**
 * The two 16-bit floating-point formats that weights are stored in, to and from the numbers of JavaScript, exactly:
 * IEEE 754 binary16 ("half": 1 sign, 5 exponent, 10 fraction bits) and bfloat16 (the upper half of a float32).
 * Rounding is to nearest, ties to even. Byte order in memory is little-endian, as in every weights format.
 */

/**
 * The largest finite half. Numbers from 65520 up round to infinity.
 * @example
 * halfToNumber(numberToHalf(HALF_MAX))   // => 65504
 * halfToNumber(numberToHalf(65520)) === Infinity   // => true
 */
export const HALF_MAX = 65504;

// One word, seen as a float32 and as its bits (both in the host's byte order, so they agree on any host).
const word = new Float32Array(1);
const wordBits = new Uint32Array(word.buffer);

/** The gap between neighbouring halves of biased exponent e is HALF_GAP[e] = 2^(max(e, 1) - 25). */
const HALF_GAP = new Float64Array(31);
HALF_GAP[0] = HALF_GAP[1] = 1 / 16777216;
for (let e = 2; e < 31; e++) HALF_GAP[e] = HALF_GAP[e - 1] * 2;

/** Adding and taking away 2^52 rounds a number from 0 to 2^51 to a whole one, ties to even: double addition does it. */
const ROUNDER = 4503599627370496;

/**
 * The number that the 16 bits of a half stand for (bits above the 16th do not count).
 * @example
 * halfToNumber(0x3e00)   // => 1.5
 */
export function halfToNumber(bits: number): number {
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction : fraction + 1024) * HALF_GAP[exponent];
}

/**
 * The half nearest to `value` as 16 bits, rounded once from double precision. What is too large becomes infinity, every NaN
 * the quiet 0x7e00 (engines do not keep a NaN's sign and payload, and files must have the same bytes everywhere).
 * @example
 * numberToHalf(1.5) === 0x3e00   // => true
 */
export function numberToHalf(value: number): number {
  if (value !== value) return 0x7e00;
  // The exponent comes from the nearest float32. Where that has rounded up to the next power of two, the half does too.
  word[0] = value;
  const sign = (wordBits[0] >>> 16) & 0x8000;
  const exponent = ((wordBits[0] >>> 23) & 255) - 112;
  if (exponent >= 31) return sign | 0x7c00;
  const e = exponent < 1 ? 1 : exponent;
  const steps = Math.abs(value) / HALF_GAP[e] + ROUNDER - ROUNDER;
  // steps is from 1024 to 2048 (below 1024 for subnormals); adding it instead of or-ing lets a carry raise the exponent.
  return sign | (((e - 1) << 10) + steps);
}

/**
 * The number that the 16 bits of a bfloat16 stand for.
 * @example
 * bfloat16ToNumber(0x3fc0)   // => 1.5
 */
export function bfloat16ToNumber(bits: number): number {
  wordBits[0] = bits << 16;
  return word[0];
}

/**
 * Fills `out` with the halves in `bytes` (two bytes each, any alignment).
 * @example
 * const out = new Float32Array(1);
 * readHalf(out, Uint8Array.of(0x00, 0x3e));
 * out   // => [1.5]
 */
export function readHalf(out: Float32Array, bytes: Uint8Array): void {
  const floatBits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < out.length; i++) {
    const half = bytes[2 * i] | (bytes[2 * i + 1] << 8);
    const exponent = half & 0x7c00;
    // Nearly all weights are normal numbers: their fields only move, and the exponent's bias grows from 15 to 127.
    if (exponent !== 0 && exponent !== 0x7c00) floatBits[i] = ((half & 0x8000) << 16) | (((half & 0x7fff) << 13) + (112 << 23));
    else out[i] = halfToNumber(half);
  }
}

/**
 * Fills `bytes` with `values` as halves.
 * @example
 * const bytes = new Uint8Array(2);
 * writeHalf(bytes, [1.5]);
 * bytes   // => [0,62]
 */
export function writeHalf(bytes: Uint8Array, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    const bits = numberToHalf(values[i]);
    bytes[2 * i] = bits;
    bytes[2 * i + 1] = bits >>> 8;
  }
}

/**
 * Fills `out` with the bfloat16 numbers in `bytes` (two bytes each, any alignment).
 * @example
 * const out = new Float32Array(1);
 * readBfloat16(out, Uint8Array.of(0xc0, 0x3f));
 * out   // => [1.5]
 */
export function readBfloat16(out: Float32Array, bytes: Uint8Array): void {
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < out.length; i++) bits[i] = (bytes[2 * i] << 16) | (bytes[2 * i + 1] << 24);
}

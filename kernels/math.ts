/**
 * Transcendental functions in double precision that give the same bits on every JavaScript engine.
 *
 * Math.exp and its kin are "implementation-approximated" in ECMAScript: their last bits differ between engines and
 * between versions of one engine. Here stand only operations that ECMAScript defines to the bit: + - * /, Math.floor,
 * Math.abs, Math.fround, BigInt and typed-array views.
 *
 * The methods are the classical ones (J.-M. Muller, Elementary Functions, 3rd edition, 2016; W. J. Cody and W. Waite,
 * Software Manual for the Elementary Functions, 1980; M. Payne and R. Hanek, Radian reduction for trigonometric
 * functions, 1983): the argument is reduced to a short interval, a near-minimax polynomial answers there, and what the
 * roundings on the way lost is carried along as a second, small number (T. J. Dekker, 1971). The polynomials
 * are Chebyshev interpolants computed with 300 bits and rounded (test/goldens/math/math_polynomials.py).
 *
 * Error bounds are in ulp, the distance of two neighbouring doubles at the exact result; 0.5 would be correctly rounded. They
 * sum the roundings by hand; in brackets the largest error among 250,000 random arguments, against 150 bits. Subnormal
 * results are within 1 ulp.
 * All NaNs count as one value: engines may differ in a NaN's bits, which no arithmetic shows.
 */

// ---- bits -----------------------------------------------------------------------------------------------------------

const VALUE = new Float64Array(1);
const WORDS = new Int32Array(VALUE.buffer);
VALUE[0] = 1;
/** Where the word with sign and exponent lies: 1 on little-endian machines, 0 on big-endian ones. */
const HIGH = WORDS[0] === 0 ? 1 : 0;
const LOW = 1 - HIGH;

/** 2^-1024 to 2^1023. A table, for a double put together from two words in memory makes processors wait. */
const POWERS = new Float64Array(2048);
for (let i = 1024, up = 1, down = 1; i >= 0; i--, up *= 2, down *= 0.5) {
  POWERS[i] = down;
  if (i > 0) POWERS[2048 - i] = up;
}

/** 2^k for a whole k from -1024 to 1023. */
function powerOfTwo(k: number): number {
  return POWERS[k + 1024];
}

/** y * 2^k for y near 1 and any whole k from -1222 to 2046, rounded once. */
function scale(y: number, k: number): number {
  if (k > 1023) return y * powerOfTwo(1023) * powerOfTwo(k - 1023);
  if (k < -1022) return y * powerOfTwo(k + 200) * powerOfTwo(-200);
  return y * powerOfTwo(k);
}

/** The whole k that leaves x * 2^-k between sqrt(1/2) and sqrt(2), for x positive, finite and not subnormal. */
function exponentOf(x: number): number {
  VALUE[0] = x;
  const high = WORDS[HIGH];
  return (high >> 20) - ((high & 0xfffff) > 0x6a09e ? 1022 : 1023);
}

const LEAST_NORMAL = 2.2250738585072014e-308; // 2^-1022
const TWO_54 = 18014398509481984; // makes every subnormal number normal

// ---- exponential family ---------------------------------------------------------------------------------------------

// ln 2 in two parts; the first has 32 bits, so that its product with an exponent is exact.
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const INVERSE_LN2 = 1.4426950408889634;

/** The whole number nearest to x / ln 2. */
function nearestPower(x: number): number {
  return Math.floor(x * INVERSE_LN2 + 0.5);
}

/** r = x - k ln 2 (Cody and Waite); `remainderTail` is what its rounding lost. */
function remainder(x: number, k: number): number {
  return x - k * LN2_HIGH - k * LN2_LOW;
}

function remainderTail(x: number, k: number, r: number): number {
  return x - k * LN2_HIGH - r - k * LN2_LOW;
}

/** e^r - 1 - r for |r| <= 0.3466, within 2^-60 before rounding (evaluated in pairs, Estrin's scheme: processors overlap them). */
function expCurve(r: number): number {
  const r2 = r * r;
  const r4 = r2 * r2;
  const p0 = 0.16666666666666669 + r * 0.041666666666666664 + r2 * (0.008333333333330062 + r * 0.0013888888888886552);
  const p4 = 0.00019841269863053618 + r * 2.4801587317144498e-5 + r2 * (2.7557268459997064e-6 + r * 2.755728296954995e-7);
  const p8 = 2.510038549551032e-8 + r * 2.0911236630261545e-9;
  return r2 * (0.5 + r * (p0 + r4 * (p4 + r4 * p8)));
}

/** e^(x + tail) for |x| < 800 and a tail below an ulp of x. */
function expOfSum(x: number, tail: number): number {
  const k = nearestPower(x);
  const a = x - k * LN2_HIGH;
  const b = k * LN2_LOW - tail;
  const r = a - b;
  const h = 1 + r;
  return scale(h + (r - (h - 1) + (expCurve(r) + (a - r - b) * h)), k);
}

/** e^x. Error below 0.7 ulp (0.61 seen). */
export function exp(x: number): number {
  if (x > 710) return Infinity;
  if (x < -746) return 0;
  if (x !== x) return NaN;
  return expOfSum(x, 0);
}

/** e^x - 1 without cancellation near 0. Error below 1 ulp (0.85 seen). */
export function expm1(x: number): number {
  if (x > 40) return exp(x);
  if (x < -40) return -1;
  if (x !== x) return NaN;
  if (Math.abs(x) < 5e-17) return x;
  const k = nearestPower(x);
  const r = remainder(x, k);
  // e^x - 1 = 2^k (s + r + curve) with s = 1 - 2^-k; both sums are kept with their rounding errors (Knuth's two-sum).
  const power = powerOfTwo(-k);
  const s = 1 - power;
  const h = s + r;
  const lost = sumTail(1, -power, s) + sumTail(s, r, h);
  return (h + (lost + (expCurve(r) + remainderTail(x, k, r) * (1 + r)))) * powerOfTwo(k);
}

/** What the rounding of sum = a + b lost: exact, whichever of the two is larger. */
function sumTail(a: number, b: number, sum: number): number {
  const part = sum - a;
  return a - (sum - part) + (b - part);
}

/** (numerator + its tail) / (denominator + its tail), correct to 2^-70 before its one rounding. */
function quotient(numerator: number, numeratorTail: number, denominator: number, denominatorTail: number): number {
  // The product of two floats of 24 bits is exact, hence so is what the first quotient leaves over.
  const inverse = 1 / denominator;
  const first = Math.fround(numerator * inverse);
  const head = Math.fround(denominator);
  const rest = numerator - first * head - first * (denominator - head) + (numeratorTail - first * denominatorTail);
  return first + rest * inverse;
}

/** 1 / (1 + e^-x), with full relative accuracy in the tail of negative x too. Error below 0.75 ulp (0.59 seen). */
export function sigmoid(x: number): number {
  if (x > 40) return 1;
  if (x < -40) return exp(x);
  if (x !== x) return NaN;
  const a = -Math.abs(x);
  const k = nearestPower(a);
  const r = remainder(a, k);
  const h = 1 + r;
  const tail = r - (h - 1) + (expCurve(r) + remainderTail(a, k, r) * h);
  // e^-|x| = e + eTail; d + dTail = 1 + that.
  const power = powerOfTwo(k);
  const sum = h + tail;
  const e = sum * power;
  const eTail = (h - sum + tail) * power;
  const d = 1 + e;
  const dTail = 1 - d + e + eTail;
  return x < 0 ? quotient(e, eTail, d, dTail) : quotient(1, 0, d, dTail);
}

/** Hyperbolic tangent. Error below 0.9 ulp (0.71 seen). */
export function tanh(x: number): number {
  if (x > 22) return 1;
  if (x < -22) return -1;
  if (x !== x) return NaN;
  if (Math.abs(x) < 1e-8) return x;
  // tanh |x| = -m / (2 + m) with m = e^(-2|x|) - 1, computed as in expm1.
  const a = -2 * Math.abs(x);
  const k = nearestPower(a);
  const r = remainder(a, k);
  const power = powerOfTwo(k);
  const inverse = powerOfTwo(-k);
  const s = 1 - inverse;
  const h = s + r;
  const lost = sumTail(1, -inverse, s) + sumTail(s, r, h);
  const tail = lost + (expCurve(r) + remainderTail(a, k, r) * (1 + r));
  const sum = h + tail;
  const m = sum * power;
  const mTail = (h - sum + tail) * power;
  const d = 2 + m;
  const y = quotient(-m, -mTail, d, 2 - d + m + mTail);
  return x < 0 ? -y : y;
}

// ---- logarithms and powers ------------------------------------------------------------------------------------------

/** With z = s^2: ln((1 + s) / (1 - s)) = 2 s + s z (2/3 + z * this), for |s| <= 0.1716, within 2^-66 before rounding. */
function logCurve(z: number): number {
  const z2 = z * z;
  const p0 = 0.4 + z * 0.2857142857142937 + z2 * (0.2222222222165554 + z * 0.1818181833547124);
  const p4 = 0.15384594954137945 + z * 0.13334805149611875 + z2 * (0.11706224135460942 + z * 0.11723306234080849);
  return p0 + z2 * z2 * p4;
}

/** k ln 2 + ln(1 + f) + tail, for sqrt(1/2) <= 1 + f <= sqrt(2) and a tail below an ulp of f. */
function logOfParts(k: number, f: number, tail: number): number {
  // With s = f / (2 + f): ln(1 + f) = f - f^2/2 + s (f^2/2 + s^2 (2/3 + ...)); f itself is exact.
  const s = f / (2 + f);
  const z = s * s;
  const half = 0.5 * f * f;
  const h = k * LN2_HIGH;
  const t = h + f;
  const lost = h - t + f;
  return t - (half - (s * (half + z * (0.6666666666666666 + z * logCurve(z))) + (k * LN2_LOW + tail)) - lost);
}

/** Natural logarithm; NaN below 0, -Infinity at 0. Error below 0.85 ulp (0.78 seen). */
export function log(x: number): number {
  if (x === 0) return -Infinity;
  if (!(x > 0)) return NaN;
  if (x === Infinity) return Infinity;
  const subnormal = x < LEAST_NORMAL;
  const normal = subnormal ? x * TWO_54 : x;
  const k = exponentOf(normal);
  return logOfParts(subnormal ? k - 54 : k, normal * powerOfTwo(-k) - 1, 0);
}

/** ln(1 + x) without cancellation near 0; NaN below -1. Error below 0.85 ulp (0.77 seen). */
export function log1p(x: number): number {
  if (x === -1) return -Infinity;
  if (!(x > -1)) return NaN;
  if (x === Infinity) return Infinity;
  const size = Math.abs(x);
  if (size < 5e-17) return x;
  if (size < 0.29) return logOfParts(0, x, 0);
  // ln(u + lost) = ln u + lost / u, where u + lost = 1 + x exactly.
  const u = 1 + x;
  const lost = x >= 1 ? 1 - (u - x) : x - (u - 1);
  const k = exponentOf(u);
  return logOfParts(k, u * powerOfTwo(-k) - 1, lost / u);
}

// ln 2 again, for pow: 40 bits and the rest.
const LN2_HIGH_40 = 0.6931471805592082;
const LN2_LOW_40 = 7.371002565167799e-13;

/**
 * x^y with the special values of ECMAScript (so 1 to the power of an infinity or NaN is NaN; x^0 is 1, even NaN^0).
 * Error below 0.9 ulp (0.68 seen); exact results are exact.
 */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (x !== x || y !== y) return NaN;
  const size = Math.abs(x);
  if (size === 1 && Math.abs(y) === Infinity) return NaN;
  const whole = Math.floor(y) === y;
  const odd = whole && Math.abs(y) < 9007199254740992 && Math.floor(y * 0.5) !== y * 0.5;
  const negative = odd && (x < 0 || (x === 0 && 1 / x < 0));
  if (size === 0 || size === Infinity) return ((size === 0) === (y < 0) ? Infinity : 0) * (negative ? -1 : 1);
  if (x < 0 && !whole) return NaN;
  if (size === 1) return negative ? -1 : 1;
  // |ln x| of any double but 1 is between 2^-53 and 745.
  if (Math.abs(y) > 18446744073709551616) return size > 1 === y > 0 ? Infinity : 0;
  if (Math.abs(y) < 8e-22) return 1;
  const result = powPositive(size, y);
  return negative ? -result : result;
}

/** x^y for x positive, finite and not 1, and |y| between 2^-70 and 2^64: e^(y ln x), ln x to 66 bits in two parts. */
function powPositive(x: number, y: number): number {
  const subnormal = x < LEAST_NORMAL;
  const normal = subnormal ? x * TWO_54 : x;
  const exponent = exponentOf(normal);
  const f = normal * powerOfTwo(-exponent) - 1;
  const k = subnormal ? exponent - 54 : exponent;
  // s = f / (2 + f) = s1 + s2. Heads (s1, a1, ...) are floats of 24 bits: their products are exact in double.
  const d = 2 + f;
  const inverse = 1 / d;
  const s1 = Math.fround(f * inverse);
  const d1 = Math.fround(d);
  const s2 = (f - s1 * d1 - s1 * (2 - d1 + f)) * inverse;
  // a = s^2
  const square = s1 * s1;
  const squareTail = s2 * (2 * s1 + s2);
  const a = square + squareTail;
  const a1 = Math.fround(a);
  const a2 = square - a1 + squareTail;
  // b = 2/3 + s^2 * logCurve; 2/3 is its double and what that lacks.
  const curve = a * logCurve(a) + 3.700743415417188e-17;
  const b = 0.6666666666666666 + curve;
  const b1 = Math.fround(b);
  const b2 = 0.6666666666666666 - b1 + curve;
  // c = a b; ln(1 + f) = 2 s + s c
  const product = a1 * b1;
  const productTail = a1 * b2 + a2 * b;
  const c = product + productTail;
  const c1 = Math.fround(c);
  const c2 = product - c1 + productTail;
  // ln x = (k ln 2 + 2 s1) + s1 c1 + everything small
  const h = k * LN2_HIGH_40;
  const t = h + 2 * s1;
  const tLost = h - t + 2 * s1;
  const cubic = s1 * c1;
  const u = t + cubic;
  const uLost = t - u + cubic;
  const small = 2 * s2 + (s1 * c2 + s2 * c) + k * LN2_LOW_40 + tLost + uLost;
  const ln1 = Math.fround(u + small);
  const ln2 = u - ln1 + small;
  // y ln x = p + tail
  const y1 = Math.fround(y);
  const high = y1 * ln1;
  const low = y1 * ln2 + (y - y1) * (ln1 + ln2);
  const p = high + low;
  if (p > 710) return Infinity;
  if (p < -746) return 0;
  return expOfSum(p, high - p + low);
}

// ---- sine and cosine ------------------------------------------------------------------------------------------------

// pi / 2 in four parts; each of the first three has 33 bits, so that its product with a number below 2^20 is exact.
const HALF_PI_1 = 1.5707963267341256;
const HALF_PI_2 = 6.077100506303966e-11;
const HALF_PI_3 = 2.0222662487111665e-21;
const HALF_PI_4 = 8.4784276603689e-32;
const TWO_OVER_PI = 0.6366197723675814;
/** Largest argument for those four parts. */
const CODY_WAITE_LIMIT = 1647099;

/** The reduced angle of the last `quadrant`, in [-pi/4, pi/4]: its head, and what the head's rounding lost. */
const ANGLE = /* @__PURE__ */ new Float64Array(2);

/** x = q pi/2 + ANGLE: returns q modulo 4. */
function quadrant(x: number): number {
  if (Math.abs(x) <= 0.7853981633974483) {
    ANGLE[0] = x;
    ANGLE[1] = 0;
    return 0;
  }
  if (Math.abs(x) > CODY_WAITE_LIMIT) return quadrantOfLarge(x);
  const n = Math.floor(x * TWO_OVER_PI + 0.5);
  const a = x - n * HALF_PI_1; // exact
  const second = n * HALF_PI_2;
  const b = a - second;
  const third = n * HALF_PI_3;
  const c = b - third;
  const rest = sumTail(a, -second, b) + sumTail(b, -third, c) - n * HALF_PI_4;
  const head = c + rest;
  ANGLE[0] = head;
  ANGLE[1] = c - head + rest;
  return n & 3;
}

/** floor(2/pi * 2^1216) and floor(pi/2 * 2^128), in short lines; made when they are wanted, for a host may lack BigInt. */
const twoOverPi = (): bigint => BigInt(
  "0xa2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1921cfe1deb1cb129a73e"
  + "e88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ffde05980fef2f118b5a0a6d1f6d367ecf27cb09b7"
  + "4f463f669e5fea2d7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d0856033046fc7b6bab",
);
const halfPi = (): bigint => BigInt("0x1921fb54442d18469898cc51701b839a2");

/** The same for any finite |x| of at least 2^20, after Payne and Hanek: x times enough bits of 2/pi, in whole numbers. */
function quadrantOfLarge(x: number): number {
  if (typeof BigInt === "undefined") throw new Error(`sine and cosine of ${x} want BigInt, which this host has not`);
  VALUE[0] = Math.abs(x);
  const high = WORDS[HIGH];
  const mantissa = (BigInt((high & 0xfffff) | 0x100000) << 32n) | BigInt(WORDS[LOW] >>> 0);
  const exponent = (high >>> 20) - 1075; // |x| = mantissa * 2^exponent
  const bits = /* @__PURE__ */ BigInt(1216 - exponent);
  const turns = mantissa * twoOverPi(); // |x| * 2/pi * 2^bits
  const n = (turns + (1n << (bits - 1n))) >> bits;
  const fraction = (turns - (n << bits)) >> (bits - 200n); // in [-1/2, 1/2], 200 bits
  const angle = fraction * halfPi();
  const head = Number(angle);
  const sign = x < 0 ? -1 : 1;
  ANGLE[0] = head * powerOfTwo(-328) * sign;
  ANGLE[1] = Number(angle - BigInt(head)) * powerOfTwo(-328) * sign;
  return (Number(n & 3n) * sign) & 3;
}

/** sin(r + tail) for |r| <= pi/4. */
function sinCurve(r: number, tail: number): number {
  const z = r * r;
  const p = 0.008333333333333331 + z * (-0.0001984126984126506 + z * (2.7557319219335453e-6
    + z * (-2.5052106231157904e-8 + z * (1.605853141458901e-10 + z * -7.586685070091267e-13))));
  return r + (r * z * (-0.16666666666666666 + z * p) + tail * (1 - 0.5 * z));
}

/** cos(r + tail) for |r| <= pi/4. */
function cosCurve(r: number, tail: number): number {
  const z = r * r;
  const p = 0.041666666666666664 + z * (-0.0013888888888887395 + z * (2.4801587298763433e-5
    + z * (-2.7557317270560326e-7 + z * (2.0876146024689747e-9 + z * -1.1382614868556325e-11))));
  const half = 0.5 * z;
  const h = 1 - half;
  return h + (1 - h - half + (z * z * p - r * tail));
}

/**
 * Sine of x radians, for every finite x (reduced by Cody and Waite up to 1.6e6, by Payne and Hanek beyond). Error below 0.85 ulp (0.76
 * seen).
 */
export function sin(x: number): number {
  if (x - x !== 0) return NaN;
  if (Math.abs(x) < 1e-8) return x;
  const q = quadrant(x);
  const y = (q & 1) === 0 ? sinCurve(ANGLE[0], ANGLE[1]) : cosCurve(ANGLE[0], ANGLE[1]);
  return q < 2 ? y : -y;
}

/** Cosine of x radians, for every finite x, reduced as in sin. Error below 0.85 ulp (0.78 seen). */
export function cos(x: number): number {
  if (x - x !== 0) return NaN;
  const q = quadrant(x);
  const y = (q & 1) === 0 ? cosCurve(ANGLE[0], ANGLE[1]) : sinCurve(ANGLE[0], ANGLE[1]);
  return q === 0 || q === 3 ? y : -y;
}

/** Relaxed vector instructions: wherever the specification allows several results, all of them. */
import { across, converts, range, real, whole } from "./case.ts";
import type { Case, Cases } from "./case.ts";
import { saturated } from "./float-cases.ts";
import { q15 } from "./integer-cases.ts";
import type { Kind } from "./lanes.ts";

/** A finite number as whole * 2^power. */
function parts(value: number): { readonly whole: bigint; readonly power: number } {
  let power = 0;
  let rest = value;
  while (!Number.isInteger(rest)) [rest, power] = [rest * 2, power - 1];
  return { whole: BigInt(rest), power };
}

/** a * b + c, exact, then rounded once to `precision` bits (24 or 53) with the least power of two that the type has. */
function fused(a: number, b: number, c: number, precision: number, leastPower: number): number {
  if (!Number.isFinite(a) || !Number.isFinite(b) || !Number.isFinite(c)) return a * b + c;
  const [x, y, z] = [parts(a), parts(b), parts(c)];
  const power = Math.min(x.power + y.power, z.power);
  const product = (x.whole * y.whole) << BigInt(x.power + y.power - power);
  const sum = product + (z.whole << BigInt(z.power - power));
  // The sign of a zero is that of the sum in floats.
  if (sum === 0n) return a * b + c;
  const magnitude = sum < 0n ? -sum : sum;
  const drop = Math.max(0, magnitude.toString(2).length - precision, leastPower - power);
  const unit = 1n << BigInt(drop);
  let kept = magnitude / unit;
  const rest = 2n * (magnitude % unit);
  if (rest > unit || (rest === unit && drop > 0 && kept % 2n === 1n)) kept++;
  let result = Number(kept);
  for (let i = power + drop; i > 0; i--) result *= 2;
  for (let i = power + drop; i < 0; i++) result /= 2;
  const rounded = precision === 24 ? Math.fround(result) : result;
  return sum < 0n ? -rounded : rounded;
}

const VALUES = [0, -0, 1, -1, 3, 0.1, -0.1, 16777218, 1.1754943508222875e-38, 1e30, 4097, -1e-30, Infinity, NaN];

/** Fused, or a multiplication and an addition. */
function madd(kind: "f32" | "f64", sign: 1 | -1): Case {
  const [precision, leastPower, round] = kind === "f32" ? [24, -149, Math.fround] as const : [53, -1074, Number] as const;
  const values = VALUES.map((value) => round(value));
  return {
    ...real(kind, (a, b, c) => [fused(sign * a, b, c, precision, leastPower), round(round(sign * a * b) + c)]),
    choose: [values, values, values],
  };
}

/** Zeros count as equal, and NaN makes any of the three. */
function least(a: number, b: number): readonly number[] {
  if (a !== a || b !== b) return [NaN, a, b];
  return a === b ? [a, b] : [Math.min(a, b)];
}

function most(a: number, b: number): readonly number[] {
  return least(-a, -b).map((value) => -value);
}

/** NaN and what does not fit: saturated, or the integer that x86 makes of it. */
function truncate(a: number, to: Kind): readonly bigint[] {
  const [low, high] = range(to);
  const value = saturated(a, to);
  const fits = Number.isFinite(a) && BigInt(Math.trunc(a)) === value;
  return fits ? [value] : [value, to === "i32" ? low : high];
}

function truncates(from: "f32" | "f64", to: Kind): Case {
  const all: Case = from === "f32"
    ? converts("f32", to, (a: number) => truncate(a, to))
    : { takes: ["f64"], gives: to, compute: ([a]) => [...a.map((lane) => truncate(Number(lane), to)), 0n, 0n] };
  // Unsigned ones up to 2^31 only: above, Bun 1.4 makes 2^31 or 0 of numbers that fit too, which the specification does not allow.
  const values = [0, -0, 0.5, 1, 2.75, 127.5, 8388609, 16777218, 2147483520];
  return to === "i32" ? all : { ...all, choose: [values] };
}

function selects(kind: Kind): Case {
  const mask = [0n, range(kind)[1]];
  return { ...whole(kind, (a, b, chosen) => (chosen === 0n ? b : a)), choose: [undefined, undefined, mask] };
}

/** The second factor has seven bits: with the eighth, machines differ. */
const SEVEN_BITS = [0n, 1n, 2n, 63n, 100n, 126n, 127n];

function dot(a: bigint[], b: bigint[], i: number, count: number): bigint {
  return a.slice(i * count, (i + 1) * count).reduce((sum, lane, j) => sum + lane * b[i * count + j], 0n);
}

export const relaxedCases: Cases = {
  "i8x16.relaxed_swizzle": across(["u8", "u8"], "u8", (a, b) =>
    b.map((index) => (index < 16n ? a[Number(index)] : index >= 128n ? 0n : [0n, a[Number(index % 16n)]]))),
  "i32x4.relaxed_trunc_f32x4_s": truncates("f32", "i32"),
  "i32x4.relaxed_trunc_f32x4_u": truncates("f32", "u32"),
  "i32x4.relaxed_trunc_f64x2_s_zero": truncates("f64", "i32"),
  "i32x4.relaxed_trunc_f64x2_u_zero": truncates("f64", "u32"),
  "f32x4.relaxed_madd": madd("f32", 1),
  "f32x4.relaxed_nmadd": madd("f32", -1),
  "f64x2.relaxed_madd": madd("f64", 1),
  "f64x2.relaxed_nmadd": madd("f64", -1),
  "i8x16.relaxed_laneselect": selects("u8"),
  "i16x8.relaxed_laneselect": selects("u16"),
  "i32x4.relaxed_laneselect": selects("u32"),
  "i64x2.relaxed_laneselect": selects("u64"),
  "f32x4.relaxed_min": real("f32", (a, b) => least(a, b)),
  "f32x4.relaxed_max": real("f32", (a, b) => most(a, b)),
  "f64x2.relaxed_min": real("f64", (a, b) => least(a, b)),
  "f64x2.relaxed_max": real("f64", (a, b) => most(a, b)),
  "i16x8.relaxed_q15mulr_s": whole("i16", (a, b) => (a === -32768n && b === -32768n ? [32767n, -32768n] : q15(a, b))),
  "i16x8.relaxed_dot_i8x16_i7x16_s": {
    ...across(["i8", "i8"], "i16", (a, b) => Array.from({ length: 8 }, (_, i) => dot(a, b, i, 2))),
    choose: [undefined, SEVEN_BITS],
  },
  "i32x4.relaxed_dot_i8x16_i7x16_add_s": {
    ...across(["i8", "i8", "i32"], "i32", (a, b, c) => c.map((lane, i) => lane + dot(a, b, i, 4))),
    choose: [undefined, SEVEN_BITS, undefined],
  },
};

/** What must stand in the binary, from the specification: for hosts that cannot run them. */
export const relaxedBytes: Readonly<Record<string, string>> = {
  "i8x16.relaxed_swizzle": "fd8002",
  "i32x4.relaxed_trunc_f32x4_s": "fd8102",
  "i32x4.relaxed_trunc_f32x4_u": "fd8202",
  "i32x4.relaxed_trunc_f64x2_s_zero": "fd8302",
  "i32x4.relaxed_trunc_f64x2_u_zero": "fd8402",
  "f32x4.relaxed_madd": "fd8502",
  "f32x4.relaxed_nmadd": "fd8602",
  "f64x2.relaxed_madd": "fd8702",
  "f64x2.relaxed_nmadd": "fd8802",
  "i8x16.relaxed_laneselect": "fd8902",
  "i16x8.relaxed_laneselect": "fd8a02",
  "i32x4.relaxed_laneselect": "fd8b02",
  "i64x2.relaxed_laneselect": "fd8c02",
  "f32x4.relaxed_min": "fd8d02",
  "f32x4.relaxed_max": "fd8e02",
  "f64x2.relaxed_min": "fd8f02",
  "f64x2.relaxed_max": "fd9002",
  "i16x8.relaxed_q15mulr_s": "fd9102",
  "i16x8.relaxed_dot_i8x16_i7x16_s": "fd9202",
  "i32x4.relaxed_dot_i8x16_i7x16_add_s": "fd9302",
};

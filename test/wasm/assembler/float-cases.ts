/** Arithmetic on floats, and conversions. What only moves bits is said on bits, so that NaNs must keep theirs. */
import { clamp, compares, converts, range, real, traps, whole } from "./case.ts";
import type { Case, Cases } from "./case.ts";
import { recast } from "./lanes.ts";
import type { Kind, Lane } from "./lanes.ts";

function nearest(a: number): number {
  const floor = Math.floor(a);
  const rest = a - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  // An infinity is itself; a result of zero has the sign of its operand.
  if (!Number.isFinite(a)) return a;
  const whole = up ? floor + 1 : floor;
  return whole === 0 && (a < 0 || Object.is(a, -0)) ? -0 : whole;
}

function least(a: number, b: number): number {
  if (a !== a || b !== b) return NaN;
  if (a === 0 && b === 0) return Object.is(a, -0) ? a : b;
  return a < b ? a : b;
}

function arithmetic(kind: "f32" | "f64"): Cases {
  const bits: Kind = kind === "f32" ? "u32" : "u64";
  const sign = kind === "f32" ? 1n << 31n : 1n << 63n;
  return {
    abs: whole(bits, (a) => a & ~sign),
    neg: whole(bits, (a) => a ^ sign),
    ceil: real(kind, Math.ceil),
    floor: real(kind, Math.floor),
    trunc: real(kind, Math.trunc),
    nearest: real(kind, nearest),
    sqrt: real(kind, Math.sqrt),
    add: real(kind, (a, b) => a + b),
    sub: real(kind, (a, b) => a - b),
    mul: real(kind, (a, b) => a * b),
    div: real(kind, (a, b) => a / b),
    min: real(kind, (a, b) => least(a, b)),
    max: real(kind, (a, b) => -least(-a, -b)),
  };
}

function comparisons(kind: "f32" | "f64", gives: Kind, yes: bigint): Cases {
  return {
    eq: compares(kind, gives, yes, (a: number, b: number) => a === b),
    ne: compares(kind, gives, yes, (a: number, b: number) => a !== b),
    lt: compares(kind, gives, yes, (a: number, b: number) => a < b),
    gt: compares(kind, gives, yes, (a: number, b: number) => a > b),
    le: compares(kind, gives, yes, (a: number, b: number) => a <= b),
    ge: compares(kind, gives, yes, (a: number, b: number) => a >= b),
  };
}

function scalar(kind: "f32" | "f64"): Cases {
  const bits: Kind = kind === "f32" ? "u32" : "u64";
  const sign = kind === "f32" ? 1n << 31n : 1n << 63n;
  return {
    ...arithmetic(kind),
    ...comparisons(kind, "i32", 1n),
    copysign: whole(bits, (a, b) => (a & ~sign) | (b & sign)),
  };
}

function vector(kind: "f32" | "f64"): Cases {
  return {
    ...arithmetic(kind),
    ...comparisons(kind, kind === "f32" ? "i32" : "i64", -1n),
    pmin: real(kind, (a, b) => (b < a ? b : a)),
    pmax: real(kind, (a, b) => (a < b ? b : a)),
  };
}

function named(group: string, cases: Cases): Cases {
  return Object.fromEntries(Object.entries(cases).map(([name, each]) => [`${group}.${name}`, each]));
}

/** Traps for NaN and for what does not fit. */
function truncates(from: "f32" | "f64", to: Kind): Case {
  return traps([from], to, (a: number) => {
    if (!Number.isFinite(a)) return undefined;
    const [low, high] = range(to);
    const value = BigInt(Math.trunc(a));
    return value < low || value > high ? undefined : value;
  });
}

export function saturated(a: number, to: Kind): bigint {
  const [low, high] = range(to);
  if (a !== a) return 0n;
  return Number.isFinite(a) ? clamp(BigInt(Math.trunc(a)), low, high) : a < 0 ? low : high;
}

function saturates(from: "f32" | "f64", to: Kind): Case {
  return converts(from, to, (a: number) => saturated(a, to));
}

/** The nearest float32 (24 bits), ties to even, in one rounding. */
function float32(value: bigint): number {
  const magnitude = value < 0n ? -value : value;
  const drop = BigInt(Math.max(0, magnitude.toString(2).length - 24));
  const unit = 1n << drop;
  let kept = magnitude >> drop;
  const rest = 2n * (magnitude & (unit - 1n));
  if (rest > unit || (rest === unit && drop > 0n && kept % 2n === 1n)) kept++;
  return Number(kept * unit) * (value < 0n ? -1 : 1);
}

/** The first lanes; the others become zero. */
function low(lanes: readonly Lane[], count: number): Lane[] {
  return lanes.slice(0, count);
}

/** Bits as another type of the same size. */
function reinterprets(from: Kind, to: Kind): Case {
  return { takes: [from], gives: to, compute: ([a]) => recast(a, from, to) };
}

export const floatCases: Cases = {
  ...named("f32", scalar("f32")),
  ...named("f64", scalar("f64")),
  ...named("f32x4", vector("f32")),
  ...named("f64x2", vector("f64")),
  "i32.trunc_f32_s": truncates("f32", "i32"), "i32.trunc_f32_u": truncates("f32", "u32"),
  "i32.trunc_f64_s": truncates("f64", "i32"), "i32.trunc_f64_u": truncates("f64", "u32"),
  "i64.trunc_f32_s": truncates("f32", "i64"), "i64.trunc_f32_u": truncates("f32", "u64"),
  "i64.trunc_f64_s": truncates("f64", "i64"), "i64.trunc_f64_u": truncates("f64", "u64"),
  "i32.trunc_sat_f32_s": saturates("f32", "i32"), "i32.trunc_sat_f32_u": saturates("f32", "u32"),
  "i32.trunc_sat_f64_s": saturates("f64", "i32"), "i32.trunc_sat_f64_u": saturates("f64", "u32"),
  "i64.trunc_sat_f32_s": saturates("f32", "i64"), "i64.trunc_sat_f32_u": saturates("f32", "u64"),
  "i64.trunc_sat_f64_s": saturates("f64", "i64"), "i64.trunc_sat_f64_u": saturates("f64", "u64"),
  "f32.convert_i32_s": converts("i32", "f32", float32), "f32.convert_i32_u": converts("u32", "f32", float32),
  "f32.convert_i64_s": converts("i64", "f32", float32), "f32.convert_i64_u": converts("u64", "f32", float32),
  "f64.convert_i32_s": converts("i32", "f64", Number), "f64.convert_i32_u": converts("u32", "f64", Number),
  "f64.convert_i64_s": converts("i64", "f64", Number), "f64.convert_i64_u": converts("u64", "f64", Number),
  "f32.demote_f64": converts("f64", "f32", Math.fround),
  "f64.promote_f32": converts("f32", "f64", (a: number) => a),
  "i32.reinterpret_f32": reinterprets("u32", "u32"), "i64.reinterpret_f64": reinterprets("u64", "u64"),
  "f32.reinterpret_i32": reinterprets("u32", "u32"), "f64.reinterpret_i64": reinterprets("u64", "u64"),
  "f32x4.demote_f64x2_zero": { takes: ["f64"], gives: "f32", compute: ([a]) => [...a.map((lane) => Math.fround(Number(lane))), 0, 0] },
  "f64x2.promote_low_f32x4": { takes: ["f32"], gives: "f64", compute: ([a]) => low(a, 2) },
  "f32x4.convert_i32x4_s": converts("i32", "f32", float32), "f32x4.convert_i32x4_u": converts("u32", "f32", float32),
  "f64x2.convert_low_i32x4_s": { takes: ["i32"], gives: "f64", compute: ([a]) => low(a, 2).map(Number) },
  "f64x2.convert_low_i32x4_u": { takes: ["u32"], gives: "f64", compute: ([a]) => low(a, 2).map(Number) },
  "i32x4.trunc_sat_f32x4_s": saturates("f32", "i32"), "i32x4.trunc_sat_f32x4_u": saturates("f32", "u32"),
  "i32x4.trunc_sat_f64x2_s_zero": {
    takes: ["f64"], gives: "i32", compute: ([a]) => [...a.map((lane) => saturated(Number(lane), "i32")), 0n, 0n],
  },
  "i32x4.trunc_sat_f64x2_u_zero": {
    takes: ["f64"], gives: "u32", compute: ([a]) => [...a.map((lane) => saturated(Number(lane), "u32")), 0n, 0n],
  },
};

/** Splats, and lanes out and in. */
function laneCases(group: string, kind: Kind, scalar: Kind): Cases {
  const count = 128 / Number(kind.slice(1));
  const unsigned = kind.replace("i", "u") as Kind;
  const extract = (from: Kind): Case => ({ takes: [from], gives: scalar, lanes: count, compute: ([a], lane) => [a[lane]] });
  const short = count >= 8;
  return named(group, {
    splat: { takes: [scalar], gives: kind, compute: ([a]) => Array.from({ length: count }, () => a[0]) },
    ...(short ? { extract_lane_s: extract(kind), extract_lane_u: extract(unsigned) } : { extract_lane: extract(kind) }),
    replace_lane: {
      takes: [kind, scalar], gives: kind, lanes: count, compute: ([a, [value]], lane) => a.map((each, i) => (i === lane ? value : each)),
    },
  });
}

export const moveCases: Cases = {
  ...laneCases("i8x16", "i8", "i32"),
  ...laneCases("i16x8", "i16", "i32"),
  ...laneCases("i32x4", "i32", "i32"),
  ...laneCases("i64x2", "i64", "i64"),
  // On bits: NaNs keep theirs.
  ...laneCases("f32x4", "u32", "u32"),
  ...laneCases("f64x2", "u64", "u64"),
};

/** Arithmetic on whole numbers, scalar and by lanes. */
import { across, clamp, compares, converts, range, shifts, traps, whole } from "./case.ts";
import type { Case, Cases } from "./case.ts";
import type { Kind } from "./lanes.ts";

type Two = (a: bigint, b: bigint) => bigint;

const ADD: Two = (a, b) => a + b;
const SUB: Two = (a, b) => a - b;
const MUL: Two = (a, b) => a * b;
const MIN: Two = (a, b) => (a < b ? a : b);
const MAX: Two = (a, b) => (a > b ? a : b);

function named(group: string, cases: Cases): Cases {
  return Object.fromEntries(Object.entries(cases).map(([name, each]) => [`${group}.${name}`, each]));
}

/** `yes` is what a true comparison gives. */
function comparisons(signed: Kind, unsigned: Kind | undefined, gives: Kind, yes: bigint): Cases {
  const cases: Cases = {
    eq: compares(signed, gives, yes, (a: bigint, b: bigint) => a === b),
    ne: compares(signed, gives, yes, (a: bigint, b: bigint) => a !== b),
  };
  for (const [suffix, kind] of [["s", signed], ["u", unsigned]] as const) {
    if (kind === undefined) continue;
    cases[`lt_${suffix}`] = compares(kind, gives, yes, (a: bigint, b: bigint) => a < b);
    cases[`gt_${suffix}`] = compares(kind, gives, yes, (a: bigint, b: bigint) => a > b);
    cases[`le_${suffix}`] = compares(kind, gives, yes, (a: bigint, b: bigint) => a <= b);
    cases[`ge_${suffix}`] = compares(kind, gives, yes, (a: bigint, b: bigint) => a >= b);
  }
  return cases;
}

function binaryDigits(value: bigint, bits: bigint): string {
  return value.toString(2).padStart(Number(bits), "0");
}

function scalar(bits: 32 | 64): Cases {
  const signed: Kind = `i${bits}`;
  const unsigned: Kind = `u${bits}`;
  const width = BigInt(bits);
  const least = -(1n << (width - 1n));
  const rotate = (a: bigint, count: bigint): bigint => (a << count % width) | (a >> (width - (count % width)));
  return {
    eqz: whole(unsigned, (a) => (a === 0n ? 1n : 0n), "i32"),
    ...comparisons(signed, unsigned, "i32", 1n),
    clz: whole(unsigned, (a) => BigInt(binaryDigits(a, width).replace(/1.*/, "").length)),
    ctz: whole(unsigned, (a) => BigInt(binaryDigits(a, width).replace(/.*1/, "").length)),
    popcnt: whole(unsigned, (a) => BigInt(binaryDigits(a, width).replace(/0/g, "").length)),
    add: whole(signed, ADD), sub: whole(signed, SUB), mul: whole(signed, MUL),
    div_s: traps([signed, signed], signed, (a: bigint, b: bigint) => (b === 0n || (a === least && b === -1n) ? undefined : a / b)),
    div_u: traps([unsigned, unsigned], unsigned, (a: bigint, b: bigint) => (b === 0n ? undefined : a / b)),
    rem_s: traps([signed, signed], signed, (a: bigint, b: bigint) => (b === 0n ? undefined : a % b)),
    rem_u: traps([unsigned, unsigned], unsigned, (a: bigint, b: bigint) => (b === 0n ? undefined : a % b)),
    and: whole(unsigned, (a, b) => a & b), or: whole(unsigned, (a, b) => a | b), xor: whole(unsigned, (a, b) => a ^ b),
    shl: whole(unsigned, (a, b) => a << b % width),
    shr_s: { ...whole(signed, (a, b) => a >> BigInt.asUintN(bits, b) % width) },
    shr_u: whole(unsigned, (a, b) => a >> b % width),
    rotl: whole(unsigned, rotate),
    rotr: whole(unsigned, (a, b) => rotate(a, width - (b % width))),
    extend8_s: whole(signed, (a) => BigInt.asIntN(8, a)),
    extend16_s: whole(signed, (a) => BigInt.asIntN(16, a)),
  };
}

function vector(bits: 8 | 16 | 32 | 64): Cases {
  const signed: Kind = `i${bits}`;
  const unsigned: Kind = `u${bits}`;
  const width = BigInt(bits);
  const cases: Cases = {
    ...comparisons(signed, bits === 64 ? undefined : unsigned, signed, -1n),
    abs: whole(signed, (a) => (a < 0n ? -a : a)),
    neg: whole(signed, (a) => -a),
    all_true: across([unsigned], "i32", (a) => [a.every((lane) => lane !== 0n) ? 1n : 0n]),
    bitmask: across([signed], "i32", (a) => [a.reduce((mask, lane, i) => (lane < 0n ? mask | (1n << BigInt(i)) : mask), 0n)]),
    shl: shifts(unsigned, (a, count) => a << count % width),
    shr_s: shifts(signed, (a, count) => a >> count % width),
    shr_u: shifts(unsigned, (a, count) => a >> count % width),
    add: whole(signed, ADD), sub: whole(signed, SUB),
  };
  if (bits > 8) cases.mul = whole(signed, MUL);
  if (bits < 64) {
    for (const [suffix, kind] of [["s", signed], ["u", unsigned]] as const) {
      cases[`min_${suffix}`] = whole(kind, MIN);
      cases[`max_${suffix}`] = whole(kind, MAX);
    }
  }
  if (bits < 32) {
    cases.avgr_u = whole(unsigned, (a, b) => (a + b + 1n) / 2n);
    for (const [suffix, kind] of [["s", signed], ["u", unsigned]] as const) {
      cases[`add_sat_${suffix}`] = whole(kind, (a, b) => clamp(a + b, ...range(kind)));
      cases[`sub_sat_${suffix}`] = whole(kind, (a, b) => clamp(a - b, ...range(kind)));
    }
  }
  return cases;
}

/** From lanes of `bits` / 2 bits: the low or the high half of them, or neighbours. */
function widening(bits: 16 | 32 | 64): Cases {
  const cases: Cases = {};
  const half = (bits / 2) as 8 | 16 | 32;
  const source = `i${half}x${128 / half}`;
  for (const [suffix, from, to] of [["s", `i${half}`, `i${bits}`], ["u", `u${half}`, `u${bits}`]] as const) {
    for (const [part, pick] of [["low", 0], ["high", 1]] as const) {
      const taken = (lanes: bigint[]): bigint[] => lanes.slice((pick * lanes.length) / 2, ((pick + 1) * lanes.length) / 2);
      cases[`extend_${part}_${source}_${suffix}`] = across([from], to, taken);
      cases[`extmul_${part}_${source}_${suffix}`] = across([from, from], to, (a, b) => taken(a).map((lane, i) => lane * taken(b)[i]));
    }
    if (bits < 64) cases[`extadd_pairwise_${source}_${suffix}`] = across([from], to, (a) => pairs(a));
  }
  return cases;
}

function pairs(lanes: readonly bigint[]): bigint[] {
  return Array.from({ length: lanes.length / 2 }, (_, i) => lanes[2 * i] + lanes[2 * i + 1]);
}

function narrowing(bits: 8 | 16, suffix: "s" | "u"): Case {
  const to: Kind = suffix === "s" ? `i${bits}` : `u${bits}`;
  const from: Kind = bits === 8 ? "i16" : "i32";
  return across([from, from], to, (a, b) => [...a, ...b].map((lane) => clamp(lane, ...range(to))));
}

/** (a * b + 2^14) / 2^15, as fixed-point numbers with 15 bits after the point. */
export function q15(a: bigint, b: bigint): bigint {
  return (a * b + 0x4000n) >> 15n;
}

export const integerCases: Cases = {
  ...named("i32", scalar(32)),
  ...named("i64", scalar(64)),
  "i64.extend32_s": whole("i64", (a) => BigInt.asIntN(32, a)),
  "i32.wrap_i64": converts("u64", "u32", (a: bigint) => a),
  "i64.extend_i32_s": converts("i32", "i64", (a: bigint) => a),
  "i64.extend_i32_u": converts("u32", "u64", (a: bigint) => a),
  ...named("i8x16", vector(8)),
  ...named("i16x8", vector(16)),
  ...named("i32x4", vector(32)),
  ...named("i64x2", vector(64)),
  ...named("i16x8", widening(16)),
  ...named("i32x4", widening(32)),
  ...named("i64x2", widening(64)),
  "i8x16.popcnt": whole("u8", (a) => BigInt(binaryDigits(a, 8n).replace(/0/g, "").length)),
  "i8x16.narrow_i16x8_s": narrowing(8, "s"),
  "i8x16.narrow_i16x8_u": narrowing(8, "u"),
  "i16x8.narrow_i32x4_s": narrowing(16, "s"),
  "i16x8.narrow_i32x4_u": narrowing(16, "u"),
  "i16x8.q15mulr_sat_s": whole("i16", (a, b) => clamp(q15(a, b), ...range("i16"))),
  "i32x4.dot_i16x8_s": across(["i16", "i16"], "i32", (a, b) => pairs(a.map((lane, i) => lane * b[i]))),
  "i8x16.swizzle": across(["u8", "u8"], "u8", (a, b) => b.map((index) => (index < 16n ? a[Number(index)] : 0n))),
  "v128.not": whole("u64", (a) => ~a),
  "v128.and": whole("u64", (a, b) => a & b),
  "v128.andnot": whole("u64", (a, b) => a & ~b),
  "v128.or": whole("u64", (a, b) => a | b),
  "v128.xor": whole("u64", (a, b) => a ^ b),
  "v128.bitselect": whole("u64", (a, b, mask) => (a & mask) | (b & ~mask)),
  "v128.any_true": across(["u64"], "i32", (a) => [a.some((lane) => lane !== 0n) ? 1n : 0n]),
};

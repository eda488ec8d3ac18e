/**
 * All instructions of WebAssembly with SIMD, relaxed SIMD and threads: `new ModuleBuilder("name", ALL)`. Left out are globals, tables and
 * indirect calls, atomics narrower than their type, references, garbage collection, exceptions, tail calls, segments.
 *
 * They are no part of CORE, because every program with a session loads that.
 */
import { further } from "./instructions.ts";
import type { GroupName } from "./opcodes.ts";
import { THREADS } from "./opcodes-threads.ts";
import type { Threads } from "./opcodes-threads.ts";

const MORE = {
  i32: [
    "2c i:i [memory:1] load8_s load8_u", "2e i:i [memory:2] load16_s load16_u", "3a ii: [memory:1] store8",
    "3b ii: [memory:2] store16", "67 i:i clz ctz popcnt", "73 ii:i xor shl shr_s shr_u rotl rotr", "36 ii: [memory:4] store",
    "a8 f:i trunc_f32_s trunc_f32_u",
    "aa d:i trunc_f64_s trunc_f64_u", "c0 i:i extend8_s extend16_s", "fc01 f:i trunc_sat_f32_u",
    "fc03 d:i trunc_sat_f64_u", "fe25 ii:i [atomic:4] atomic.rmw.sub", "fe2c ii:i [atomic:4] atomic.rmw.and",
    "fe33 ii:i [atomic:4] atomic.rmw.or", "fe3a ii:i [atomic:4] atomic.rmw.xor",
    "fe41 ii:i [atomic:4] atomic.rmw.xchg", "fe48 iii:i [atomic:4] atomic.rmw.cmpxchg",
  ],
  i64: [
    "29 i:l [memory:8] load", "30 i:l [memory:1] load8_s load8_u", "32 i:l [memory:2] load16_s load16_u",
    "34 i:l [memory:4] load32_s load32_u", "37 il: [memory:8] store", "3c il: [memory:1] store8",
    "3d il: [memory:2] store16", "3e il: [memory:4] store32", "50 l:i eqz", "51 ll:i eq", "53 ll:i lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u",
    "79 l:l clz ctz popcnt",
    "7d ll:l sub mul div_s div_u rem_s rem_u and or xor", "89 ll:l rotl rotr", "ac i:l extend_i32_s",
    "ae f:l trunc_f32_s trunc_f32_u", "b0 d:l trunc_f64_s trunc_f64_u", "bd d:l reinterpret_f64",
    "c2 l:l extend8_s extend16_s extend32_s", "fc04 f:l trunc_sat_f32_s trunc_sat_f32_u",
    "fc06 d:l trunc_sat_f64_s trunc_sat_f64_u", "fe1f il:l [atomic:8] atomic.rmw.add",
    "fe26 il:l [atomic:8] atomic.rmw.sub", "fe2d il:l [atomic:8] atomic.rmw.and",
    "fe34 il:l [atomic:8] atomic.rmw.or", "fe3b il:l [atomic:8] atomic.rmw.xor",
    "fe42 il:l [atomic:8] atomic.rmw.xchg",
  ],
  f32: [
    "5b ff:i eq ne lt gt le ge", "98 ff:f copysign", "b3 i:f convert_i32_u", "8b f:f abs neg ceil floor trunc nearest sqrt",
    "b4 l:f convert_i64_s convert_i64_u",
    "be i:f reinterpret_i32",
  ],
  f64: [
    "61 dd:i eq ne lt gt le ge", "99 d:d abs neg ceil floor", "a6 dd:d copysign", "b9 l:d convert_i64_s convert_i64_u",
    "bf l:d reinterpret_i64",
  ],
  v128: [
    "fd01 i:v [memory:8] load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u",
    "fd07 i:v [memory:1] load8_splat", "fd08 i:v [memory:2] load16_splat", "fd0a i:v [memory:8] load64_splat",
    "fd54 iv:v [memory:1,lane] load8_lane", "fd55 iv:v [memory:2,lane] load16_lane",
    "fd57 iv:v [memory:8,lane] load64_lane", "fd58 iv: [memory:1,lane] store8_lane",
    "fd59 iv: [memory:2,lane] store16_lane", "fd0c :v [bytes] const", "fd4d v:v not", "fd51 vv:v xor", "fd53 v:i any_true",
  ],
  i8x16: [
    "fd0c :v [lanes:i8x16] const", "fd0e vv:v swizzle", "fd0f i:v splat",
    "fd15 v:i [lane:16] extract_lane_s extract_lane_u", "fd17 vi:v [lane:16] replace_lane",
    "fd23 vv:v eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u", "fd60 v:v abs neg popcnt", "fd63 v:i all_true bitmask",
    "fd65 vv:v narrow_i16x8_s narrow_i16x8_u", "fd6b vi:v shl shr_s shr_u",
    "fd6e vv:v add add_sat_s add_sat_u sub sub_sat_s sub_sat_u", "fd76 vv:v min_s min_u max_s max_u",
    "fd7b vv:v avgr_u", "fd100 vv:v relaxed_swizzle", "fd109 vvv:v relaxed_laneselect",
  ],
  i16x8: [
    "fd0c :v [lanes:i16x8] const", "fd10 i:v splat", "fd18 v:i [lane:8] extract_lane_s extract_lane_u",
    "fd1a vi:v [lane:8] replace_lane", "fd2d vv:v eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u",
    "fd7c v:v extadd_pairwise_i8x16_s extadd_pairwise_i8x16_u", "fd80 v:v abs neg", "fd82 vv:v q15mulr_sat_s",
    "fd83 v:i all_true bitmask", "fd85 vv:v narrow_i32x4_s narrow_i32x4_u",
    "fd87 v:v extend_low_i8x16_s extend_high_i8x16_s extend_low_i8x16_u extend_high_i8x16_u",
    "fd8b vi:v shl shr_s shr_u", "fd8e vv:v add add_sat_s add_sat_u sub sub_sat_s sub_sat_u",
    "fd95 vv:v mul min_s min_u max_s max_u", "fd9b vv:v avgr_u",
    "fd9c vv:v extmul_low_i8x16_s extmul_high_i8x16_s extmul_low_i8x16_u extmul_high_i8x16_u",
    "fd10a vvv:v relaxed_laneselect", "fd111 vv:v relaxed_q15mulr_s relaxed_dot_i8x16_i7x16_s",
  ],
  i32x4: [
    "fd1c vi:v [lane:4] replace_lane", "fd37 vv:v eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u",
    "fd7e v:v extadd_pairwise_i16x8_s extadd_pairwise_i16x8_u", "fda0 v:v abs neg", "fda3 v:i all_true bitmask",
    "fdb5 vv:v mul min_s min_u max_s max_u dot_i16x8_s",
    "fda7 v:v extend_low_i16x8_s extend_high_i16x8_s extend_low_i16x8_u extend_high_i16x8_u",
    "fdbc vv:v extmul_low_i16x8_s extmul_high_i16x8_s extmul_low_i16x8_u extmul_high_i16x8_u",
    "fdf8 v:v trunc_sat_f32x4_s trunc_sat_f32x4_u", "fdfc v:v trunc_sat_f64x2_s_zero trunc_sat_f64x2_u_zero",
    "fd101 v:v relaxed_trunc_f32x4_s relaxed_trunc_f32x4_u relaxed_trunc_f64x2_s_zero relaxed_trunc_f64x2_u_zero",
    "fd10b vvv:v relaxed_laneselect", "fd113 vvv:v relaxed_dot_i8x16_i7x16_add_s",
  ],
  i64x2: [
    "fd0c :v [longs] const", "fd12 l:v splat", "fd1d v:l [lane:2] extract_lane",
    "fd1e vl:v [lane:2] replace_lane", "fdc0 v:v abs neg", "fdc3 v:i all_true bitmask",
    "fdc7 v:v extend_low_i32x4_s extend_high_i32x4_s extend_low_i32x4_u extend_high_i32x4_u",
    "fdcb vi:v shl shr_s shr_u", "fdce vv:v add", "fdd1 vv:v sub", "fdd5 vv:v mul eq ne lt_s gt_s le_s ge_s",
    "fddc vv:v extmul_low_i32x4_s extmul_high_i32x4_s extmul_low_i32x4_u extmul_high_i32x4_u",
    "fd10c vvv:v relaxed_laneselect",
  ],
  f32x4: [
    "fd20 vf:v [lane:4] replace_lane", "fd67 v:v ceil floor trunc nearest",
    "fdfa v:v convert_i32x4_s convert_i32x4_u", "fd10d vv:v relaxed_min relaxed_max",
  ],
  f64x2: [
    "fd22 vd:v [lane:2] replace_lane", "fd47 vv:v eq ne lt gt le ge", "fd74 v:v ceil floor", "fd7a v:v trunc",
    "fd94 v:v nearest", "fdec v:v abs neg", "fdef v:v sqrt", "fdf4 vv:v min max pmin pmax",
    "fdfe v:v convert_low_i32x4_s convert_low_i32x4_u",
    "fd107 vvv:v relaxed_madd relaxed_nmadd", "fd10f vv:v relaxed_min relaxed_max",
  ],
  memory: [
    "3f :i [zero:1] size", "40 i:i [zero:1] grow", "fc0a iii: [zero:2] copy", "fe02 ill:i [atomic:8] atomic.wait64",
  ],
  atomic: [
    "fe03 : [zero:1] fence",
  ],
} as const;

further.bytes = (op) => function (bytes: ArrayLike<number>) {
  const { body } = this;
  body.emit(op);
  body.home.checks?.count(body, op, bytes, 16);
  for (let i = 0; i < 16; i++) {
    body.home.checks?.bits(body, op, bytes[i], 8);
    body.code.byte(bytes[i]);
  }
};

further.longs = (op) => function (...lanes: readonly (number | bigint)[]) {
  const { body } = this;
  body.emit(op);
  if (lanes.length !== 1) body.home.checks?.count(body, op, lanes, 2);
  for (const lane of lanes.length === 1 ? [lanes[0], lanes[0]] : lanes) {
    body.home.checks?.long(body, op, lane);
    for (const half of [BigInt(lane), BigInt(lane) >> 32n]) body.code.word(Number(BigInt.asIntN(32, half)), 4);
  }
};

export interface All extends Readonly<{ [G in GroupName]: readonly (Threads[G][number] | (typeof MORE)[G][number])[] }> {}

export const ALL: All = Object.fromEntries(
  (Object.keys(THREADS) as GroupName[]).map((group) => [group, [...THREADS[group], ...MORE[group]]]),
) as unknown as All;

/**
 * The instructions of WebAssembly that kernels can want, as one table from which the methods of a function builder, their
 * TypeScript types, the type check and the encoding are all made.
 *
 * A line is `code operands:result [immediate] names`. Names on one line have consecutive codes and the same type. A code of more
 * than two digits is a prefix byte (fc, fd, fe) and a number. Types: i = i32, l = i64, f = f32, d = f64, v = v128; the operand
 * that is on top of the stack stands last. Immediates:
 *
 *     [i32] [i64] [f32] [f64]   a constant; [bytes] and [lanes:f32x4] a vector constant, by bytes or by lanes
 *     [memory:4] [atomic:4]     an address offset; the number is the natural alignment in bytes, which atomics must have
 *     [lane:4] [memory:4,lane]  a lane index, below that number (or below 16 bytes / 4 bytes a lane)
 *     [shuffle]                 16 indices into the 32 bytes of both operands
 *     [zero:2]                  as many zero bytes (memory indices)
 *
 * Sources: WebAssembly Core Specification 3.0, appendix "Index of Instructions" (numeric, memory, vector and relaxed vector
 * instructions), and the Threads proposal. Left out: atomics narrower than their type, tables, references, garbage collection, exceptions,
 * tail calls, segments.
 */

/** Instructions by group: `f.i32.add()` is "add" of "i32"; a dot in a name opens a further group (`f.i32.atomic.load()`). */
export const INSTRUCTIONS = {
  i32: [
    "28 i:i [memory:4] load", "2c i:i [memory:1] load8_s load8_u", "2e i:i [memory:2] load16_s load16_u",
    "36 ii: [memory:4] store", "3a ii: [memory:1] store8", "3b ii: [memory:2] store16",
    "41 :i [i32] const",
    "45 i:i eqz", "46 ii:i eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u",
    "67 i:i clz ctz popcnt", "6a ii:i add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr",
    "a7 l:i wrap_i64", "a8 f:i trunc_f32_s trunc_f32_u", "aa d:i trunc_f64_s trunc_f64_u", "bc f:i reinterpret_f32",
    "c0 i:i extend8_s extend16_s",
    "fc00 f:i trunc_sat_f32_s trunc_sat_f32_u", "fc02 d:i trunc_sat_f64_s trunc_sat_f64_u",
    "fe10 i:i [atomic:4] atomic.load", "fe17 ii: [atomic:4] atomic.store",
    "fe1e ii:i [atomic:4] atomic.rmw.add", "fe25 ii:i [atomic:4] atomic.rmw.sub", "fe2c ii:i [atomic:4] atomic.rmw.and",
    "fe33 ii:i [atomic:4] atomic.rmw.or", "fe3a ii:i [atomic:4] atomic.rmw.xor", "fe41 ii:i [atomic:4] atomic.rmw.xchg",
    "fe48 iii:i [atomic:4] atomic.rmw.cmpxchg",
  ],
  i64: [
    "29 i:l [memory:8] load", "30 i:l [memory:1] load8_s load8_u", "32 i:l [memory:2] load16_s load16_u",
    "34 i:l [memory:4] load32_s load32_u",
    "37 il: [memory:8] store", "3c il: [memory:1] store8", "3d il: [memory:2] store16", "3e il: [memory:4] store32",
    "42 :l [i64] const",
    "50 l:i eqz", "51 ll:i eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u",
    "79 l:l clz ctz popcnt", "7c ll:l add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr",
    "ac i:l extend_i32_s extend_i32_u", "ae f:l trunc_f32_s trunc_f32_u", "b0 d:l trunc_f64_s trunc_f64_u", "bd d:l reinterpret_f64",
    "c2 l:l extend8_s extend16_s extend32_s",
    "fc04 f:l trunc_sat_f32_s trunc_sat_f32_u", "fc06 d:l trunc_sat_f64_s trunc_sat_f64_u",
    "fe11 i:l [atomic:8] atomic.load", "fe18 il: [atomic:8] atomic.store",
    "fe1f il:l [atomic:8] atomic.rmw.add", "fe26 il:l [atomic:8] atomic.rmw.sub", "fe2d il:l [atomic:8] atomic.rmw.and",
    "fe34 il:l [atomic:8] atomic.rmw.or", "fe3b il:l [atomic:8] atomic.rmw.xor", "fe42 il:l [atomic:8] atomic.rmw.xchg",
    "fe49 ill:l [atomic:8] atomic.rmw.cmpxchg",
  ],
  f32: [
    "2a i:f [memory:4] load", "38 if: [memory:4] store", "43 :f [f32] const",
    "5b ff:i eq ne lt gt le ge",
    "8b f:f abs neg ceil floor trunc nearest sqrt", "92 ff:f add sub mul div min max copysign",
    "b2 i:f convert_i32_s convert_i32_u", "b4 l:f convert_i64_s convert_i64_u", "b6 d:f demote_f64", "be i:f reinterpret_i32",
  ],
  f64: [
    "2b i:d [memory:8] load", "39 id: [memory:8] store", "44 :d [f64] const",
    "61 dd:i eq ne lt gt le ge",
    "99 d:d abs neg ceil floor trunc nearest sqrt", "a0 dd:d add sub mul div min max copysign",
    "b7 i:d convert_i32_s convert_i32_u", "b9 l:d convert_i64_s convert_i64_u", "bb f:d promote_f32", "bf l:d reinterpret_i64",
  ],
  v128: [
    "fd00 i:v [memory:16] load", "fd01 i:v [memory:8] load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u",
    "fd07 i:v [memory:1] load8_splat", "fd08 i:v [memory:2] load16_splat", "fd09 i:v [memory:4] load32_splat",
    "fd0a i:v [memory:8] load64_splat", "fd5c i:v [memory:4] load32_zero", "fd5d i:v [memory:8] load64_zero",
    "fd0b iv: [memory:16] store",
    "fd54 iv:v [memory:1,lane] load8_lane", "fd55 iv:v [memory:2,lane] load16_lane", "fd56 iv:v [memory:4,lane] load32_lane",
    "fd57 iv:v [memory:8,lane] load64_lane",
    "fd58 iv: [memory:1,lane] store8_lane", "fd59 iv: [memory:2,lane] store16_lane", "fd5a iv: [memory:4,lane] store32_lane",
    "fd5b iv: [memory:8,lane] store64_lane",
    "fd0c :v [bytes] const",
    "fd4d v:v not", "fd4e vv:v and andnot or xor", "fd52 vvv:v bitselect", "fd53 v:i any_true",
  ],
  i8x16: [
    "fd0c :v [lanes:i8x16] const", "fd0d vv:v [shuffle] shuffle", "fd0e vv:v swizzle", "fd0f i:v splat",
    "fd15 v:i [lane:16] extract_lane_s extract_lane_u", "fd17 vi:v [lane:16] replace_lane",
    "fd23 vv:v eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u",
    "fd60 v:v abs neg popcnt", "fd63 v:i all_true bitmask", "fd65 vv:v narrow_i16x8_s narrow_i16x8_u",
    "fd6b vi:v shl shr_s shr_u", "fd6e vv:v add add_sat_s add_sat_u sub sub_sat_s sub_sat_u",
    "fd76 vv:v min_s min_u max_s max_u", "fd7b vv:v avgr_u",
    "fd100 vv:v relaxed_swizzle", "fd109 vvv:v relaxed_laneselect",
  ],
  i16x8: [
    "fd0c :v [lanes:i16x8] const", "fd10 i:v splat",
    "fd18 v:i [lane:8] extract_lane_s extract_lane_u", "fd1a vi:v [lane:8] replace_lane",
    "fd2d vv:v eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u",
    "fd7c v:v extadd_pairwise_i8x16_s extadd_pairwise_i8x16_u",
    "fd80 v:v abs neg", "fd82 vv:v q15mulr_sat_s", "fd83 v:i all_true bitmask", "fd85 vv:v narrow_i32x4_s narrow_i32x4_u",
    "fd87 v:v extend_low_i8x16_s extend_high_i8x16_s extend_low_i8x16_u extend_high_i8x16_u",
    "fd8b vi:v shl shr_s shr_u", "fd8e vv:v add add_sat_s add_sat_u sub sub_sat_s sub_sat_u",
    "fd95 vv:v mul min_s min_u max_s max_u", "fd9b vv:v avgr_u",
    "fd9c vv:v extmul_low_i8x16_s extmul_high_i8x16_s extmul_low_i8x16_u extmul_high_i8x16_u",
    "fd10a vvv:v relaxed_laneselect", "fd111 vv:v relaxed_q15mulr_s relaxed_dot_i8x16_i7x16_s",
  ],
  i32x4: [
    "fd0c :v [lanes:i32x4] const", "fd11 i:v splat", "fd1b v:i [lane:4] extract_lane", "fd1c vi:v [lane:4] replace_lane",
    "fd37 vv:v eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u",
    "fd7e v:v extadd_pairwise_i16x8_s extadd_pairwise_i16x8_u",
    "fda0 v:v abs neg", "fda3 v:i all_true bitmask",
    "fda7 v:v extend_low_i16x8_s extend_high_i16x8_s extend_low_i16x8_u extend_high_i16x8_u",
    "fdab vi:v shl shr_s shr_u", "fdae vv:v add", "fdb1 vv:v sub", "fdb5 vv:v mul min_s min_u max_s max_u dot_i16x8_s",
    "fdbc vv:v extmul_low_i16x8_s extmul_high_i16x8_s extmul_low_i16x8_u extmul_high_i16x8_u",
    "fdf8 v:v trunc_sat_f32x4_s trunc_sat_f32x4_u", "fdfc v:v trunc_sat_f64x2_s_zero trunc_sat_f64x2_u_zero",
    "fd101 v:v relaxed_trunc_f32x4_s relaxed_trunc_f32x4_u relaxed_trunc_f64x2_s_zero relaxed_trunc_f64x2_u_zero",
    "fd10b vvv:v relaxed_laneselect", "fd113 vvv:v relaxed_dot_i8x16_i7x16_add_s",
  ],
  i64x2: [
    "fd0c :v [lanes:i64x2] const", "fd12 l:v splat", "fd1d v:l [lane:2] extract_lane", "fd1e vl:v [lane:2] replace_lane",
    "fdc0 v:v abs neg", "fdc3 v:i all_true bitmask",
    "fdc7 v:v extend_low_i32x4_s extend_high_i32x4_s extend_low_i32x4_u extend_high_i32x4_u",
    "fdcb vi:v shl shr_s shr_u", "fdce vv:v add", "fdd1 vv:v sub", "fdd5 vv:v mul eq ne lt_s gt_s le_s ge_s",
    "fddc vv:v extmul_low_i32x4_s extmul_high_i32x4_s extmul_low_i32x4_u extmul_high_i32x4_u",
    "fd10c vvv:v relaxed_laneselect",
  ],
  f32x4: [
    "fd0c :v [lanes:f32x4] const", "fd13 f:v splat", "fd1f v:f [lane:4] extract_lane", "fd20 vf:v [lane:4] replace_lane",
    "fd41 vv:v eq ne lt gt le ge", "fd5e v:v demote_f64x2_zero", "fd67 v:v ceil floor trunc nearest",
    "fde0 v:v abs neg", "fde3 v:v sqrt", "fde4 vv:v add sub mul div min max pmin pmax",
    "fdfa v:v convert_i32x4_s convert_i32x4_u",
    "fd105 vvv:v relaxed_madd relaxed_nmadd", "fd10d vv:v relaxed_min relaxed_max",
  ],
  f64x2: [
    "fd0c :v [lanes:f64x2] const", "fd14 d:v splat", "fd21 v:d [lane:2] extract_lane", "fd22 vd:v [lane:2] replace_lane",
    "fd47 vv:v eq ne lt gt le ge", "fd5f v:v promote_low_f32x4", "fd74 v:v ceil floor", "fd7a v:v trunc", "fd94 v:v nearest",
    "fdec v:v abs neg", "fdef v:v sqrt", "fdf0 vv:v add sub mul div min max pmin pmax",
    "fdfe v:v convert_low_i32x4_s convert_low_i32x4_u",
    "fd107 vvv:v relaxed_madd relaxed_nmadd", "fd10f vv:v relaxed_min relaxed_max",
  ],
  memory: [
    "3f :i [zero:1] size", "40 i:i [zero:1] grow", "fc0a iii: [zero:2] copy", "fc0b iii: [zero:1] fill",
    "fe00 ii:i [atomic:4] atomic.notify", "fe01 iil:i [atomic:4] atomic.wait32", "fe02 ill:i [atomic:8] atomic.wait64",
  ],
  atomic: ["fe03 : [zero:1] fence"],
} as const;

/** Instructions whose types depend on where they stand; function builders have a method written by hand for each. */
export const CONTROL = {
  "unreachable": 0x00, "nop": 0x01, "block": 0x02, "loop": 0x03, "if": 0x04, "else": 0x05, "end": 0x0b,
  "br": 0x0c, "br_if": 0x0d, "br_table": 0x0e, "return": 0x0f, "call": 0x10, "call_indirect": 0x11, "drop": 0x1a, "select": 0x1b,
  "local.get": 0x20, "local.set": 0x21, "local.tee": 0x22, "global.get": 0x23, "global.set": 0x24,
} as const;

/** A name before its first dot is a group. */
export type GroupName = keyof typeof INSTRUCTIONS;

/** What the instructions of a line have in common. */
export interface InstructionType {
  /** Value types (types.ts), the top of the stack last. */
  readonly operands: readonly number[];
  readonly results: readonly number[];
  /** What stands in brackets, before the colon: "memory"; "" for none. "memory,lane" has both. */
  readonly immediate: string;
  /** And after it: "4". */
  readonly detail: string;
}

/** One instruction of the table. */
export interface Instruction extends InstructionType {
  /** As in the text format: "i32.atomic.rmw.add". */
  readonly name: string;
  /** Without the group: "atomic.rmw.add". */
  readonly word: string;
  /** Its one to three bytes, the first one lowest: a prefix, if any, and the code in LEB128. */
  readonly opcode: number;
}

const LETTERS = "vdfli"; // from 0x7b up

function codes(letters: string): number[] {
  const all: number[] = [];
  for (let i = 0; i < letters.length; i++) all.push(0x7b + LETTERS.indexOf(letters[i]));
  return all;
}

/** A code and its prefix as an opcode. */
function packed(prefix: number, code: number): number {
  if (prefix === 0) return code;
  const leb = code < 0x80 ? code : (code & 0x7f) | 0x80 | ((code >> 7) << 8);
  return prefix | (leb << 8);
}

/** The instructions of a group, read from the table. (Plain loops: this runs once, before any of it is compiled.) */
export function instructionsOf(group: GroupName): Instruction[] {
  const all: Instruction[] = [];
  for (const line of INSTRUCTIONS[group]) {
    const words = line.split(" ");
    const colon = words[1].indexOf(":");
    const operands = codes(words[1].slice(0, colon));
    const results = codes(words[1].slice(colon + 1));
    let immediate = "";
    let detail = "";
    let first = 2;
    if (words[2][0] === "[") {
      first = 3;
      const inside = words[2].slice(1, -1);
      const lane = inside.endsWith(",lane") ? ",lane" : "";
      const parts = inside.slice(0, inside.length - lane.length).split(":");
      immediate = parts[0] + lane;
      if (parts.length > 1) detail = parts[1];
    }
    const prefix = words[0].length > 2 ? parseInt(words[0].slice(0, 2), 16) : 0;
    const code = parseInt(prefix === 0 ? words[0] : words[0].slice(2), 16) - first;
    for (let i = first; i < words.length; i++) {
      all.push({ name: `${group}.${words[i]}`, word: words[i], opcode: packed(prefix, code + i), operands, results, immediate, detail });
    }
  }
  return all;
}

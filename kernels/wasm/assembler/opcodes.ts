/**
 * The instructions of WebAssembly that senet's kernels are made of, as one table from which the methods of a function builder, their
 * TypeScript types, the type check and the encoding are all made. Whoever wants others gives the module's builder the table of
 * opcodes-all.ts.
 *
 * A line is `code operands:result [immediate] names`. Names on one line have consecutive codes and the same type. A code of more
 * than two digits is a prefix byte (fc, fd, fe) and a number. Types: i = i32, l = i64, f = f32, d = f64, v = v128; the operand
 * that is on top of the stack stands last. Immediates:
 *
 *     [i32] [i64] [f32] [f64]   a constant; [bytes], [longs] and [lanes:f32x4] a vector constant, by bytes or by lanes
 *     [memory:4] [atomic:4]     an address offset; the number is the natural alignment in bytes, which atomics must have
 *     [lane:4] [memory:4,lane]  a lane index, below that number (or below 16 bytes / 4 bytes a lane)
 *     [shuffle]                 16 indices into the 32 bytes of both operands
 *     [zero:2]                  as many zero bytes (memory indices)
 *
 * Sources: WebAssembly Core Specification 3.0, appendix "Index of Instructions" (numeric, memory, vector and relaxed vector
 * instructions), and the Threads proposal.
 */

/** Instructions by group: `f.i32.add()` is "add" of "i32"; a dot in a name opens a further group (`f.i32.atomic.load()`). */
export const CORE = {
  i32: [
    "28 i:i [memory:4] load", "41 :i [i32] const", "45 i:i eqz",
    "46 ii:i eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u",
    "6a ii:i add sub mul div_s div_u rem_s rem_u and or",
    "bc f:i reinterpret_f32", "fc00 f:i trunc_sat_f32_s", "fc02 d:i trunc_sat_f64_s",
  ],
  i64: [],
  f32: [
    "2a i:f [memory:4] load", "38 if: [memory:4] store", "43 :f [f32] const",
    "92 ff:f add sub mul div min max", "b2 i:f convert_i32_s", "b6 d:f demote_f64",
  ],
  f64: [
    "2b i:d [memory:8] load", "39 id: [memory:8] store", "44 :d [f64] const",
    "9d d:d trunc nearest sqrt", "a0 dd:d add sub mul div min max",
    "b7 i:d convert_i32_s convert_i32_u", "bb f:d promote_f32",
  ],
  v128: [
    "fd00 i:v [memory:16] load", "fd09 i:v [memory:4] load32_splat", "fd5c i:v [memory:4] load32_zero",
    "fd5d i:v [memory:8] load64_zero", "fd0b iv: [memory:16] store", "fd56 iv:v [memory:4,lane] load32_lane",
    "fd5a iv: [memory:4,lane] store32_lane", "fd5b iv: [memory:8,lane] store64_lane", "fd4e vv:v and andnot or",
    "fd52 vvv:v bitselect",
  ],
  i8x16: [
    "fd0d vv:v [shuffle] shuffle",
  ],
  i16x8: [],
  i32x4: [
    "fd0c :v [lanes:i32x4] const", "fd11 i:v splat", "fd1b v:i [lane:4] extract_lane", "fdab vi:v shl shr_s shr_u", "fdae vv:v add",
    "fdb1 vv:v sub",
  ],
  i64x2: [],
  f32x4: [
    "fd0c :v [lanes:f32x4] const", "fd13 f:v splat", "fd1f v:f [lane:4] extract_lane", "fd41 vv:v eq ne lt gt le ge",
    "fd5e v:v demote_f64x2_zero", "fde0 v:v abs neg", "fde3 v:v sqrt", "fde4 vv:v add sub mul div min max pmin pmax",
    "fd105 vvv:v relaxed_madd relaxed_nmadd",
  ],
  f64x2: [
    "fd0c :v [lanes:f64x2] const", "fd14 d:v splat", "fd21 v:d [lane:2] extract_lane", "fd5f v:v promote_low_f32x4",
    "fdf0 vv:v add sub mul div",
  ],
  memory: [
    "fc0b iii: [zero:1] fill",
  ],
  atomic: [],
} as const;

/** A name before its first dot is a group. */
export type GroupName = keyof typeof CORE;

/** The type of CORE, with a name for messages. */
export interface Core extends Readonly<typeof CORE> {}

/** Lines by group: CORE, or more than that (opcodes-threads.ts, opcodes-all.ts). */
export type InstructionTable = { readonly [G in GroupName]: readonly string[] };

/** Instructions whose types depend on where they stand; function builders have a method written by hand for each. */
export const CONTROL = {
  "unreachable": 0x00, "nop": 0x01, "block": 0x02, "loop": 0x03, "if": 0x04, "else": 0x05, "end": 0x0b,
  "br": 0x0c, "br_if": 0x0d, "br_table": 0x0e, "return": 0x0f, "call": 0x10, "drop": 0x1a, "select": 0x1b,
  "local.get": 0x20, "local.set": 0x21, "local.tee": 0x22,
} as const;

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

/** The instructions of a group, read from a table. (Plain loops: this runs once, before any of it is compiled.) */
export function instructionsOf(group: GroupName, table: InstructionTable): Instruction[] {
  const all: Instruction[] = [];
  for (const line of table[group]) {
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

/** The instructions of kernels of bytes (../quantised): CORE, and no more than these have; opcodes-all.ts has all, and this beside. */
import { CORE } from "./opcodes.ts";
import type { Core, GroupName } from "./opcodes.ts";

const MORE = {
  v128: ["fd01 i:v [memory:8] load8x8_s load8x8_u"],
  i8x16: [
    "fd0c :v [lanes:i8x16] const", "fd0e vv:v swizzle", "fd65 vv:v narrow_i16x8_s narrow_i16x8_u", "fd71 vv:v sub",
    "fd79 vv:v max_u",
  ],
  i16x8: [
    "fd85 vv:v narrow_i32x4_s", "fd87 v:v extend_low_i8x16_s extend_high_i8x16_s extend_low_i8x16_u extend_high_i8x16_u",
    "fd8e vv:v add", "fd9c vv:v extmul_low_i8x16_s extmul_high_i8x16_s",
  ],
  i32x4: [
    "fda7 v:v extend_low_i16x8_s extend_high_i16x8_s extend_low_i16x8_u extend_high_i16x8_u", "fdba vv:v dot_i16x8_s",
    "fd113 vvv:v relaxed_dot_i8x16_i7x16_add_s",
  ],
  f32x4: ["fdfa v:v convert_i32x4_s"],
} as const;

type Further<G extends GroupName> = G extends keyof typeof MORE ? (typeof MORE)[G][number] : never;

/** The type of BYTES, with a name for messages. */
export interface Bytes extends Readonly<{ [G in GroupName]: readonly (Core[G][number] | Further<G>)[] }> {}

export const BYTES: Bytes = {
  ...CORE,
  v128: [...CORE.v128, ...MORE.v128],
  i8x16: [...CORE.i8x16, ...MORE.i8x16],
  i16x8: MORE.i16x8,
  i32x4: [...CORE.i32x4, ...MORE.i32x4],
  f32x4: [...CORE.f32x4, ...MORE.f32x4],
};

/** The instructions with which threads meet, besides CORE: bundles of one thread do without. */
import { CORE } from "./opcodes.ts";
import type { Core, GroupName } from "./opcodes.ts";

const MEETING = {
  i32: [
    "a7 l:i wrap_i64", "fe10 i:i [atomic:4] atomic.load", "fe17 ii: [atomic:4] atomic.store", "fe1e ii:i [atomic:4] atomic.rmw.add",
  ],
  i64: [
    "42 :l [i64] const", "52 ll:i ne", "7c ll:l add", "86 ll:l shl shr_s shr_u", "ad i:l extend_i32_u", "fe11 i:l [atomic:8] atomic.load",
    "fe18 il: [atomic:8] atomic.store", "fe49 ill:l [atomic:8] atomic.rmw.cmpxchg",
  ],
  memory: ["fe00 ii:i [atomic:4] atomic.notify", "fe01 iil:i [atomic:4] atomic.wait32"],
} as const;

type Meeting<G extends GroupName> = G extends keyof typeof MEETING ? (typeof MEETING)[G][number] : never;

/** The type of THREADS, with a name for messages. */
export interface Threads extends Readonly<{ [G in GroupName]: readonly (Core[G][number] | Meeting<G>)[] }> {}

export const THREADS: Threads = {
  ...CORE,
  i32: [...CORE.i32, ...MEETING.i32],
  i64: MEETING.i64,
  memory: [...CORE.memory, ...MEETING.memory],
};

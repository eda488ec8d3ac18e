/** The pace of loops for sessions: a file of its own, so that who does not name it (lean.ts) loads neither it nor its measurement. */
import { probePace } from "../../../../kernels/wasm/probe/pace.ts";
import { pace } from "../../../../kernels/wasm/shared/pace.ts";
import type { Arithmetic } from "../numerics.ts";

let helps: boolean | undefined;

/** Do loops run faster with it here? Measured once a process; no where the host has no clock. */
function paceHelps(): boolean {
  return (helps ??= typeof performance !== "undefined" && probePace(() => performance.now()));
}

/** The arithmetic with the pace, where that is asked for, or not said and faster. Fused kernels do without. */
export function withPace(arithmetic: Arithmetic, asked: boolean | undefined): Arithmetic {
  return !arithmetic.fma && (asked ?? paceHelps()) ? { ...arithmetic, pace } : arithmetic;
}

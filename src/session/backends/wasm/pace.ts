/** The pace of loops for sessions: a file of its own, so that who does not name it (lean.ts) loads neither it nor its measurement. */
import { paces } from "../../../../kernels/wasm/probe/pace.ts";
import { pace } from "../../../../kernels/wasm/shared/pace.ts";
import type { Arithmetic } from "../numerics.ts";
import { taken } from "./tuning.ts";

/** The arithmetic with the pace, where that is asked for, or not said and faster. Fused kernels do without. */
export function withPace(arithmetic: Arithmetic, asked: boolean | undefined): Arithmetic {
  if (arithmetic.fma || !(asked ?? taken(paces) === "paced")) return arithmetic;
  return { ...arithmetic, pace, tuned: `${arithmetic.tuned ?? ""}, paced` };
}

/** What this host's processor and engine are fastest with, where a measurement decides (kernels/wasm/probe/contest.ts). */
import { fastest } from "../../../../kernels/wasm/probe/contest.ts";
import type { Contest } from "../../../../kernels/wasm/probe/contest.ts";
import type { Tile } from "../../../../kernels/wasm/probe/tiles.ts";

/** What callers may decide themselves; no bit depends on it. */
export interface Tuning {
  readonly pace?: boolean | undefined;
  readonly tile?: Tile | undefined;
}

const decided = new Map<unknown, string>();

/** The winner of a contest: held once a process; the usual where the host has no clock. */
export function taken<Name extends string>(contest: Contest<Name>): Name {
  const known = decided.get(contest) as Name | undefined;
  if (known !== undefined) return known;
  const winner = fastest(contest, typeof performance === "undefined" ? undefined : () => performance.now());
  decided.set(contest, winner);
  return winner;
}

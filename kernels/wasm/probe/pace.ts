/**
 * Is a loop of products and sums faster with the pace (shared/pace.ts) on this processor? Where it helps whole networks (5 % of
 * SE-ResNet-50 on an AMD Zen 5), a short row shows little or nothing of it; where it does not (Intel Xeon) it costs 40 %. So it is taken
 * unless it costs.
 */
import { pace } from "../shared/pace.ts";
import { rowRuns } from "./contest.ts";
import type { Contest } from "./contest.ts";

/** Rows shorter than this are as fast either way (Node 20 on a Zen 5 server). */
const INPUTS = 1024;
const PIXELS = 4;

export const paces: Contest<"free" | "paced"> = {
  names: ["free", "paced"],
  // Half of the way from no difference to what is lost where it costs would be 1.2; noise of a quiet machine is 1.03.
  slack: 1.05,
  make: () => rowRuns([{ fma: false }, { fma: false, pace }], PIXELS, INPUTS),
};

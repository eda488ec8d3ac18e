/**
 * Tiles of 2 pixels by 16 channels or (convolution/tall.ts) of 6 by 8, both fused: where the engine finds registers for the latter they are
 * faster, V8 13 and newer (in 0.96 of the time on an AMD Zen 4, 0.93 on a Zen 5, 0.86 on an Intel Xeon), and not in V8 12 (they spill).
 */
import { tallRow } from "../convolution/tall.ts";
import { rowRuns } from "./contest.ts";
import type { Contest } from "./contest.ts";

export type Tile = "2x16" | "6x8";

/** No power of two: pixels a kilobyte apart share sets of the first cache, and tiles of six suffer more. */
const INPUTS = 160;
const PIXELS = 12;

export const tiles: Contest<Tile> = {
  names: ["2x16", "6x8"],
  slack: 0.99,
  make: () => rowRuns([{ fma: true }, { fma: true, tall: tallRow }], PIXELS, INPUTS),
};

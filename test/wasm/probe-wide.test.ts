/** Whether wide tiles are faster, by clocks that say so or not. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { probe } from "../../kernels/wasm/probe/probe.ts";
import { probeWide } from "../../kernels/wasm/probe/wide.ts";

/** A clock by which the usual tiles and the wide ones take these times, in turns. */
function clock(usual: number, wide: number): () => number {
  let calls = 0;
  let time = 0;
  return () => (time += [0, usual, 0, wide][calls++ % 4]);
}

test("wide tiles must be a good deal faster", () => {
  assert.is(probeWide(clock(2, 1)), probe().relaxedSimd);
  assert.is(probeWide(clock(1, 2)), false);
  assert.is(probeWide(clock(1.1, 1)), false);
});

test.run();

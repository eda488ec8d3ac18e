/** Whether tall tiles are faster is measured; what is not clear counts as no. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { probe } from "../../kernels/wasm/probe/probe.ts";
import { probeTall } from "../../kernels/wasm/probe/tall.ts";

test("a host without fused multiply-add, or with a clock that stands still, has none", () => {
  assert.is(probeTall(() => 0), false);
  const here = probeTall(() => performance.now());
  assert.type(here, "boolean");
  if (!probe().relaxedSimd) assert.is(here, false);
});

test.run();

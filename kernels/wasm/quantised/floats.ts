/** Kernels of bytes with float32 results, a panel of 16 channels at a time: where a panel's numbers lie, how its sums are stored. */
import { storeLanes } from "../shared/lanes.ts";
import { LANES } from "./bytes.ts";
import type { ByteFunction, Pointer, Vector } from "./bytes.ts";

/** result = base + panel * bytes. */
export function emitPanelAt(f: ByteFunction, result: Pointer, base: Pointer, panel: Pointer, bytes: number): void {
  const { local, i32 } = f;
  local.get(base);
  local.get(panel);
  i32.const(bytes);
  i32.mul();
  i32.add();
  local.set(result);
}

/** Stores the four sums of a panel of `channels` to `to`; of the last one as many numbers as there are channels. */
export function emitStorePanel(f: ByteFunction, to: Pointer, sums: readonly Vector[], panel: Pointer, channels: number): void {
  const { local, i32 } = f;
  const panels = Math.ceil(channels / LANES);
  const put = (count: number): void => sums.forEach((sum, part) => {
    const left = Math.min(4, count - 4 * part);
    if (left > 0) storeLanes(f as never, to, sum, 16 * part, left);
  });
  const rest = channels % LANES;
  if (rest === 0) put(LANES);
  else if (panels === 1) put(rest);
  else {
    local.get(panel);
    i32.const(panels - 1);
    i32.ne();
    f.if(() => put(LANES), () => put(rest));
  }
}

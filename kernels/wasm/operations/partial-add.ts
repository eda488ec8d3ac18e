/**
 * A sum over the first channels: y = a, plus b where b has channels. y may be a (same address, same layout): then only those are touched.
 * Parts are rows.
 */
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import { rowBytes } from "../shared/layout.ts";
import type { Layout } from "../shared/layout.ts";
import { overFloats, overRows, repeat, rowStream } from "../shared/loops.ts";
import { checkSameSize } from "./elementwise.ts";

/** The function's arguments: y, a, b, begin row, end row. @throws RangeError where b has more channels, or an image is of another size */
export function partialAddKernel(output: Layout, left: Layout, right: Layout): Kernel {
  const name = `f32_vpartial_add_${layoutName(output)}_${layoutName(left)}_${layoutName(right)}`;
  checkSameSize(name, output, { left });
  checkSameSize(name, output, { right: { ...right, channels: output.channels } });
  const [channels, added] = [output.channels, right.channels];
  if (added > channels) throw new RangeError(`${name}: right wants at most ${channels} channels, got ${added}`);
  const params = { y: "i32", a: "i32", b: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, { y, a, b, begin, end }) => {
    const value = f.local.v128("value");
    const apart = f.local.i32("apart");
    const streams = [y, a].map((pointer, i) => ({ pointer, pitch: rowBytes([output, left][i]), moved: 4 * output.width * channels }));
    f.local.get(y);
    f.local.get(a);
    f.i32.ne();
    f.local.set(apart);
    overRows(f, begin, end, [...streams, rowStream(b, right)], () => {
      repeat(f, output.width, () => {
        overFloats(f, added, [y, a, b], 4, (offset, count) => {
          loadLanes(f, a, offset, count);
          loadLanes(f, b, offset, count);
          f.f32x4.add();
          f.local.set(value);
          storeLanes(f, y, value, offset, count);
        });
        if (added === channels) return;
        f.local.get(apart);
        f.if(() => {
          overFloats(f, channels - added, [y, a], 4, (offset, count) => {
            loadLanes(f, a, offset, count);
            f.local.set(value);
            storeLanes(f, y, value, offset, count);
          });
        }, () => {
          for (const pointer of [y, a]) f.local.increase(pointer, 4 * (channels - added));
        });
      });
    });
  });
  return { name, parts: output.height, emit };
}

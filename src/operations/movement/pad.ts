/** Numbers before and after each axis. */
import { padSource } from "../../../kernels/reference/joining/pad.ts";
import type { PadShape } from "../../../kernels/shapes.ts";
import { isPadded } from "../../../kernels/wasm/operations/pad.ts";
import { stridesOf } from "../broadcast.ts";
import type { Declaration, NodeOf } from "../record.ts";
import { axis, takes } from "./takes.ts";
import type { Takes } from "./takes.ts";

export const pad: Declaration<"pad"> = { shape: ({ before, after }, [x]) => x.map((n, i) => n + before[i] + after[i]) };

export const padComputation: Takes<"pad"> = {
  ...takes<"pad">(({ before, mode }, from, to) => {
    const strides = stridesOf(from);
    return to.map((n, i) => axis(n, strides[i], (at) => padSource(mode, from[i], at - before[i])));
  }, ({ value }) => value),

  label: ({ mode }) => `pad ${mode}`,

  check({ x, add }) {
    const [batch, channels, height, width] = x.shape;
    for (const mode of ["constant", "edge", "reflect", "wrap"] as const) {
      add({ kind: "pad", before: [0, 0, 2, 1], after: [0, 0, 1, 3], mode, value: 0.5 }, [batch, channels, height + 3, width + 4], x);
    }
  },
};

/** What `use` makes of the padding of images, where it is one that kernels have; else undefined. */
export function padded<T>({ operation, inputs: [{ shape }] }: NodeOf<"pad">, use: (shape: PadShape) => T): T | undefined {
  const { before, after, mode, value } = operation;
  if (shape.length !== 4 || before[0] + before[1] + after[0] + after[1] !== 0 || [...before, ...after].some((n) => n < 0)) return undefined;
  const [batch, channels, inHeight, inWidth] = shape;
  const [, , top, left] = before;
  const [outHeight, outWidth] = [top + inHeight + after[2], left + inWidth + after[3]];
  const all: PadShape = { planes: batch * channels, inHeight, inWidth, outHeight, outWidth, top, left, mode, value };
  return isPadded(all) ? use(all) : undefined;
}

/** Which resampling of images there are kernels for. */
import type { Operation, Taps } from "../../../../graph/graph.ts";
import type { Shape } from "../../../../tensor.ts";

function outputsOf({ starts }: Taps): number {
  return starts.length - 1;
}

/** Is output i the sum of these shares of neighbours, the first of which lies at `place(i)`? */
function areTaps({ starts, places, weights }: Taps, size: number, place: (i: number) => number): boolean {
  return Array.from(starts.subarray(1)).every((end, i) => {
    const x = place(i);
    const first = Math.floor(x);
    let [left, all] = [0, 0];
    for (let k = starts[i]; k < end; k++) {
      all += weights[k];
      if (places[k] === Math.max(0, first)) left += weights[k];
      else if (places[k] !== Math.min(size - 1, first + 1)) return false;
    }
    const share = first < 0 || first >= size - 1 ? 1 : 1 - (x - first);
    return Math.abs(left - share) < 1e-6 && Math.abs(all - 1) < 1e-6;
  });
}

/** The operation on images that resamples rows and columns like this, if there is one with kernels. */
export function imageOperation(shape: Shape, [n, c, rows, columns, ...more]: readonly (Taps | undefined)[]): Operation | undefined {
  if (shape.length !== 4 || n !== undefined || c !== undefined || rows === undefined || columns === undefined || more.length > 0) {
    return undefined;
  }
  const both = (place: (i: number, size: number, out: number) => number): boolean =>
    [rows, columns].every((taps, i) => areTaps(taps, shape[2 + i], (at) => place(at, shape[2 + i], outputsOf(taps))));
  const size = [outputsOf(rows), outputsOf(columns)] as const;
  if (both((at, from, to) => Math.floor((at * from) / to))) return { kind: "resize", method: "nearest", size, alignCorners: false };
  if (both((at, from, to) => ((at + 0.5) * from) / to - 0.5)) return { kind: "resize", method: "bilinear", size, alignCorners: false };
  return both((at, from, to) => (at * (from - 1)) / Math.max(1, to - 1))
    ? { kind: "resize", method: "bilinear", size, alignCorners: true }
    : undefined;
}

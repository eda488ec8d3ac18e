/**
 * A sum over the first channels; the others pass. (ReXNet's blocks, whose input has fewer channels than their output: Han et al., arXiv
 * 2007.00992.)
 *
 *   a, y [batch, channels, pixels],  b [batch, added, pixels]
 *
 *   y[n,c,p] = a[n,c,p] + b[n,c,p] where c < added, a[n,c,p] elsewhere
 */
import type { Floats, PartialShape } from "../../shapes.ts";

export function partialAddForward(y: Floats, a: Floats, b: Floats, { batch, channels, added, pixels }: PartialShape): void {
  for (let n = 0; n < batch; n++) {
    const from = n * channels * pixels;
    const b0 = n * added * pixels;
    for (let i = 0; i < added * pixels; i++) y[from + i] = a[from + i] + b[b0 + i];
    for (let i = added * pixels; i < channels * pixels; i++) y[from + i] = a[from + i];
  }
}

/** Forward was y = a + b on the first channels, hence da += dy, and db += dy of these. */
export function partialAddBackward(da: Floats, db: Floats, dy: Floats, { batch, channels, added, pixels }: PartialShape): void {
  for (let n = 0; n < batch; n++) {
    const from = n * channels * pixels;
    const b0 = n * added * pixels;
    for (let i = 0; i < channels * pixels; i++) da[from + i] += dy[from + i];
    for (let i = 0; i < added * pixels; i++) db[b0 + i] += dy[from + i];
  }
}

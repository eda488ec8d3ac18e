/**
 * Rows and columns around images: of one number, of the nearest pixel, reflected at the edge pixel, or of the other side.
 *
 *   x [planes, inHeight, inWidth],  y [planes, outHeight, outWidth]
 *
 *   y[p,i,j] = x[p, source(i - top), source(j - left)], or `value` where there is no such pixel
 */
import type { Floats, PadMode, PadShape } from "../../shapes.ts";

/** Which of the `size` pixels of a line stands at index i, inside of it or beyond; -1 for none, which constant padding alone has. */
export function padSource(mode: PadMode, size: number, i: number): number {
  if (i >= 0 && i < size) return i;
  switch (mode) {
    case "constant": return -1;
    case "edge": return i < 0 ? 0 : size - 1;
    case "wrap": return ((i % size) + size) % size;
    case "reflect": {
      // Back and forth, the ends once: a period of twice the rest.
      const period = Math.max(1, 2 * (size - 1));
      const at = ((i % period) + period) % period;
      return at < size ? at : period - at;
    }
  }
}

export function padForward(y: Floats, x: Floats, shape: PadShape): void {
  const { planes, inHeight, inWidth, outHeight, outWidth, top, left, mode, value } = shape;
  for (let p = 0, to = 0; p < planes; p++) {
    for (let i = 0; i < outHeight; i++) {
      const row = padSource(mode, inHeight, i - top);
      for (let j = 0; j < outWidth; j++, to++) {
        const column = padSource(mode, inWidth, j - left);
        y[to] = row < 0 || column < 0 ? value : x[(p * inHeight + row) * inWidth + column];
      }
    }
  }
}

/** Forward each pixel of y was one of x, or none; hence that one collects its gradient. */
export function padBackward(dx: Floats, dy: Floats, shape: PadShape): void {
  const { planes, inHeight, inWidth, outHeight, outWidth, top, left, mode } = shape;
  for (let p = 0, from = 0; p < planes; p++) {
    for (let i = 0; i < outHeight; i++) {
      const row = padSource(mode, inHeight, i - top);
      for (let j = 0; j < outWidth; j++, from++) {
        const column = padSource(mode, inWidth, j - left);
        if (row >= 0 && column >= 0) dx[(p * inHeight + row) * inWidth + column] += dy[from];
      }
    }
  }
}

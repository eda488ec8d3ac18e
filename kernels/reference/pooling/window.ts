/**
 * One direction of a pooling window, whose first pixel lies at `begin` of the image (below 0 in the padding), each further one `dilation`
 * after it.
 */

/** The first pixel of the window that lies inside the image. */
export function firstInside(begin: number, dilation: number): number {
  return Math.max(0, Math.ceil(-begin / dilation));
}

/** How many pixels lie before `end`, from the window's first on. */
export function countBefore(end: number, begin: number, kernel: number, dilation: number): number {
  return Math.min(kernel, Math.ceil((end - begin) / dilation));
}

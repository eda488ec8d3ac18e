/**
 * How much working memory the plain kernels ask for, in doubles. One function a kernel that wants some; the caller
 * allocates (and may share one array between all calls, for nothing is kept in it).
 */
import type { Conv2dShape, LinearShape } from "./shapes.ts";

/** Always double precision, so that the inner loops of the plain kernels see one type whatever the tensors' precision. */
export type Scratch = Float64Array;

export function conv2dScratch(_shape: Conv2dShape): number {
  return 0;
}

export function convTranspose2dScratch(_shape: Conv2dShape): number {
  return 0;
}

export function linearScratch(_shape: LinearShape): number {
  return 0;
}

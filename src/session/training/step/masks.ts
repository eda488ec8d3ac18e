/**
 * Masks of dropout. They are drawn on this thread before a step, by the modules' own generators and in the order in which an eager forward
 * pass draws them: so both ways to train a model drop the same values, whatever the threads, and the state of a generator between two steps
 * is all that a checkpoint needs.
 */
import type { Floats, Shape } from "../../../tensor.ts";
import { sizeOf } from "../../../tensor.ts";

export interface Mask {
  /** Fills a mask in the order of its shape. */
  readonly draw: (mask: Floats) => void;
  /** [batch,channels] or [batch,channels,height,width]. */
  readonly shape: Shape;
  /** Where it lies, in bytes; as a session's values lie, the channels of a pixel are neighbours. */
  readonly address: number;
}

/** @param view floats of the memory @returns what draws all masks, to be called before each step */
export function maskDrawer(masks: readonly Mask[], view: (address: number, size: number) => Float32Array): () => void {
  const pixelsOf = ({ shape }: Mask): number => sizeOf(shape.slice(2));
  const planar = new Float32Array(Math.max(0, ...masks.map((mask) => (pixelsOf(mask) === 1 ? 0 : sizeOf(mask.shape)))));
  return () => {
    for (const mask of masks) {
      const { draw, shape: [batch, channels], address } = mask;
      const pixels = pixelsOf(mask);
      const into = view(address, batch * channels * pixels);
      if (pixels === 1) draw(into);
      else {
        draw(planar.subarray(0, into.length));
        for (let n = 0, from = 0; n < batch; n++) {
          for (let c = 0; c < channels; c++) for (let p = 0; p < pixels; p++) into[(n * pixels + p) * channels + c] = planar[from++];
        }
      }
    }
  };
}

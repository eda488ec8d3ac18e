/** Mixup: images and labels of a batch, each mixed with those of another image of it. */
import { drawBeta } from "../../../kernels/beta.ts";
import type { Random } from "../../../kernels/random.ts";
import type { Batch } from "./batch.ts";

/**
 * Zhang et al., arXiv 1710.09412, section 2, with one share for a whole batch (as in figure 1a), whose images have their partners among
 * themselves (as the authors found it to work as well as two batches):
 *
 *   share ~ Beta(alpha, alpha),  x[i] = share * x[i] + (1 - share) * x[partner[i]],  and so the labels
 *
 * Draws the share, then the partners. Writes over the images.
 * @param classes of the labels, one an image
 */
export function mixup({ x, labels }: Batch, classes: number, alpha: number, random: Random): Batch {
  const share = drawBeta(random, alpha, alpha);
  const count = labels.length;
  const partners = random.shuffle(Int32Array.from({ length: count }, (_, i) => i));
  mixImages(x.data, partners, share);
  const shares = new Float32Array(count * classes);
  for (let i = 0; i < count; i++) {
    shares[i * classes + labels[i]] += share;
    shares[i * classes + labels[partners[i]]] += 1 - share;
  }
  return { x, labels: share < 0.5 ? labels.map((_, i) => labels[partners[i]]) : labels, shares };
}

/**
 * A permutation is made of cycles: along one, each image is written after the last that is mixed with it, but for the first, which is kept.
 */
function mixImages(images: Float32Array, partners: Int32Array, share: number): void {
  const size = images.length / partners.length;
  const rest = 1 - share;
  const first = new Float32Array(size);
  const done = new Uint8Array(partners.length);
  for (let start = 0; start < partners.length; start++) {
    if (done[start] === 1) continue;
    first.set(images.subarray(start * size, (start + 1) * size));
    for (let i = start; done[i] === 0; i = partners[i]) {
      done[i] = 1;
      const partner = partners[i];
      const other = partner === start ? first : images.subarray(partner * size, (partner + 1) * size);
      for (let p = 0, at = i * size; p < size; p++, at++) images[at] = share * images[at] + rest * other[p];
    }
  }
}

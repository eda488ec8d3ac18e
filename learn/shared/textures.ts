/** Pictures that are made by a rule, for networks that learn in seconds. Nothing of a host: the page makes them in a worker too. */
import { Random } from "../../kernels/random.ts";

export const textures = ["stripes across", "stripes down", "checks", "blobs"] as const;

/**
 * Images [count, 1, 16, 16] of four textures with noise and any brightness, and their labels: a task that a network of a few thousand
 * weights learns in seconds, and that the mean brightness alone does not solve.
 */
export function drawTextures(count: number, seed: number): { images: Float32Array; labels: Int32Array } {
  const random = new Random(seed);
  const images = new Float32Array(count * 256);
  const labels = new Int32Array(count);
  for (let n = 0; n < count; n++) {
    const label = (labels[n] = n % textures.length);
    const period = 3 + Math.floor(3 * random.uniform());
    const phase = Math.floor(period * random.uniform());
    const light = 0.1 + 0.4 * random.uniform();
    for (let h = 0; h < 16; h++) {
      for (let w = 0; w < 16; w++) {
        const across = (h + phase) % (2 * period) < period;
        const down = (w + phase) % (2 * period) < period;
        const round = ((h - 4 - phase) ** 2 + (w - 5) ** 2 < 9) || ((h - 11) ** 2 + (w - 10 - phase / 2) ** 2 < 9);
        const on = [across, down, across !== down, round][label];
        images[n * 256 + h * 16 + w] = light * (on ? 1 : -1) + 0.8 * (2 * random.uniform() - 1);
      }
    }
  }
  return { images, labels };
}

/** Test pictures for the network that was trained here. */
import { drawTextures, textures } from "../../shared/textures.ts";
import type { Sample } from "./pictures.ts";

/** Two of each texture, 16 by 16; grey as the network takes it: the mean at 0.5, a deviation of 1 at 0.4. */
export function textureSamples(): Sample[] {
  const count = 2 * textures.length;
  const { images, labels } = drawTextures(count, 4242);
  return Array.from(labels, (label, n) => {
    const data = new Uint8ClampedArray(4 * 256);
    images.subarray(256 * n, 256 * (n + 1)).forEach((value, i) => {
      const grey = 255 * (0.5 + 0.4 * value);
      data.set([grey, grey, grey, 255], 4 * i);
    });
    return { name: textures[label], picture: { width: 16, height: 16, data } };
  });
}

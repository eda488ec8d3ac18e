/** Pictures inside a page: PNG as data URIs. */
import { fromSamples } from "../../io/images/image.ts";
import { encodePng } from "../../io/images/png.ts";
import { resize } from "../../io/images/resize.ts";
import type { RgbaImage } from "../../io/images/image.ts";

export function base64(bytes: Uint8Array): string {
  let text = "";
  // Not all at once: a call has only so many arguments.
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text);
}

/** Numbers with all their bits, for a page's data attributes. */
export function base64OfFloats(values: Float32Array): string {
  return base64(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

async function uri(image: RgbaImage): Promise<string> {
  return `data:image/png;base64,${base64(await encodePng(image))}`;
}

/** One channel [height, width] in grey, from `low` (black) to `high` (white); larger than `side` it is made smaller. */
export async function channelPicture(
  values: Float32Array, height: number, width: number, low: number, high: number, side: number,
): Promise<string> {
  const range = high - low || 1;
  const grey = Uint8Array.from(values, (value) => Math.max(0, Math.min(255, Math.round((255 * (value - low)) / range))));
  const most = Math.max(height, width);
  if (most <= side) return uri(fromSamples(grey, width, height, 1));
  const [h, w] = [height, width].map((n) => Math.max(1, Math.round((n * side) / most)));
  return uri(fromSamples(resize(grey, 1, height, width, h, w, "bilinear"), w, h, 1));
}

/** A picture, made smaller where it is longer than `side`. */
export async function thumbnail({ data, width, height }: RgbaImage, side: number): Promise<string> {
  const most = Math.max(height, width);
  const pixels = Uint8Array.from(data);
  if (most <= side) return uri({ data: pixels, width, height });
  const [h, w] = [height, width].map((n) => Math.max(1, Math.round((n * side) / most)));
  return uri({ data: resize(pixels, 4, height, width, h, w, "bilinear"), width: w, height: h });
}

/** PNG files out: 8 bits, not interlaced, the smallest colour type that loses nothing, rows filtered to compress well. */
import { crc32 } from "../bytes/checksum.ts";
import { checkImage, type RgbaImage } from "./image.ts";
import { deflate, join } from "../bytes/inflate.ts";
import { paeth } from "./png-samples.ts";

/**
 * `image` as a PNG file: grey where red, green and blue are equal everywhere and nothing is transparent, RGB where nothing is
 * transparent, RGBA otherwise. The pixels come back exactly; the compressed bytes depend on the host's deflate, and are not
 * compressed where it has none.
 * @example
 * const picture = { data: Uint8Array.of(255, 0, 0, 255), width: 1, height: 1 };
 * (await encodePng(picture)).subarray(1, 4)   // => [80,78,71]
 */
export async function encodePng(image: RgbaImage): Promise<Uint8Array> {
  checkImage(image, "encodePng: image");
  const { data, width, height } = image;
  let grey = true;
  let opaque = true;
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) grey = false;
    if (data[i + 3] !== 255) opaque = false;
  }
  const channels = opaque ? (grey ? 1 : 3) : 4;
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8;
  header[9] = channels === 1 ? 0 : channels === 3 ? 2 : 6;
  const pixels = await deflate(filterRows(data, width, height, channels), "deflate", "encodePng");
  return join([
    Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10),
    chunk("IHDR", header),
    chunk("IDAT", pixels),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

function chunk(name: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = name.charCodeAt(i);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, crc32(bytes, 4, data.length + 8));
  return bytes;
}

/** Each row with the filter that leaves the smallest sum of absolute differences (the standard's advice, 12.8). */
function filterRows(data: Uint8Array | Uint8ClampedArray, width: number, height: number, channels: number): Uint8Array {
  const rowBytes = width * channels;
  const out = new Uint8Array(height * (rowBytes + 1));
  let above = new Uint8Array(rowBytes);
  let row = new Uint8Array(rowBytes);
  const trial = new Uint8Array(rowBytes);
  for (let y = 0; y < height; y++) {
    for (let x = 0, i = y * width * 4; x < width; x++, i += 4) {
      for (let c = 0; c < channels; c++) row[x * channels + c] = data[i + c];
    }
    let least = Infinity;
    for (let filter = 0; filter < 5; filter++) {
      let sum = 0;
      for (let i = 0; i < rowBytes; i++) {
        const a = i < channels ? 0 : row[i - channels];
        const b = above[i];
        const c = i < channels ? 0 : above[i - channels];
        const guess = filter === 0 ? 0 : filter === 1 ? a : filter === 2 ? b : filter === 3 ? (a + b) >> 1 : paeth(a, b, c);
        const difference = (row[i] - guess) & 255;
        trial[i] = difference;
        sum += difference < 128 ? difference : 256 - difference;
      }
      if (sum < least) {
        least = sum;
        out[y * (rowBytes + 1)] = filter;
        out.set(trial, y * (rowBytes + 1) + 1);
      }
    }
    [above, row] = [row, above];
  }
  return out;
}

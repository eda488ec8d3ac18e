/**
 * Which way up a picture is. Cameras store pixels as the sensor has them and say in Exif (CIPA DC-008, tag 274) how to turn them.
 * Neither PIL's `Image.open` nor torchvision's ImageFolder turns them, so networks that were trained with these saw them unturned;
 * PIL's `ImageOps.exif_transpose` does.
 */
import type { RgbaImage } from "./image.ts";

/** The orientation that a JPEG's Exif or XMP, or a PNG's eXIf chunk, names: 1 (upright) to 8, and 1 where nothing is said. */
export function orientationOf(bytes: Uint8Array): number {
  const exif: number[] = [];
  let xmp = "";
  const jpeg = bytes[0] === 0xff;
  for (let at = jpeg ? 2 : 8; at + 12 <= bytes.length; ) {
    const name = latin1(bytes.subarray(at + 4, at + 8));
    if (!jpeg) {
      const size = bytes[at] * 16777216 + ((bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]);
      if (name === "eXIf") exif.push(...bytes.subarray(at + 8, at + 8 + Math.min(size, 65536)));
      at += size + 12;
      continue;
    }
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff || marker === 0xff) {
      at++;
      continue;
    }
    if (marker === 0xda) break;
    const size = bytes[at + 2] * 256 + bytes[at + 3];
    if (marker === 0xe1) {
      const segment = bytes.subarray(at + 4, at + 2 + size);
      if (name === "Exif") exif.push(...segment.subarray(6));
      else if (name === "http") xmp += latin1(segment);
    }
    at += marker === 1 || (marker >= 0xd0 && marker <= 0xd8) ? 2 : 2 + size;
  }
  const said = fromTiff(exif) ?? Number(/tiff:Orientation(?:="|>)([0-9])/.exec(xmp)?.[1] ?? 1);
  return said >= 1 && said <= 8 ? said : 1;
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return text;
}

/** Tag 274 of the first directory of a TIFF file, a whole number; undefined where there is none. */
function fromTiff(tiff: readonly number[]): number | undefined {
  const order = String.fromCharCode(...tiff.slice(0, 4));
  if (order !== "II*\0" && order !== "MM\0*") return undefined;
  const number = (at: number, size: number): number => {
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + (tiff[order === "MM\0*" ? at + i : at + size - 1 - i] ?? 0);
    return value;
  };
  const directory = number(4, 4);
  for (let i = 0, entries = Math.min(number(directory, 2), 4096); i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (number(entry, 2) !== 274) continue;
    const type = number(entry + 2, 2);
    return number(entry + 4, 4) === 1 && (type === 3 || type === 4) ? number(entry + 8, type === 3 ? 2 : 4) : undefined;
  }
  return undefined;
}

/** `image`, whose `orientation` is 1 to 8 as Exif counts them, turned and mirrored so that it is upright; itself for 1. */
export function upright(image: RgbaImage, orientation: number): RgbaImage {
  if (orientation === 1) return image;
  const { data, width, height } = image;
  const sideways = orientation >= 5;
  const right = [2, 3, 7, 8].includes(orientation);
  const bottom = [3, 4, 6, 7].includes(orientation);
  // Where the result's first pixel comes from, and what lies beside and below it.
  const first = (bottom ? (height - 1) * width : 0) + (right ? width - 1 : 0);
  const [alongRow, alongColumn] = [right ? -1 : 1, bottom ? -width : width];
  const [stepX, stepY] = sideways ? [alongColumn, alongRow] : [alongRow, alongColumn];
  const [outWidth, outHeight] = sideways ? [height, width] : [width, height];
  const out = new Uint8Array(data.length);
  for (let y = 0, o = 0; y < outHeight; y++) {
    for (let x = 0, i = (first + y * stepY) * 4; x < outWidth; x++, i += stepX * 4, o += 4) {
      out[o] = data[i];
      out[o + 1] = data[i + 1];
      out[o + 2] = data[i + 2];
      out[o + 3] = data[i + 3];
    }
  }
  return { data: out, width: outWidth, height: outHeight };
}

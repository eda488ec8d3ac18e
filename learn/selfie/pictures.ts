/** Pictures of a person, drawn by a rule from whole numbers alone: a head, hair and a body before a slanted gradient, with noise. */
import type { RgbaImage } from "../../src/io/images/image.ts";

/** mulberry32: 32 bits a call. */
export function mulberry32(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

type Colour = readonly [number, number, number];

/** 256 by 256. Equal seeds give equal bytes. */
export function person(seed: number): RgbaImage {
  const n = 256;
  const random = mulberry32(seed);
  const c = Array.from({ length: 9 }, () => random() % 60);
  const part = (value: number, by: number): number => Math.floor(value / by);
  const [cx, hy] = [n / 2 + (random() % (n / 8)) - n / 16, (n * 3) / 8];
  const colourOf = (x: number, y: number): Colour => {
    const inside = (px: number, py: number, rx: number, ry: number): boolean =>
      ((x - px) * ry) ** 2 + ((y - py) * rx) ** 2 <= (rx * ry) ** 2;
    const eye = (px: number): boolean => inside(px, hy - part(n, 40), part(n, 64), part(n, 90));
    if (inside(cx, hy + part(n, 14), part(n, 26), part(n, 90))) return [170, 80, 80];
    if (eye(cx - part(n, 24)) || eye(cx + part(n, 24))) return [40, 30, 30];
    if (inside(cx, hy, part(n, 9), part(n * 3, 20))) return [205 + part(c[6], 3), 155 + part(c[7], 3), 125 + part(c[8], 3)];
    if (inside(cx, hy - part(n, 20), part(n, 7), part(n, 6))) return [60 + part(c[0], 2), 40 + part(c[1], 2), 30];
    if (inside(cx, part(n * 5, 8), part(n, 14), part(n, 8))) return [190 + part(c[6], 3), 140 + part(c[7], 3), 110 + part(c[8], 3)];
    if (inside(cx, (n * 15) / 16, (n * 5) / 16, (n * 3) / 8)) return [40 + c[3], 50 + c[4], 90 + c[5] + (y % 16) * 2];
    return [90 + c[0] + part(y * 80, n), 120 + c[1] + part(x * 50, n), 150 + c[2] - part(y * 60, n)];
  };
  const data = new Uint8ClampedArray(4 * n * n).fill(255);
  for (let y = 0; y < n; y++) {
    for (let x = 0; x < n; x++) data.set(colourOf(x, y), 4 * (y * n + x));
  }
  for (let i = 0; i < data.length; i++) if (i % 4 !== 3) data[i] += (random() % 13) - 6;
  return { width: n, height: n, data };
}

/** Each pixel of the result from a pixel of the picture. */
function moved({ width, height, data }: RgbaImage, size: readonly [number, number], from: (x: number, y: number) => number): RgbaImage {
  const out = new Uint8ClampedArray(4 * size[0] * size[1]);
  for (let y = 0; y < size[1]; y++) {
    for (let x = 0; x < size[0]; x++) {
      const at = 4 * Math.min(from(x, y), width * height - 1);
      out.set(data.subarray(at, at + 4), 4 * (y * size[0] + x));
    }
  }
  return { width: size[0], height: size[1], data: out };
}

/** What may be done to a picture so that it is another one: nothing; mirrored; half as bright; the middle, three quarters of each side. */
export const changes: readonly ((picture: RgbaImage) => RgbaImage)[] = [
  (picture) => picture,
  (picture) => moved(picture, [picture.width, picture.height], (x, y) => y * picture.width + picture.width - 1 - x),
  ({ width, height, data }) => ({ width, height, data: data.map((value, i) => (i % 4 === 3 ? value : value >> 1)) }),
  (picture) => {
    const [left, top] = [picture.width >> 3, picture.height >> 3];
    return moved(picture, [picture.width - 2 * left, picture.height - 2 * top], (x, y) => (y + top) * picture.width + x + left);
  },
];

/** What the frame header of a JPEG file says (ITU-T T.81, B.2.2), and the geometry that follows (A.1.1, A.2). */
import { check } from "./check.ts";
import type { Component } from "./component.ts";
import type { Header } from "./header.ts";

export interface Frame extends Header {
  readonly components: readonly Component[];
  /** The largest sampling factors. */
  readonly hMax: number;
  readonly vMax: number;
  /** Interleaved units across and down. */
  readonly unitsWide: number;
  readonly unitsHigh: number;
}

/** libjpeg's largest side. */
const largestSide = 65500;

/** @throws FormatError for sizes and factors that libjpeg refuses */
export function makeFrame(header: Header): Frame {
  const { width, height, count, parts } = header;
  const factors = (shift: number): number[] => Array.from({ length: count }, (_, i) => (parts[i * 3 + 1] >> shift) & 15);
  const [hMax, vMax] = [4, 0].map((shift) => Math.max(...factors(shift)));
  const unitsWide = Math.ceil(width / (8 * hMax));
  const unitsHigh = Math.ceil(height / (8 * vMax));
  check(Math.max(width, height) <= largestSide, `images of ${width} x ${height} pixels are not read`);
  const components = factors(0).map((v, i) => {
    const h = parts[i * 3 + 1] >> 4;
    check(hMax < 5 && vMax < 5 && hMax % h === 0 && vMax % v === 0, `sampling ${h}x${v} of ${hMax}x${vMax} is not read`);
    const across = (width * h) / hMax;
    const down = (height * v) / vMax;
    return {
      id: parts[i * 3], h, v, slot: parts[i * 3 + 2], width: Math.ceil(across), height: Math.ceil(down),
      blocksWide: Math.ceil(across / 8), blocksHigh: Math.ceil(down / 8), stride: unitsWide * h,
      missing: new Int8Array(64).fill(-1), missingBefore: new Int8Array(64),
      // Room for coefficients comes with the first scan.
    } as Component;
  });
  return { ...header, components, hMax, vMax, unitsWide, unitsHigh };
}

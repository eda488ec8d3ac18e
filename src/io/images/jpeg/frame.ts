/** What frame and scan headers of a JPEG file say (ITU-T T.81, B.2.2 and B.2.3), and the geometry that follows (A.1.1, A.2). */
import { check } from "./check.ts";
import type { Header } from "./header.ts";
import type { Codes } from "./huffman.ts";

/** One colour component: its place in the file and the sizes of its plane. */
export interface Component {
  readonly id: number;
  /** Sampling factors: blocks of one interleaved unit, across and down. */
  readonly h: number;
  readonly v: number;
  /** Which of the four quantisation tables. */
  readonly slot: number;
  /** Samples that the image uses, across and down. */
  readonly width: number;
  readonly height: number;
  /** Blocks of 8x8 that hold them: what a scan of this component alone goes through. */
  readonly blocksWide: number;
  readonly blocksHigh: number;
  /** Blocks in a row with the padding of interleaved units. */
  readonly stride: number;
  /** Quantisation in the blocks' order, as it was when the component's first scan began; undefined before that. */
  steps?: Uint16Array | undefined;
  /** The current scan's codes, where it has such coefficients. */
  dc?: Codes;
  ac?: Codes;
  /** The last DC value, from which the next one differs. */
  predictor: number;
  /**
   * 64 a block, row by row; of the whole component, or of a row of units, in which the next ones take the place of the last. Of sequential
   * files they are multiplied by `steps`.
   */
  coefficients: Int16Array;
  /** In progressive files, by zigzag place: how many bits are not sent yet, -1 where none was; now, and before the last scan. */
  readonly missing: Int8Array;
  readonly missingBefore: Int8Array;
}

export interface Frame extends Header {
  readonly components: readonly Component[];
  /** The largest sampling factors. */
  readonly hMax: number;
  readonly vMax: number;
  /** Interleaved units across and down. */
  readonly unitsWide: number;
  readonly unitsHigh: number;
}

/** One scan: some components, or a part of their coefficients. */
export interface Scan {
  readonly components: readonly Component[];
  /** Units between two restart markers; 0: there are none. */
  readonly interval: number;
  /** First and last coefficient, in zigzag order. */
  readonly first: number;
  readonly last: number;
  /** Bits below the ones sent before this scan, and below the ones sent by it. */
  readonly high: number;
  readonly low: number;
  /** In progressive files, blocks to come in which the band is empty. */
  run: number;
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
  const components = factors(0).map((v, i): Component => {
    const h = parts[i * 3 + 1] >> 4;
    check(hMax < 5 && vMax < 5 && hMax % h === 0 && vMax % v === 0, `sampling ${h}x${v} of ${hMax}x${vMax} is not read`);
    const across = (width * h) / hMax;
    const down = (height * v) / vMax;
    return {
      id: parts[i * 3], h, v, slot: parts[i * 3 + 2], width: Math.ceil(across), height: Math.ceil(down),
      blocksWide: Math.ceil(across / 8), blocksHigh: Math.ceil(down / 8), stride: unitsWide * h, predictor: 0,
      coefficients: new Int16Array(0), missing: new Int8Array(64).fill(-1), missingBefore: new Int8Array(64),
    };
  });
  return { ...header, components, hMax, vMax, unitsWide, unitsHigh };
}

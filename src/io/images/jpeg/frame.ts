/** What frame and scan headers of a JPEG file say (ITU-T T.81, B.2.2 and B.2.3), and the geometry that follows (A.1.1, A.2). */
import { FormatError } from "../../../errors.ts";
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
  steps: Uint16Array | undefined;
  /** Which Huffman tables the current scan uses: DC in the upper four bits, AC in the lower. */
  tables: number;
  /** The current scan's codes. */
  dc: Codes | undefined;
  ac: Codes | undefined;
  /** The last DC value, from which the next one differs. */
  predictor: number;
  /** Coefficients of `kept` rows of blocks, of which row y is found at y modulo `kept`: 64 a block, row by row. */
  coefficients: Int16Array;
  kept: number;
  /** In progressive files, by zigzag place: how many bits are not sent yet, -1 where none was; now, and before the last scan. */
  readonly missing: Int8Array;
  readonly missingBefore: Int8Array;
}

export interface Frame {
  readonly progressive: boolean;
  readonly width: number;
  readonly height: number;
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
  /** First and last coefficient, in zigzag order. */
  readonly first: number;
  readonly last: number;
  /** Bits below the ones sent before this scan, and below the ones sent by it. */
  readonly high: number;
  readonly low: number;
  /** In progressive files, blocks to come in which the band is empty. */
  run: number;
}

/** @throws FormatError unless `right`. */
export function check(right: boolean, message: string): asserts right {
  if (!right) throw new FormatError(`JPEG: ${message}`);
}

/**
 * The frame of `parts`, three bytes a component: its id, sampling factors, quantisation table.
 * @throws FormatError for factors that libjpeg refuses
 */
export function makeFrame(progressive: boolean, width: number, height: number, parts: readonly (readonly number[])[]): Frame {
  const hMax = Math.max(...parts.map(([, factors]) => factors >> 4));
  const vMax = Math.max(...parts.map(([, factors]) => factors & 15));
  const unitsWide = Math.ceil(width / (8 * hMax));
  const unitsHigh = Math.ceil(height / (8 * vMax));
  const components = parts.map(([id, factors, slot]): Component => {
    const h = factors >> 4;
    const v = factors & 15;
    check(hMax < 5 && vMax < 5 && hMax % h === 0 && vMax % v === 0, `sampling ${h}x${v} of ${hMax}x${vMax} is not read`);
    const across = (width * h) / hMax;
    const down = (height * v) / vMax;
    return {
      id, h, v, slot,
      width: Math.ceil(across), height: Math.ceil(down), blocksWide: Math.ceil(across / 8), blocksHigh: Math.ceil(down / 8),
      stride: unitsWide * h,
      steps: undefined, tables: 0, dc: undefined, ac: undefined, predictor: 0, coefficients: new Int16Array(0), kept: 0,
      missing: new Int8Array(64).fill(-1), missingBefore: new Int8Array(64),
    };
  });
  return { progressive, width, height, components, hMax, vMax, unitsWide, unitsHigh };
}

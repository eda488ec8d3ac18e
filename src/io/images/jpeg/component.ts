/** A colour component, and a scan of some of them (ITU-T T.81, B.2.2 and B.2.3). */
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
  /** Where in them the row of units at hand begins. */
  start: number;
  /** In progressive files, of each block the last coefficient in zigzag order that may not be 0. */
  tops: Uint8Array;
  /** In progressive files, by zigzag place: how many bits are not sent yet, -1 where none was; now, and before the last scan. */
  readonly missing: Int8Array;
  readonly missingBefore: Int8Array;
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

/** Goes through the units of a scan, row by row, and over restart markers (ITU-T T.81, A.2 and E.2.4). */
import type { Bits } from "./bits.ts";
import type { JpegFile } from "./file.ts";
import type { Component, Frame, Scan } from "./frame.ts";

/** Reads `component`'s next block into its coefficients at `at`. */
export type BlockReader = (component: Component, at: number) => void;

export class ScanReader {
  readonly bits: Bits;
  /** Blocks to come in which a progressive scan's band is empty. */
  run = 0;
  /** The last row that was begun before the data ran out. */
  lastWhole = 0;
  readonly #file: JpegFile;
  readonly #components: readonly Component[];
  readonly #unitsWide: number;
  readonly #readBlock: BlockReader;
  /** Units before the next restart marker. */
  #left: number;
  #nextRestart = 0;
  /** The data has run out: what is left of the interval stays as it is. */
  #dry = false;

  constructor(file: JpegFile, { unitsWide }: Frame, { components }: Scan, bits: Bits, makeReader: (reader: ScanReader) => BlockReader) {
    this.bits = bits;
    this.#file = file;
    this.#components = components;
    this.#unitsWide = unitsWide;
    this.#left = file.restartInterval || Infinity;
    this.#readBlock = makeReader(this);
    this.#reset();
    bits.load(file);
  }

  /** Reads row `row` of the frame's units. @throws FormatError where the file ends before the data does. */
  readRow(row: number): void {
    const components = this.#components;
    if (components.length > 1) {
      for (let column = 0; column < this.#unitsWide; column++) this.#unit(row, column);
      return;
    }
    // A component alone comes without padding, each block a unit.
    const { v, blocksWide, blocksHigh } = components[0];
    for (let y = row * v; y < Math.min(row * v + v, blocksHigh); y++) for (let x = 0; x < blocksWide; x++) this.#unit(row, x, y);
  }

  #unit(row: number, column: number, y?: number): void {
    if (!this.#dry) this.lastWhole = row;
    if (this.#left === 0) this.#restart();
    this.#left--;
    if (this.#dry) return;
    for (const component of this.#components) {
      const { h, v, kept, stride } = component;
      if (y !== undefined) this.#readBlock(component, ((y % kept) * stride + column) * 64);
      else {
        for (let i = 0; i < v; i++) {
          const at = (((row * v + i) % kept) * stride + column * h) * 64;
          for (let j = 0; j < h; j++) this.#readBlock(component, at + j * 64);
        }
      }
    }
    if (!this.bits.exhausted) return;
    if (this.bits.marker === 0) this.#file.cut();
    this.#dry = true;
  }

  #reset(): void {
    for (const component of this.#components) component.predictor = 0;
    this.run = 0;
  }

  /** Goes behind the next restart marker; where it is another than expected, as libjpeg does (jpeg_resync_to_restart). */
  #restart(): void {
    const file = this.#file;
    const expected = this.#nextRestart;
    this.#nextRestart = (expected + 1) & 7;
    this.#left = file.restartInterval;
    this.#reset();
    for (let { marker } = this.bits; ; marker = file.nextMarker()) {
      if (marker === 0) file.cut();
      const ahead = marker >= 0xd0 && marker <= 0xd7 ? (marker - expected) & 7 : marker < 0xc0 ? 7 : 1;
      // One or two too early: an interval was lost, or the image has ended. This one is empty then.
      if (ahead === 1 || ahead === 2) return this.bits.empty(marker);
      if (ahead < 6) break;
    }
    this.bits.load(file);
    this.#dry = false;
  }
}

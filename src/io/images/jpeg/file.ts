/**
 * The marker segments of a JPEG file (ITU-T T.81, annex B) up to each scan, with libjpeg's and Pillow's rules of what is passed
 * over (bytes between segments, unknown APPn, DNL) and what is refused, as soon as the bytes read so far say so.
 */
import { JpegBytes } from "./bits.ts";
import { type Component, type Frame, type Scan, check, makeFrame } from "./frame.ts";
import { type Codes, type HuffmanTable, buildCodes } from "./huffman.ts";
import { standardTables } from "./standard-tables.ts";
import { zigzag } from "./zigzag.ts";

/** libjpeg's largest side. */
const largestSide = 65500;

export class JpegFile extends JpegBytes {
  frame: Frame | undefined;
  /** Units between two restart markers; 0: there are none. */
  restartInterval = 0;
  jfif = false;
  /** The transform that the last Adobe marker names; -1 without one. */
  adobe = -1;
  /** By slot: four for DC, those for AC from 16 on. */
  readonly #tables: (HuffmanTable | undefined)[] = [];
  readonly #steps: (Uint16Array | undefined)[] = [];
  readonly #maxPixels: number;
  #scans = 0;

  constructor(bytes: Uint8Array, maxPixels: number) {
    super(bytes);
    this.#maxPixels = maxPixels;
    check(this.pair() === 0xffd8 && bytes[2] === 0xff, "the file does not begin with FF D8 FF");
  }

  /** Reads on to the next scan, from `marker` if that was read already (not 0); undefined at the end of the image. */
  nextScan(marker: number): Scan | undefined {
    for (;; marker = 0) {
      marker ||= this.nextMarker();
      if (marker === 0xda) return this.#scan();
      if (marker === 0xd9) {
        if (this.#scans > 0) return undefined;
        this.#afterTables();
      } else if (marker === 0xc4) this.#segment(16, this.#huffmanTable);
      else if (marker === 0xdb) this.#segment(0, this.#quantisationTable);
      else if (marker === 0xcc) this.#segment(0, this.#conditioning);
      else if (marker === 0xdd) {
        check(this.pair() === 4, "damaged tables");
        this.restartInterval = this.pair();
      } else if (marker >= 0xc0 && marker <= 0xc2) this.#frameHeader(marker === 0xc2);
      else if (marker >> 4 === 0xe || marker === 0xfe || marker === 0xdc) this.#application(marker);
      else {
        check(marker !== 0xc3 && marker !== 0xcb, "lossless coding is not read");
        check(marker !== 0xc9 && marker !== 0xca, "arithmetic coding is not read");
        // Restart markers and TEM stand alone. Pillow takes TEM behind the first scan only.
        check(marker >> 3 === 0xd0 >> 3 || (marker === 1 && this.#scans > 0), `damaged marker ${marker}`);
      }
    }
  }

  /** Reads parts, each of which says its length, while more than `least` bytes of a segment are left. */
  #segment(least: number, readPart: (left: number) => number): void {
    let left = this.pair() - 2;
    while (left > least) left -= readPart.call(this, left);
    check(left === 0, "damaged tables");
  }

  #quantisationTable(): number {
    const name = this.byte();
    check((name & 15) < 4, "damaged tables");
    const steps = (this.#steps[name & 15] = new Uint16Array(64));
    for (let k = 0; k < 64; k++) steps[zigzag[k]] = name > 15 ? this.pair() : this.byte();
    return name > 15 ? 129 : 65;
  }

  #huffmanTable(left: number): number {
    const slot = this.byte();
    const counts = Uint8Array.from({ length: 16 }, () => this.byte());
    const total = counts.reduce((sum, count) => sum + count, 0);
    check(total <= 256 && total + 17 <= left, "damaged tables");
    const values = new Uint8Array(256);
    for (let i = 0; i < total; i++) values[i] = this.byte();
    check((slot & 0xef) < 4, "damaged tables");
    this.#tables[slot] = { counts, values };
    return total + 17;
  }

  /** Of no use here, but a wrong one is an error to libjpeg. */
  #conditioning(): number {
    const index = this.byte();
    const value = this.byte();
    check(index < 16 ? (value & 15) <= value >> 4 : index < 32, "damaged tables");
    return 2;
  }

  /** A file may begin with tables alone, as if they were an image; the image follows. */
  #afterTables(): void {
    check(this.frame === undefined && this.pair() === 0xffd8, "there is no scan");
    this.restartInterval = 0;
    this.jfif = false;
    this.adobe = -1;
  }

  #frameHeader(progressive: boolean): void {
    check(this.frame === undefined, "damaged frame header");
    const length = this.pair();
    const precision = this.byte();
    const height = this.pair();
    const width = this.pair();
    const count = this.byte();
    check(precision === 8, `samples of ${precision} bits are not read`);
    check((count === 1 || count === 3 || count === 4) && length === 8 + 3 * count, `images of ${count} components are not read`);
    check(width * height > 0 && Math.max(width, height) <= largestSide, `images of ${width} x ${height} pixels are not read`);
    check(width * height <= this.#maxPixels, `the file claims ${width} x ${height} pixels, more than the limit of ${this.#maxPixels}`);
    this.frame = makeFrame(progressive, width, height, Array.from({ length: count }, () => [this.byte(), this.byte(), this.byte()]));
  }

  #application(marker: number): void {
    const begin = this.skip(Math.max(0, this.pair() - 2));
    const name = String.fromCharCode(...begin.subarray(0, 5));
    const jfif = marker === 0xe0 && name.startsWith("JFIF");
    const adobe = marker === 0xee && name === "Adobe";
    // Pillow wants a version number.
    check(this.#scans > 0 || begin.length > 6 || !(jfif || adobe), "damaged tables");
    if (jfif && name[4] === "\0" && begin.length === 14) this.jfif = true;
    if (adobe && begin.length > 11) this.adobe = begin[11];
  }

  #scan(): Scan {
    const { frame } = this;
    check(frame !== undefined, "damaged frame header");
    const length = this.pair();
    const count = this.byte();
    check(count > 0 && count < 5 && length === 6 + 2 * count, "damaged scan header");
    const components: Component[] = [];
    for (let i = 0; i < count; i++) {
      const id = this.byte();
      const tables = this.byte();
      // libjpeg takes a component later in a scan than in the frame, but not earlier.
      const component = frame.components.find((c, place) => place >= i && c.id === id);
      check(component !== undefined && !components.includes(component), "damaged scan header");
      component.tables = tables;
      components.push(component);
    }
    const [first, last, bits] = [this.byte(), this.byte(), this.byte()];
    check(count === 1 || components.reduce((sum, { h, v }) => sum + h * v, 0) <= 10, "damaged scan header");
    for (const component of components) {
      component.steps ??= this.#steps[component.slot];
      check(component.steps !== undefined, "a table is missing");
    }
    // Motion JPEG leaves out the standard's tables.
    if (this.#scans++ === 0 && !frame.progressive) standardTables().forEach((table, i) => (this.#tables[(i & 1) + (i & 2) * 8] ??= table));
    return { components, first, last, high: bits >> 4, low: bits & 15, run: 0 };
  }

  /** @throws FormatError if the file has no Huffman table in `slot`, or a wrong one. */
  codes(slot: number): Codes {
    const table = this.#tables[slot];
    check(table !== undefined, "a table is missing");
    return buildCodes(table, slot < 16);
  }
}

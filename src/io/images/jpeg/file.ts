/**
 * The marker segments of a JPEG file (ITU-T T.81, annex B) up to each scan, with libjpeg's and Pillow's rules of what is passed
 * over (bytes between segments, unknown APPn, DNL) and what is refused, as soon as the bytes read so far say so.
 */
import { type Component, type Frame, type Scan, check, makeFrame } from "./frame.ts";
import { type Codes, type HuffmanTable, buildCodes } from "./huffman.ts";
import { standardTables } from "./standard-tables.ts";
import { zigzag } from "./zigzag.ts";

/** libjpeg's largest side. */
const largestSide = 65500;

export class JpegFile {
  readonly bytes: Uint8Array;
  /** The next byte to read. */
  at = 2;
  /** Did reading reach the end of the bytes? */
  ended = false;
  frame: Frame | undefined;
  /** Units between two restart markers; 0: there are none. */
  restartInterval = 0;
  jfif = false;
  /** The transform that the last Adobe marker names; -1 without one. */
  adobe = -1;
  /** By slot, those for AC 16 higher. */
  readonly #tables: (HuffmanTable | undefined)[] = [];
  readonly #steps: (Uint16Array | undefined)[] = [];
  readonly #maxPixels: number;
  #scans = 0;

  constructor(bytes: Uint8Array, maxPixels: number) {
    this.bytes = bytes;
    this.#maxPixels = maxPixels;
    check(bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff, "the file does not begin with FF D8 FF");
  }

  /** @throws FormatError: for what is wanted the file is too short. */
  cut(): never {
    this.ended = true;
    check(false, `the file is cut short at byte ${this.bytes.length}`);
  }

  #byte(): number {
    return this.at < this.bytes.length ? this.bytes[this.at++] : this.cut();
  }

  #word(): number {
    return this.#byte() * 256 + this.#byte();
  }

  /** The code of the next marker. Bytes before it are passed over. */
  nextMarker(): number {
    let code: number;
    do {
      const found = this.bytes.indexOf(0xff, this.at);
      this.at = found < 0 ? this.bytes.length : found;
      do code = this.#byte();
      while (code === 0xff);
    } while (code === 0);
    return code;
  }

  /** Reads on to the next scan, from `marker` if that was read already; undefined at the end of the image. */
  nextScan(marker: number = this.nextMarker()): Scan | undefined {
    for (;; marker = this.nextMarker()) {
      if (marker === 0xda) return this.#scan();
      if (marker === 0xd9) {
        if (this.#scans > 0) return undefined;
        this.#afterTables();
      } else if (marker === 0xc4) this.#segment("Huffman tables", 16, this.#huffmanTable);
      else if (marker === 0xdb) this.#segment("quantisation tables", 0, this.#quantisationTable);
      else if (marker === 0xcc) this.#segment("arithmetic conditioning", 0, this.#conditioning);
      else if (marker === 0xdd) {
        check(this.#word() === 4, "a restart interval has a wrong length");
        this.restartInterval = this.#word();
      } else if (marker >= 0xc0 && marker <= 0xc2) this.#frameHeader(marker === 0xc2);
      else if ((marker >= 0xe0 && marker <= 0xef) || marker === 0xfe || marker === 0xdc) this.#application(marker);
      else {
        const process = marker === 0xc3 || marker === 0xcb ? "lossless" : marker === 0xc9 || marker === 0xca ? "arithmetic" : "";
        check(process === "", `${process} coding is not read, only baseline, extended and progressive Huffman coding`);
        // Restart markers and TEM stand alone. Pillow takes TEM behind the first scan only.
        check((marker >= 0xd0 && marker <= 0xd7) || (marker === 1 && this.#scans > 0), `marker FF ${marker.toString(16)} is out of place`);
      }
    }
  }

  /** Reads parts, each of which says its length, while more than `least` bytes of a segment are left. */
  #segment(what: string, least: number, readPart: (left: number) => number): void {
    let left = this.#word() - 2;
    while (left > least) left -= readPart.call(this, left);
    check(left === 0, `${what}: the segment has a wrong length`);
  }

  #quantisationTable(): number {
    const name = this.#byte();
    check((name & 15) < 4, `quantisation table ${name & 15} is none of 0 to 3`);
    const steps = (this.#steps[name & 15] = new Uint16Array(64));
    for (let k = 0; k < 64; k++) steps[zigzag[k]] = name > 15 ? this.#word() : this.#byte();
    return name > 15 ? 129 : 65;
  }

  #huffmanTable(left: number): number {
    const slot = this.#byte();
    const counts = Uint8Array.from({ length: 16 }, () => this.#byte());
    const total = counts.reduce((sum, count) => sum + count, 0);
    check(total <= 256 && total + 17 <= left, "a Huffman table has too many codes");
    const values = new Uint8Array(256);
    for (let i = 0; i < total; i++) values[i] = this.#byte();
    check((slot & 0xef) < 4, `Huffman table ${slot & 0xef} is none of 0 to 3`);
    this.#tables[slot] = { counts, values };
    return total + 17;
  }

  /** Of no use here, but a wrong one is an error to libjpeg. */
  #conditioning(): number {
    const index = this.#byte();
    const value = this.#byte();
    check(index < 16 ? (value & 15) <= value >> 4 : index < 32, "arithmetic conditioning is wrong");
    return 2;
  }

  /** A file may begin with tables alone, as if they were an image; the image follows. */
  #afterTables(): void {
    check(this.frame === undefined && this.#word() === 0xffd8, "the image ends before its first scan");
    this.restartInterval = 0;
    this.jfif = false;
    this.adobe = -1;
  }

  #frameHeader(progressive: boolean): void {
    check(this.frame === undefined, "there are two frame headers");
    const length = this.#word();
    const precision = this.#byte();
    const height = this.#word();
    const width = this.#word();
    const count = this.#byte();
    check(precision === 8, `samples of ${precision} bits are not read, only of 8`);
    check((count === 1 || count === 3 || count === 4) && length === 8 + 3 * count, `${count} components in a frame header of ${length} bytes: wants 1, 3 or 4`);
    check(width > 0 && height > 0 && width <= largestSide && height <= largestSide, `${width} x ${height}: a side wants 1 to ${largestSide} pixels`);
    check(width * height <= this.#maxPixels, `the file claims ${width} x ${height} pixels, more than the limit of ${this.#maxPixels}`);
    this.frame = makeFrame(progressive, width, height, Array.from({ length: count }, () => [this.#byte(), this.#byte(), this.#byte()]));
  }

  #application(marker: number): void {
    const length = this.#word();
    const { at, bytes } = this;
    this.at += Math.max(0, length - 2);
    if (this.at > bytes.length) this.cut();
    const name = String.fromCharCode(...bytes.subarray(at, at + 5));
    if (marker === 0xe0 && length >= 16 && name === "JFIF\0") this.jfif = true;
    if (marker === 0xee && length >= 14 && name === "Adobe") this.adobe = bytes[at + 11];
  }

  #scan(): Scan {
    const { frame } = this;
    check(frame !== undefined, "a scan comes before the frame header");
    const length = this.#word();
    const count = this.#byte();
    check(count > 0 && count < 5 && length === 6 + 2 * count, `${count} components in a scan header of ${length} bytes`);
    const components: Component[] = [];
    for (let i = 0; i < count; i++) {
      const id = this.#byte();
      const tables = this.#byte();
      // libjpeg takes a component later in a scan than in the frame, but not earlier.
      const component = frame.components.find((c) => c.index >= i && c.id === id);
      check(component !== undefined && !components.includes(component), `a scan names component ${id} twice, out of order or in vain`);
      component.dcTable = tables >> 4;
      component.acTable = tables & 15;
      components.push(component);
    }
    const [first, last, bits] = [this.#byte(), this.#byte(), this.#byte()];
    check(count === 1 || components.reduce((sum, { h, v }) => sum + h * v, 0) <= 10, "an interleaved unit has more than 10 blocks");
    for (const component of components) {
      component.steps ??= this.#steps[component.slot];
      check(component.steps !== undefined, `there is no quantisation table ${component.slot}`);
    }
    // Motion JPEG leaves out the standard's tables.
    if (this.#scans++ === 0 && !frame.progressive) standardTables().forEach((table, i) => (this.#tables[(i & 1) + (i & 2) * 8] ??= table));
    return { components, first, last, high: bits >> 4, low: bits & 15 };
  }

  /** The codes that a component's scan uses for AC or DC. @throws FormatError if the file has no such table, or a wrong one. */
  codes({ acTable, dcTable }: Component, ac: boolean): Codes {
    const slot = ac ? acTable : dcTable;
    const table = slot < 4 ? this.#tables[ac ? slot + 16 : slot] : undefined;
    check(table !== undefined, `there is no Huffman table ${slot}`);
    return buildCodes(table, !ac);
  }
}

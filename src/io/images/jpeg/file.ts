/**
 * The marker segments of a JPEG file (ITU-T T.81, annex B) up to each scan, with libjpeg's rules of what is passed over (bytes between
 * segments, unknown APPn, DNL) and what is refused.
 */
import type { JpegBits } from "./bits.ts";
import { check } from "./check.ts";
import type { Component, Scan } from "./component.ts";
import type { Frame } from "./frame.ts";
import { type Codes, type HuffmanTable, buildCodes } from "./huffman.ts";
import { standardTables } from "./standard-tables.ts";
import { zigzag } from "./zigzag.ts";

/** Gets a function that reads on to the next scan, from where `file` stands; it gives undefined at the end of the image. */
export function scansOf(file: JpegBits, { components: all, progressive, parts, count: most }: Frame): () => Scan | undefined {
  /** By slot: four for DC, those for AC from 16 on. */
  const tables: (HuffmanTable | undefined)[] = [];
  const steps: (Uint16Array | undefined)[] = [];
  let interval = 0;
  let framed = false;
  let scans = 0;

  /** Reads parts, each of which says its length, NaN where it is wrong, while more than `least` bytes of a segment are left. */
  function readParts(least: number, readPart: (left: number) => number): void {
    let left = file.pair() - 2;
    while (left > least) left -= readPart(left);
    check(left === 0, "damaged tables");
  }

  function quantisationTable(): number {
    const name = file.byte();
    if ((name & 15) > 3) return NaN;
    const table = (steps[name & 15] = new Uint16Array(64));
    for (let k = 0; k < 64; k++) table[zigzag[k]] = name > 15 ? file.pair() : file.byte();
    return name > 15 ? 129 : 65;
  }

  function huffmanTable(left: number): number {
    const slot = file.byte();
    const counts = Array.from(file.take(16));
    const total = counts.reduce((sum, count) => sum + count, 17);
    if (total > Math.min(273, left)) return NaN;
    tables[slot] = counts.map(file.take);
    return (slot & 0xef) > 3 ? NaN : total;
  }

  /** Of no use here, but a wrong one is an error to libjpeg. */
  function conditioning(): number {
    const index = file.byte();
    const value = file.byte();
    return (index < 16 ? (value & 15) <= value >> 4 : index < 32) ? 2 : NaN;
  }

  function codes(slot: number): Codes {
    const table = tables[slot];
    check(table !== undefined, "a table is missing");
    return buildCodes(table, slot < 16);
  }

  function scanHeader(): Scan {
    check(framed, "damaged frame header");
    const length = file.pair();
    const count = file.byte();
    check(count > 0 && count < 5 && length === 6 + 2 * count, "damaged scan header");
    const components: Component[] = [];
    const slots: number[] = [];
    let blocks = 0;
    for (let i = 0; i < count; i++) {
      const name = file.byte();
      slots.push(file.byte());
      // libjpeg takes a component later in a scan than in the frame, but not earlier.
      const component = all.find(({ id }, place) => place >= i && id === name);
      check(component !== undefined && !components.includes(component), "damaged scan header");
      components.push(component);
      blocks += component.h * component.v;
    }
    const said = file.take(3);
    const [first, last, bits] = progressive ? said : [0, 63, 0];
    const [high, low] = [bits >> 4, bits & 15];
    check(
      (count === 1 || blocks < 11) && (!progressive ||
        ((first === 0 ? last === 0 : first <= last && last < 64 && count === 1) && low < 14 && (high === 0 || low === high - 1))),
      "damaged scan header",
    );
    // Motion JPEG leaves out the standard's tables.
    if (!progressive && scans === 0) standardTables().forEach((table, i) => (tables[(i & 1) + (i & 2) * 8] ??= table));
    components.forEach((component, i) => {
      const { missing, missingBefore, slot } = component;
      component.steps ??= steps[slot];
      check(component.steps !== undefined, "a table is missing");
      if (first + high === 0) component.dc = codes(slots[i] >> 4);
      if (last > 0) component.ac = codes((slots[i] & 15) + 16);
      if (scans > 0) missingBefore.set(missing);
      missing.fill(low, first, last + 1);
    });
    scans++;
    return { components, interval, first, last, high, low, run: 0 };
  }

  return () => {
    for (;;) {
      const marker = file.nextMarker();
      if (marker === 0xda) return scanHeader();
      if (marker === 0xd9) {
        if (scans === 1) for (const { missingBefore } of all) missingBefore.fill(-1);
        if (scans > 0) return undefined;
        // A file may begin with tables alone, as if they were an image; the image follows.
        check(!framed && file.pair() === 0xffd8, "there is no scan");
        interval = 0;
      } else if (marker === 0xc4) readParts(16, huffmanTable);
      else if (marker === 0xdb) readParts(0, quantisationTable);
      else if (marker === 0xcc) readParts(0, conditioning);
      else if (marker === 0xdd) {
        check(file.pair() === 4, "damaged tables");
        interval = file.pair();
      } else if (marker > 0xbf && marker < 0xc3) {
        check(!framed && parts.length === 3 * most, "damaged frame header");
        framed = true;
        file.segment();
      } else if (marker >> 4 === 0xe || marker === 0xfe || marker === 0xdc) file.segment();
      // Restart markers and TEM stand alone.
      else check(marker >> 3 === 0xd0 >> 3 || marker === 1, `damaged marker ${marker}`);
    }
  };
}

/** Blocks of progressive scans (ITU-T T.81, G.1.2 and G.2): their coefficients come in bands, and bit by bit. */
import type { JpegFile } from "./file.ts";
import { type Scan, check } from "./frame.ts";
import type { BlockReader } from "./read-scan.ts";
import { meanReader, readBand } from "./sequential.ts";
import { zigzag } from "./zigzag.ts";

/** @throws FormatError if the scan's band or bits are none that can be. */
export function progressiveReader(file: JpegFile, scan: Scan): BlockReader {
  const { components, first, last, high, low } = scan;
  check(
    (first === 0 ? last === 0 : first <= last && last < 64 && components.length === 1) && low < 14 && (high === 0 || low === high - 1),
    "damaged scan header",
  );
  for (const { missing } of components) missing.fill(low, first, last + 1);
  const bit = 1 << low;
  if (first === 0 && high > 0) {
    return ({ coefficients }, at) => {
      if (file.get(1) > 0) coefficients[at] |= bit;
    };
  }
  if (first === 0) return meanReader(file, components, low);
  const codes = file.codes((components[0].tables & 15) + 16);

  /** After the symbol of an end of band: how many blocks it ends, this one included. */
  const bandEnds = (symbol: number): number => (1 << (symbol >> 4)) + file.get(symbol >> 4);

  if (high === 0) {
    return ({ coefficients }, at) => {
      if (scan.run === 0) {
        const end = readBand(file, codes, coefficients, at, first, last, low);
        if (end >= 0) scan.run = bandEnds(end);
      }
      if (scan.run > 0) scan.run--;
    };
  }

  return ({ coefficients }, at) => {
    for (let k = first; k <= last; k++) {
      let zeros = Infinity;
      let value = 0;
      if (scan.run === 0) {
        const symbol = file.symbol(codes);
        if ((symbol & 15) > 0) value = file.get(1) > 0 ? bit : -bit;
        if (value !== 0 || symbol >= 0xf0) zeros = symbol >> 4;
        else scan.run = bandEnds(symbol);
      }
      // Coefficients that are known get their next bit on the way; `zeros` of the others are passed over.
      for (; k <= last; k++) {
        const i = at + zigzag[k];
        if (coefficients[i] === 0 && zeros-- === 0) break;
        if (coefficients[i] !== 0 && file.get(1) > 0 && (coefficients[i] & bit) === 0) coefficients[i] += coefficients[i] > 0 ? bit : -bit;
      }
      if (value !== 0) coefficients[at + zigzag[k]] = value;
    }
    if (scan.run > 0) scan.run--;
  };
}

/** Blocks of progressive scans (ITU-T T.81, G.1.2 and G.2): their coefficients come in bands, and bit by bit. */
import type { JpegFile } from "./file.ts";
import { type Scan, check } from "./frame.ts";
import { type Codes, extend } from "./huffman.ts";
import type { BlockReader, ScanReader } from "./scan-reader.ts";
import { zigzag } from "./zigzag.ts";

/** @throws FormatError if the scan's band or bits are none that can be. */
export function progressiveReader(file: JpegFile, { components, first, last, high, low }: Scan, reader: ScanReader): BlockReader {
  check(
    (first === 0 ? last === 0 : first <= last && last < 64 && components.length === 1) && low < 14 && (high === 0 || low === high - 1),
    `a progressive scan of ${components.length} components wants coefficients ${first} to ${last}, bits ${high} to ${low}`,
  );
  for (const { missing } of components) missing.fill(low, first, last + 1);
  const { bits } = reader;
  const bit = 1 << low;
  if (first === 0 && high > 0) {
    return ({ coefficients }, at) => {
      if (bits.get(1) > 0) coefficients[at] |= bit;
    };
  }
  if (first === 0) {
    const codes: Codes[] = [];
    for (const component of components) codes[component.index] = file.codes(component, false);
    return (component, at) => {
      const size = bits.symbol(codes[component.index]);
      if (size > 0) component.predictor = (component.predictor + extend(bits.get(size), size)) | 0;
      component.coefficients[at] = component.predictor << low;
    };
  }
  const codes = file.codes(components[0], true);

  /** After the symbol of an end of band: how many blocks it ends, this one included. */
  const bandEnds = (symbol: number): number => (1 << (symbol >> 4)) + bits.get(symbol >> 4);

  if (high === 0) {
    return ({ coefficients }, at) => {
      if (reader.run > 0) {
        reader.run--;
        return;
      }
      for (let k = first; k <= last; k++) {
        const symbol = bits.symbol(codes);
        const size = symbol & 15;
        if (size > 0) {
          k += symbol >> 4;
          coefficients[at + zigzag[k]] = extend(bits.get(size), size) << low;
        } else if (symbol === 0xf0) k += 15;
        else {
          reader.run = bandEnds(symbol) - 1;
          return;
        }
      }
    };
  }

  return ({ coefficients }, at) => {
    let k = first;
    while (reader.run === 0 && k <= last) {
      const symbol = bits.symbol(codes);
      let zeros = symbol >> 4;
      let value = 0;
      if ((symbol & 15) > 0) value = bits.get(1) > 0 ? bit : -bit;
      else if (zeros < 15) {
        reader.run = bandEnds(symbol);
        break;
      }
      // Coefficients that are known get their next bit on the way; `zeros` of the others are passed over.
      for (; k <= last; k++) {
        if (coefficients[at + zigzag[k]] !== 0) refine(at + zigzag[k]);
        else if (zeros-- === 0) break;
      }
      if (value !== 0) coefficients[at + zigzag[k]] = value;
      k++;
    }
    if (reader.run === 0) return;
    for (; k <= last; k++) if (coefficients[at + zigzag[k]] !== 0) refine(at + zigzag[k]);
    reader.run--;

    function refine(i: number): void {
      if (bits.get(1) > 0 && (coefficients[i] & bit) === 0) coefficients[i] += coefficients[i] >= 0 ? bit : -bit;
    }
  };
}

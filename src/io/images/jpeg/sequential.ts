/** Blocks of baseline and extended sequential scans (ITU-T T.81, F.2.2). */
import type { Bits } from "./bits.ts";
import type { JpegFile } from "./file.ts";
import type { Scan } from "./frame.ts";
import { type Codes, extend } from "./huffman.ts";
import type { BlockReader, ScanReader } from "./scan-reader.ts";
import { zigzag } from "./zigzag.ts";

/** @throws FormatError if a table is missing or wrong. */
export function sequentialReader(file: JpegFile, { components }: Scan, { bits }: ScanReader): BlockReader {
  const dc: Codes[] = [];
  const ac: Codes[] = [];
  for (const component of components) {
    dc[component.index] = file.codes(component, false);
    ac[component.index] = file.codes(component, true);
  }
  return (component, at) => {
    const { index, coefficients } = component;
    const size = bits.symbol(dc[index]);
    if (size > 0) component.predictor = (component.predictor + extend(bits.get(size), size)) | 0;
    coefficients[at] = component.predictor;
    readBand(bits, ac[index], coefficients, at);
  };
}

/** The coefficients behind DC. */
function readBand(bits: Bits, codes: Codes, coefficients: Int16Array, at: number): void {
  for (let k = 1; k < 64; k++) {
    const symbol = bits.symbol(codes);
    const size = symbol & 15;
    k += symbol >> 4;
    if (size > 0) coefficients[at + zigzag[k]] = extend(bits.get(size), size);
    else if (symbol !== 0xf0) return;
  }
}

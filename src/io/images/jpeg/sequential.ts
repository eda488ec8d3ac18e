/** Blocks of baseline and extended sequential scans (ITU-T T.81, F.2.2), and what progressive ones share with them. */
import type { JpegFile } from "./file.ts";
import type { Component, Scan } from "./frame.ts";
import { type Codes, extend, lookBits } from "./huffman.ts";
import type { BlockReader } from "./read-scan.ts";
import { zigzag } from "./zigzag.ts";

/** @throws FormatError if a table is missing or wrong. */
export function sequentialReader(file: JpegFile, { components }: Scan): BlockReader {
  const readMean = meanReader(file, components, 0);
  for (const component of components) component.ac = file.codes((component.tables & 15) + 16);
  return (component, at) => {
    readMean(component, at);
    readBand(file, component.ac!, component.coefficients, at, 1, 63, 0);
  };
}

/** Reads DC, without its `low` lowest bits. */
export function meanReader(file: JpegFile, components: readonly Component[], low: number): BlockReader {
  for (const component of components) component.dc = file.codes(component.tables >> 4);
  return (component, at) => {
    const size = file.symbol(component.dc!);
    if (size > 0) component.predictor = (component.predictor + extend(file.get(size), size)) | 0;
    component.coefficients[at] = component.predictor << low;
  };
}

/**
 * Reads the coefficients from `first` to `last`, without their `low` lowest bits; the result is the symbol that ended them early, or -1.
 * What JpegBytes does stands here once more: half of the time of reading goes by in this loop.
 */
export function readBand(
  file: JpegFile, codes: Codes, coefficients: Int16Array, at: number, first: number, last: number, low: number,
): number {
  const { data } = file;
  const { look } = codes;
  let { word, left, next } = file;
  let end = -1;
  for (let k = first; k <= last; k++) {
    if (left < 16) {
      word = (word << 16) | (data[next] << 8) | data[next + 1];
      next += 2;
      left += 16;
    }
    let entry = file.marker === 0 ? 0 : look[(word >> (left - lookBits)) & ((1 << lookBits) - 1)];
    let value = entry >> 16;
    let size = entry & 15;
    left -= (entry >> 8) & 15;
    if (entry === 0) {
      file.word = word;
      file.left = left;
      file.next = next;
      entry = file.symbol(codes);
      size = entry & 15;
      if (size > 0) value = extend(file.get(size), size);
      ({ word, left, next } = file);
    } else if (size > 0) {
      if (value === 0) {
        if (left < 16) {
          word = (word << 16) | (data[next] << 8) | data[next + 1];
          next += 2;
          left += 16;
        }
        value = extend((word >> (left - size)) & ((1 << size) - 1), size);
      }
      left -= size;
    }
    k += (entry >> 4) & 15;
    if (size > 0) coefficients[at + zigzag[k]] = value << low;
    else if ((entry & 255) < 0xf0) {
      end = entry & 255;
      break;
    }
  }
  file.word = word;
  file.left = left;
  file.next = next;
  return end;
}

/** Huffman tables of JPEG (ITU-T T.81, C.2 and F.2.2.3), built for decoding. */
import { check } from "./frame.ts";

/** Bits that are looked up at once. */
export const lookBits = 9;

export interface Codes {
  /** For each sequence of 9 bits the code that it begins with, as length * 256 + symbol; 0 if the code is longer. */
  readonly symbols: Uint16Array;
  /** By length: the largest code, -1 without one, and what gives the index of its symbol when added to a code. */
  readonly largest: Int32Array;
  readonly offset: Int32Array;
  readonly values: Uint8Array;
}

/** A table as a DHT segment has it: how many codes of 1 to 16 bits, and their symbols. */
export interface HuffmanTable {
  readonly counts: Uint8Array;
  readonly values: Uint8Array;
}

/** @throws FormatError if the counts make no prefix code without a code of all ones, or a DC symbol is above 15. */
export function buildCodes({ counts, values }: HuffmanTable, dc: boolean): Codes {
  const symbols = new Uint16Array(1 << lookBits);
  const largest = new Int32Array(17).fill(-1);
  const offset = new Int32Array(17);
  for (let length = 1, code = 0, index = 0; length <= 16; length++, code <<= 1) {
    offset[length] = index - code;
    for (let n = counts[length - 1]; n > 0; n--, code++, index++) {
      const symbol = values[index];
      check(!dc || symbol < 16, `a Huffman table has the DC symbol ${symbol}, more than 15`);
      largest[length] = code;
      const spare = lookBits - length;
      if (spare < 0) continue;
      symbols.fill(length * 256 + symbol, code << spare, (code + 1) << spare);
    }
    check(index === 0 || code < 1 << length, "a Huffman table has too many codes, or one of all ones");
  }
  return { symbols, largest, offset, values };
}

/** The signed value of `size` bits (T.81, F.12): the lower half stands for negative numbers. */
export function extend(bits: number, size: number): number {
  return bits < 1 << (size - 1) ? bits + (-1 << size) + 1 : bits;
}

/** Huffman codes of JPEG (ITU-T T.81, C.2 and F.2.2). */
import { check } from "./frame.ts";

/** Bits that are looked up at once. */
export const lookBits = 10;

/** A table as a DHT segment has it: how many codes of 1 to 16 bits, and their symbols. */
export interface HuffmanTable {
  readonly counts: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

export interface Codes {
  /**
   * For each sequence of 10 bits what it begins with: the symbol, from bit 8 on the length of its code, and if it holds the value of
   * the symbol's size too, from bit 16 on that value. 0: the code is longer.
   */
  readonly look: Int32Array;
  /** By length: the largest code, -1 without one, and what gives the index of its symbol when added to a code. */
  readonly largest: number[];
  readonly offset: number[];
  readonly values: ArrayLike<number>;
}

/** @throws FormatError if the counts make no prefix code without a code of all ones, or a DC symbol is above 15. */
export function buildCodes({ counts, values }: HuffmanTable, dc: boolean): Codes {
  const look = new Int32Array(1 << lookBits);
  const largest: number[] = [];
  const offset: number[] = [];
  for (let length = 1, code = 0, index = 0; length <= 16; length++, code *= 2) {
    offset[length] = index - code;
    largest[length] = -1;
    for (let n = counts[length - 1]; n > 0; n--, code++) {
      const symbol = values[index++];
      check(code + 1 < 1 << length && !(dc && symbol > 15), "damaged tables");
      largest[length] = code;
      const size = symbol & 15;
      const spare = lookBits - length - size;
      for (let rest = 0; rest < (1 << lookBits) >> length; rest++) {
        const value = size > 0 && spare >= 0 ? extend(rest >> spare, size) << 16 : 0;
        look[(code << (lookBits - length)) + rest] = value | (length << 8) | symbol;
      }
    }
  }
  return { look, largest, offset, values };
}

/** The signed value of `size` bits (T.81, F.12): the lower half stands for negative numbers. */
export function extend(bits: number, size: number): number {
  return bits < 1 << (size - 1) ? bits + (-1 << size) + 1 : bits;
}

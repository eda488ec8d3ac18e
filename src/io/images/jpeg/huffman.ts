/** Huffman codes of JPEG (ITU-T T.81, C.2 and F.2.2). */
import { check } from "./check.ts";

/** Bits that are looked up at once. */
export const lookBits = 10;

/** What a DHT segment says: the symbols whose codes have 1 bit, 2 bits, ..., 16 bits. */
export type HuffmanTable = readonly ArrayLike<number>[];

export interface Codes {
  /**
   * For each sequence of 10 bits what it begins with: the symbol, from bit 8 on the length of its code, and if it holds the value of
   * the symbol's size too, from bit 16 on that value. 0: the code is longer.
   */
  readonly look: Int32Array;
  /** The symbols of codes, which have a 1 before their bits here. */
  readonly longer: ReadonlyMap<number, number>;
}

/** @throws FormatError if there are too many codes, or one of all ones, or a DC symbol is above 15. */
export function buildCodes(table: HuffmanTable, dc: boolean): Codes {
  const look = new Int32Array(1 << lookBits);
  const longer = new Map<number, number>();
  let code = 1;
  table.forEach((symbols, i) => {
    const length = i + 1;
    code *= 2;
    for (const symbol of Array.from(symbols)) {
      const spare = lookBits - length - (symbol & 15);
      for (let rest = 0; rest < (1 << lookBits) >> length; rest++) {
        const value = (symbol & 15) > 0 && spare >= 0 ? extend(rest >> spare, symbol & 15) << 16 : 0;
        look[((code << (lookBits - length)) & ((1 << lookBits) - 1)) + rest] = value | (length << 8) | symbol;
      }
      longer.set(code++, symbol);
      check(code < 2 << length && !(dc && symbol > 15), "damaged tables");
    }
  });
  return { look, longer };
}

/** The signed value of `size` bits (T.81, F.12): the lower half stands for negative numbers. */
export function extend(bits: number, size: number): number {
  return bits < 1 << (size - 1) ? bits + (-1 << size) + 1 : bits;
}

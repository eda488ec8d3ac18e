/** The Huffman tables that ITU-T T.81 proposes (K.3.3), which Motion JPEG leaves out of its frames. */
import type { HuffmanTable } from "./huffman.ts";

/** DC for luminance and for chrominance, then AC for both: counts, and the symbols that do not follow in rising order. */
const tables = [
  "00010501010101010100000000000000", "00030101010101010101010000000000",
  "0002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282",
  "00020102040403040705040400010277000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f1",
];

export function standardTables(): HuffmanTable[] {
  return tables.map((text, i) => {
    const bytes = text.match(/../g)!.map((digits) => parseInt(digits, 16));
    const symbols = new Set(bytes.slice(16));
    for (let symbol = 0; symbol < 256; symbol++) if (i < 2 || ((symbol - 1) & 15) < 10) symbols.add(symbol);
    return { counts: Uint8Array.from(bytes.slice(0, 16)), values: Uint8Array.from(symbols) };
  });
}

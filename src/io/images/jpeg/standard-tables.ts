/** The Huffman tables that ITU-T T.81 proposes (K.3.3), which Motion JPEG leaves out of its frames. */
import type { HuffmanTable } from "./huffman.ts";

/**
 * DC for luminance and for chrominance, then AC for both. One part for each run of zeros, whose digits (of base 17) are the lengths of
 * the codes of sizes 0, 1 and so on; 0: there is no such code. Sizes up to 10 that are not told have 16 bits.
 */
const tables = [
  "233333456789", "2223456789ab", "42234578a 04579b 058ac 069c 06a 07b 07c 08c 09f 09 09 0a 0a 0b 0 b",
  "223455679ac 04689bc 058acf 058ac 069 06a 07b 07b 08 09 09 09 09 0b 0e af",
];

/** Codes of one length stand in the order of their symbols. */
export function standardTables(): HuffmanTable[] {
  return tables.map((text) => {
    const table = Array.from({ length: 16 }, (): number[] => []);
    text.split(" ").forEach((lengths, run) => {
      for (let size = 0; size < Math.max(11, lengths.length); size++) table[parseInt(lengths[size] ?? "g", 17) - 1]?.push(run * 16 + size);
    });
    return table;
  });
}

/**
 * The entries of a zip archive (PKWARE's APPNOTE, 4.3 and 4.5.3): stored or deflated. Sizes come from the central directory, for in the
 * local headers of torch.save they are 0. An entry is read, and its checksum compared, when it is asked for.
 */
import { show } from "../../../errors.ts";
import { crc32 } from "../../bytes/checksum.ts";
import { inflateRaw } from "../../bytes/inflate-raw.ts";
import { decodeUtf8 } from "../../bytes/utf8.ts";
import { bad } from "./budget.ts";
import type { Budget } from "./budget.ts";

/** Gives the bytes of one entry, the same ones when called again. @throws FormatError where they are damaged */
export type Entry = () => Uint8Array;

/** Entries by name. @throws FormatError where the archive has no sound directory */
export function readZip(file: Uint8Array, budget: Budget): Map<string, Entry> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const u16 = (at: number): number => (at + 2 <= file.length ? view.getUint16(at, true) : bad());
  const u32 = (at: number): number => u16(at) + u16(at + 2) * 65536;
  const u64 = (at: number): number => u32(at) + u32(at + 4) * 4294967296;

  // The end record; a comment of at most 65,535 bytes (or what was written behind the archive) may follow it.
  let end = file.length - 22;
  while (end > 0 && end > file.length - 65557 && u32(end) !== 0x06054b50) end--;
  if (end < 0 || u32(end) !== 0x06054b50) bad();
  let [count, at] = [u16(end + 10), u32(end + 16)];
  // The locator of the wide end record stands before it; torch.save always writes one.
  if (end >= 20 && u32(end - 20) === 0x07064b50) {
    const wide = u64(end - 12);
    [count, at] = [u64(wide + 32), u64(wide + 48)];
  }

  const entries = new Map<string, Entry>();
  let [checked, total] = [false, 0];
  for (; count > 0; count--) {
    if (u32(at) !== 0x02014b50) bad();
    const [method, crc, nameEnd] = [u16(at + 10), u32(at + 16), at + 46 + u16(at + 28)];
    const name = decodeUtf8(file.slice(at + 46, nameEnd), "checkpoint: the name of an entry");
    // Where a field holds ffffffff, the next eight bytes of the extra field of kind 1 hold the value.
    const next = nameEnd + u16(at + 30);
    let extra = nameEnd;
    while (extra < next && u16(extra) !== 1) extra += 4 + u16(extra + 2);
    extra += 4;
    const field = (offset: number): number => {
      const value = u32(at + offset);
      return value === 0xffffffff && extra < next ? u64((extra += 8) - 8) : value;
    };
    const [size, packed, header] = [field(24), field(20), field(42)];
    budget(200 + name.length);
    // Entries on the same bytes would make a small file take for ever.
    if ((total += packed) > file.length || entries.has(name)) bad();
    checked ||= crc > 0;
    let content: Uint8Array | undefined;
    entries.set(name, () => {
      if (content === undefined) {
        const begin = header + 30 + u16(header + 26) + u16(header + 28);
        const raw = file.subarray(begin, begin + packed);
        const what = `${show(name)} in it`;
        if (method === 8) budget(size);
        content = method === 8 ? inflateRaw(raw, size, `checkpoint: ${what}`).bytes
          : method === 0 ? raw
          : bad(`${what} is compressed by method ${method}`);
        if (content.length < size) bad();
        // torch.serialization.set_crc32_options(False) leaves every checksum 0.
        if (checked && crc32(content) !== crc) bad(`it is damaged: ${show(name)} in it does not have its checksum`);
      }
      return content;
    });
    at = next + u16(at + 32);
  }
  return entries;
}

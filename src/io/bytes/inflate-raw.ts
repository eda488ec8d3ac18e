/**
 * Inflate (RFC 1951), synchronous and bounded, for hosts without DecompressionStream and for readers that cannot wait: the whole of a
 * stream into an array of the size that the caller expects, and not a byte more.
 */
import { FormatError } from "../../errors.ts";

/** A code's symbols by the bits that begin with it, the first one lowest: symbol * 16 + length, or 0 for none. */
interface Code {
  readonly entries: Uint16Array;
  /** Of the longest code. */
  readonly bits: number;
}

/** Least length of each length symbol from 257, and least distance of each distance symbol; the bits that follow add to it. */
const lengthBits = /* @__PURE__ */ Uint8Array.from({ length: 29 }, (_, i) => (i < 4 || i === 28 ? 0 : (i - 4) >> 2));
const distanceBits = /* @__PURE__ */ Uint8Array.from({ length: 30 }, (_, i) => (i < 2 ? 0 : (i - 2) >> 1));
const lengthBases = /* @__PURE__ */ bases(lengthBits, 3);
const distanceBases = /* @__PURE__ */ bases(distanceBits, 1);
/** The order in which lengths of codes of lengths come. */
const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

function bases(bits: Uint8Array, first: number): Uint16Array {
  const least = new Uint16Array(bits.length);
  for (let i = 0, value = first; i < bits.length; value += 1 << bits[i++]) least[i] = value;
  // The longest match, 258, has a symbol of its own.
  if (first === 3) least[28] = 258;
  return least;
}

/** @returns undefined where the lengths are of no code */
function codeOf(lengths: Uint8Array): Code | undefined {
  const counts = new Uint16Array(17);
  for (const length of lengths) if (length > 0) counts[length]++;
  let bits = 15;
  while (bits > 1 && counts[bits] === 0) bits--;
  const next = new Uint16Array(17);
  let code = 0;
  for (let length = 1; length <= bits; length++) {
    next[length] = code;
    code = (code + counts[length]) << 1;
  }
  const used = code >> 1;
  // Exactly full; or of one symbol, or none, as for distances that no match uses.
  if (used > 1 << bits || (used < 1 << bits && (bits > 1 || used > 1))) return undefined;
  const entries = new Uint16Array(1 << bits);
  lengths.forEach((length, symbol) => {
    if (length === 0) return;
    let reversed = 0;
    for (let i = 0, value = next[length]++; i < length; i++, value >>= 1) reversed = (reversed << 1) | (value & 1);
    for (; reversed < entries.length; reversed += 1 << length) entries[reversed] = (symbol << 4) | length;
  });
  return { entries, bits };
}

let fixed: readonly [Code, Code] | undefined;

function fixedCodes(): readonly [Code, Code] {
  const literals = Uint8Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8));
  return (fixed ??= [codeOf(literals)!, codeOf(new Uint8Array(32).fill(5))!]);
}

/**
 * What comes out of a deflate stream (without the frame of zlib or gzip).
 * @param size the most that may come out; allocated at once
 * @param what names the data in messages
 * @returns the bytes, at most `size`, and how many of `file` the stream took
 * @throws FormatError where the stream is damaged, cut short or makes more
 */
export function inflateRaw(file: Uint8Array, size: number, what: string): { readonly bytes: Uint8Array; readonly end: number } {
  const out = new Uint8Array(size);
  let [at, to, hold, held] = [0, 0, 0, 0];
  const bad = (): never => {
    throw new FormatError(`${what}: its compressed data are damaged, cut short, or more than ${size} bytes`);
  };
  /** Makes sure that `count` bits are there; behind the end come zeros, which count as missing once they are used. */
  const need = (count: number): void => {
    for (; held < count; held += 8) hold |= (at < file.length ? file[at] : 0) << held, at++;
  };
  const take = (count: number): number => {
    need(count);
    const value = hold & ((1 << count) - 1);
    hold >>>= count;
    held -= count;
    return at - (held >> 3) > file.length ? bad() : value;
  };
  const symbol = ({ entries, bits }: Code): number => {
    need(bits);
    const entry = entries[hold & ((1 << bits) - 1)];
    take(entry & 15);
    return entry === 0 ? bad() : entry >> 4;
  };

  const stored = (): void => {
    hold >>>= held & 7;
    held -= held & 7;
    const length = take(16);
    if ((take(16) ^ length) !== 0xffff) bad();
    at -= held >> 3;
    hold = held = 0;
    if (at + length > file.length || to + length > size) bad();
    out.set(file.subarray(at, (at += length)), to);
    to += length;
  };
  const dynamicCodes = (): readonly [Code, Code] => {
    const [literals, distances, count] = [take(5) + 257, take(5) + 1, take(4) + 4];
    const lengths = new Uint8Array(19);
    for (let i = 0; i < count; i++) lengths[order[i]] = take(3);
    const code = codeOf(lengths) ?? bad();
    const all = new Uint8Array(literals + distances);
    for (let i = 0; i < all.length; ) {
      const value = symbol(code);
      if (value < 16) all[i++] = value;
      else {
        const [before, times] = value === 16 ? [i > 0 ? all[i - 1] : bad(), take(2) + 3] : [0, value === 17 ? take(3) + 3 : take(7) + 11];
        if (i + times > all.length) bad();
        all.fill(before, i, (i += times));
      }
    }
    return [codeOf(all.subarray(0, literals)) ?? bad(), codeOf(all.subarray(literals)) ?? bad()];
  };

  for (let last = 0; last === 0; ) {
    last = take(1);
    const kind = take(2);
    if (kind === 0) {
      stored();
      continue;
    }
    const [literals, distances] = kind === 1 ? fixedCodes() : kind === 2 ? dynamicCodes() : bad();
    for (let value = symbol(literals); value !== 256; value = symbol(literals)) {
      if (value < 256) {
        if (to === size) bad();
        out[to++] = value;
        continue;
      }
      if (value > 285) bad();
      const length = lengthBases[value - 257] + take(lengthBits[value - 257]);
      const which = symbol(distances);
      const distance = which < 30 ? distanceBases[which] + take(distanceBits[which]) : bad();
      if (distance > to || to + length > size) bad();
      for (const end = to + length; to < end; to++) out[to] = out[to - distance];
    }
  }
  return { bytes: out.subarray(0, to), end: at - (held >> 3) };
}

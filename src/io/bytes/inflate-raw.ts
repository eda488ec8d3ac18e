/**
 * Inflate (RFC 1951), synchronous and bounded, for hosts without DecompressionStream and for readers that cannot wait: the whole of a
 * stream into an array of the size that the caller expects, and not a byte more.
 */
import { FormatError } from "../../errors.ts";

/** Bits that are looked up at once; longer codes are few. */
const lookBits = 10;

/** A Huffman code, whose codes come with their first bit lowest. */
interface Code {
  /** By the next 10 bits: symbol * 16 + length, or 0 where the code is longer or is none. */
  readonly look: Uint16Array;
  /** By length: how many codes, and the first of them; all symbols, those of shorter codes first. */
  readonly counts: Uint16Array;
  readonly first: Uint16Array;
  readonly symbols: Uint16Array;
}

/** Where reading and writing are. */
interface Stream {
  readonly file: Uint8Array;
  readonly out: Uint8Array;
  /** The next byte that is not in `hold`, whose low `held` bits come next. */
  at: number;
  hold: number;
  held: number;
  /** Bytes that have come out. */
  to: number;
  /** Did it stop because `out` was full? */
  full: boolean;
  readonly bad: () => never;
  /** Where more would come out than there is room for: it stops, or has failed. */
  readonly overflow: () => void;
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

/** @returns undefined where the lengths are of no code: neither exactly full, nor of one symbol or none, as distances may be */
function codeOf(lengths: Uint8Array): Code | undefined {
  const counts = new Uint16Array(16);
  for (const length of lengths) counts[length]++;
  const used = lengths.length - counts[0];
  counts[0] = 0;
  const first = new Uint16Array(16);
  const begin = new Uint16Array(16);
  for (let length = 1; length < 16; length++) {
    first[length] = (first[length - 1] + counts[length - 1]) << 1;
    begin[length] = begin[length - 1] + counts[length - 1];
    if (first[length] + counts[length] > 1 << length) return undefined;
  }
  if (first[15] + counts[15] < 1 << 15 && (used > 1 || used > counts[1])) return undefined;
  const symbols = new Uint16Array(used);
  const look = new Uint16Array(1 << lookBits);
  const next = first.slice();
  lengths.forEach((length, symbol) => {
    if (length === 0) return;
    symbols[begin[length] + next[length] - first[length]] = symbol;
    let reversed = 0;
    for (let i = 0, code = next[length]++; i < length; i++, code >>= 1) reversed = (reversed << 1) | (code & 1);
    if (length <= lookBits) for (; reversed < look.length; reversed += 1 << length) look[reversed] = (symbol << 4) | length;
  });
  return { look, counts, first, symbols };
}

let fixed: readonly [Code, Code] | undefined;

function fixedCodes(): readonly [Code, Code] {
  const literals = Uint8Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8));
  return (fixed ??= [codeOf(literals)!, codeOf(new Uint8Array(32).fill(5))!]);
}

/** The code that the bits of `hold` begin with, as `look` has it; 0 where none is. */
function longCode({ counts, first, symbols }: Code, hold: number): number {
  for (let length = 1, code = 0, begin = 0; length < 16; begin += counts[length++]) {
    code = (code << 1) | ((hold >> (length - 1)) & 1);
    const index = code - first[length];
    if (index >= 0 && index < counts[length]) return (symbols[begin + index] << 4) | length;
  }
  return 0;
}

/** At least 15 bits into `hold`. Behind the end come zeros, which count as missing once they are used. */
function fill(stream: Stream): void {
  for (; stream.held < 15; stream.held += 8) stream.hold |= (stream.file[stream.at++] ?? 0) << stream.held;
}

/** The next `count` bits, at most 15. */
function take(stream: Stream, count: number): number {
  fill(stream);
  const value = stream.hold & ((1 << count) - 1);
  stream.hold >>>= count;
  stream.held -= count;
  return stream.at - (stream.held >> 3) > stream.file.length ? stream.bad() : value;
}

function symbol(stream: Stream, code: Code): number {
  fill(stream);
  const entry = code.look[stream.hold & ((1 << lookBits) - 1)] || longCode(code, stream.hold);
  take(stream, entry & 15);
  return entry === 0 ? stream.bad() : entry >> 4;
}

/**
 * What comes out of a deflate stream (without the frame of zlib or gzip).
 * @param size the most that may come out; allocated at once
 * @param what names the data in messages
 * @param stops whether to stop after `size` bytes where there are more
 * @returns the bytes, at most `size`; how many of `file` the stream took; whether it came to its end
 * @throws FormatError where the stream is damaged, cut short or, unless it stops, makes more
 */
export function inflateRaw(
  file: Uint8Array, size: number, what: string, stops: boolean = false,
): { readonly bytes: Uint8Array; readonly end: number; readonly complete: boolean } {
  const bad = (): never => {
    throw new FormatError(`${what}: its compressed data are damaged, cut short, or more than ${size} bytes`);
  };
  const overflow = (): void => {
    if (!stops) bad();
    stream.full = true;
  };
  const stream: Stream = { file, out: new Uint8Array(size), at: 0, hold: 0, held: 0, to: 0, full: false, bad, overflow };
  for (let last = 0; last === 0 && !stream.full; ) {
    last = take(stream, 1);
    const kind = take(stream, 2);
    if (kind === 0) stored(stream);
    else copyCoded(stream, ...(kind === 1 ? fixedCodes() : kind === 2 ? dynamicCodes(stream) : bad()));
  }
  return { bytes: stream.out.subarray(0, stream.to), end: stream.at - (stream.held >> 3), complete: !stream.full };
}

/** A block that is not compressed. */
function stored(stream: Stream): void {
  const { file, out, bad } = stream;
  take(stream, stream.held & 7);
  const [low, high, check, more] = [take(stream, 8), take(stream, 8), take(stream, 8), take(stream, 8)];
  let length = low + high * 256;
  if (check + more * 256 !== (length ^ 0xffff)) bad();
  const from = stream.at - (stream.held >> 3);
  if (from + length > file.length) bad();
  if (stream.to + length > out.length) {
    stream.overflow();
    length = out.length - stream.to;
  }
  out.set(file.subarray(from, from + length), stream.to);
  stream.at = from + length;
  stream.hold = stream.held = 0;
  stream.to += length;
}

function dynamicCodes(stream: Stream): readonly [Code, Code] {
  const { bad } = stream;
  const [literals, distances, count] = [take(stream, 5) + 257, take(stream, 5) + 1, take(stream, 4) + 4];
  const lengths = new Uint8Array(19);
  for (let i = 0; i < count; i++) lengths[order[i]] = take(stream, 3);
  const code = codeOf(lengths) ?? bad();
  const all = new Uint8Array(literals + distances);
  for (let i = 0; i < all.length; ) {
    const value = symbol(stream, code);
    if (value < 16) all[i++] = value;
    else {
      const before = value === 16 ? (i > 0 ? all[i - 1] : bad()) : 0;
      const times = value === 16 ? take(stream, 2) + 3 : value === 17 ? take(stream, 3) + 3 : take(stream, 7) + 11;
      if (i + times > all.length) bad();
      all.fill(before, i, (i += times));
    }
  }
  return [codeOf(all.subarray(0, literals)) ?? bad(), codeOf(all.subarray(literals)) ?? bad()];
}

/**
 * Literals and matches up to the end of a block. What `fill`, `take` and `symbol` do stands here once more, on local variables: all time
 * goes by here.
 */
function copyCoded(stream: Stream, literals: Code, distances: Code): void {
  const { file, out, bad } = stream;
  const size = file.length;
  const most = out.length;
  const mask = (1 << lookBits) - 1;
  const { look } = literals;
  const { look: lookDistance } = distances;
  let { at, hold, held, to } = stream;
  for (;;) {
    for (; held < 15; at++, held += 8) if (at < size) hold |= file[at] << held;
    let entry = look[hold & mask];
    if (entry === 0) entry = longCode(literals, hold);
    hold >>>= entry & 15;
    held -= entry & 15;
    const value = entry >> 4;
    if (value < 256) {
      if (entry === 0) bad();
      if (to === most) {
        stream.overflow();
        break;
      }
      out[to++] = value;
      continue;
    }
    if (value === 256) break;
    if (value > 285) bad();
    for (; held < 15; at++, held += 8) if (at < size) hold |= file[at] << held;
    let extra = lengthBits[value - 257];
    const length = lengthBases[value - 257] + (hold & ((1 << extra) - 1));
    hold >>>= extra;
    held -= extra;
    for (; held < 15; at++, held += 8) if (at < size) hold |= file[at] << held;
    entry = lookDistance[hold & mask];
    if (entry === 0) entry = longCode(distances, hold);
    hold >>>= entry & 15;
    held -= entry & 15;
    if (entry === 0 || entry >> 4 > 29) bad();
    for (; held < 15; at++, held += 8) if (at < size) hold |= file[at] << held;
    extra = distanceBits[entry >> 4];
    const distance = distanceBases[entry >> 4] + (hold & ((1 << extra) - 1));
    hold >>>= extra;
    held -= extra;
    if (distance > to) bad();
    const end = Math.min(to + length, most);
    if (to + length > most) stream.overflow();
    for (; to < end; to++) out[to] = out[to - distance];
    if (stream.full) break;
  }
  stream.at = at;
  stream.hold = hold;
  stream.held = held;
  stream.to = to;
  if (at - (held >> 3) > size) bad();
}

/** Bytes and bits of a JPEG file, one after the other: plain up to a scan's data, then entropy-coded (ITU-T T.81, F.1.2.3). */
import { check } from "./frame.ts";
import { type Codes, lookBits } from "./huffman.ts";

/** No unit takes more bytes: ten blocks of 64 codes and values, of zeros where the data has ended. */
const unitBytes = 10 * 64 * 4 + 8;

export class JpegBytes {
  readonly #bytes: Uint8Array;
  /** The next byte. */
  #at = 0;
  /** Did reading reach the end of the bytes? */
  ended = false;
  /** Coded bytes without stuffing, then zeros. */
  readonly data: Uint8Array;
  #length = 0;
  /** The marker behind them; 0 where the file ends. */
  marker = 0;
  /** The next of them that is not in `word`, whose low `left` bits are still to be read. */
  next = 0;
  word = 0;
  left = 0;
  /** How many bits libjpeg has read ahead. */
  #held = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.data = new Uint8Array(bytes.length + unitBytes);
  }

  /** @throws FormatError: for what is wanted the file is too short. */
  cut(): never {
    this.ended = true;
    check(false, `the file is cut short at byte ${this.#bytes.length}`);
  }

  byte(): number {
    return this.#bytes[this.#at++] ?? this.cut();
  }

  pair(): number {
    return this.byte() * 256 + this.byte();
  }

  /** Passes over `count` bytes; the result is the first 14 of them. */
  skip(count: number): Uint8Array {
    const start = this.#at;
    this.#at += count;
    if (this.#at > this.#bytes.length) this.cut();
    return this.#bytes.subarray(start, Math.min(start + 14, this.#at));
  }

  /** The code of the next marker. Bytes before it are passed over. */
  nextMarker(): number {
    for (;;) {
      let code = this.byte();
      if (code !== 0xff) continue;
      while (code === 0xff) code = this.byte();
      if (code !== 0) return code;
    }
  }

  /** Takes the coded bytes up to the next marker. */
  load(): void {
    const bytes = this.#bytes;
    const { data } = this;
    let at = this.#at;
    let length = 0;
    for (this.marker = 0; at < bytes.length; length++) {
      data[length] = bytes[at];
      if (bytes[at++] !== 0xff) continue;
      // Any number of FF and a 00 stand for one FF.
      while (bytes[at] === 0xff) at++;
      this.marker = bytes[at++] ?? 0;
      if (this.marker !== 0 || at > bytes.length) break;
    }
    this.#at = at;
    this.begin(length);
  }

  /** Begins to read `length` coded bytes. */
  begin(length: number): void {
    this.data.fill(0, length, length + unitBytes);
    this.#length = length;
    this.next = this.word = this.left = this.#held = 0;
  }

  /** Were more bits read than there are, or would they be with `more`? */
  exhausted(more: number = 0): boolean {
    return this.next * 8 - this.left + more > this.#length * 8;
  }

  /**
   * Drops `count` bits. Where the file ends without a marker, libjpeg waits as soon as it would fill its word of 64 bits from behind
   * the end: when it has fewer than `least` bits, or than `count`.
   */
  #drop(count: number, least: number): void {
    this.left -= count;
    if (this.marker > 0) return;
    if (this.#held < least) this.#held += (64 - this.#held) & ~7;
    if (this.#held < count) this.#held += this.#held < 9 ? 56 : 64;
    this.#held -= count;
    if (this.exhausted(this.#held)) this.cut();
  }

  /** The next `count` bits, at most 16, which stay the next. */
  #peek(count: number): number {
    if (this.left < 16) {
      this.word = (this.word << 16) | (this.data[this.next] << 8) | this.data[this.next + 1];
      this.next += 2;
      this.left += 16;
    }
    return (this.word >> (this.left - count)) & ((1 << count) - 1);
  }

  /** The next `count` bits, at most 16. */
  get(count: number): number {
    const bits = this.#peek(count);
    this.#drop(count, count);
    return bits;
  }

  /** The next symbol; 0, after 17 bits, where no code is like that. */
  symbol({ look, largest, offset, values }: Codes): number {
    const found = look[this.#peek(lookBits)];
    if (found !== 0) {
      this.#drop((found >> 8) & 15, 8);
      return found & 255;
    }
    for (let length = lookBits + 1; length <= 16; length++) {
      const code = this.#peek(length);
      if (code <= largest[length]) {
        this.#drop(length, 8);
        return values[code + offset[length]];
      }
    }
    this.#peek(16);
    this.#drop(16, 8);
    this.get(1);
    return 0;
  }
}

/** The entropy-coded bytes between two markers (ITU-T T.81, F.1.2.3), read bit by bit. */
import type { JpegFile } from "./file.ts";
import { type Codes, lookBits } from "./huffman.ts";

/** No unit takes more bytes: ten blocks of 64 codes and values, of zeros where the data has ended. */
const unitBytes = 10 * 64 * 4 + 8;

export class Bits {
  /** The bytes without stuffing, then zeros. */
  data: Uint8Array = new Uint8Array(0);
  /** The next byte that is not in `word`. */
  at = 0;
  /** Its low `left` bits are still to be read. */
  word = 0;
  left = 0;
  /** The marker behind the data; 0 where the file ends. */
  marker = 0;
  #length = 0;

  /** Takes the bytes from `file.at` up to the next marker; `file` goes on behind it. */
  load(file: JpegFile): void {
    const { bytes, at: start } = file;
    let end = start;
    let next = start;
    this.marker = 0;
    do {
      end = bytes.indexOf(0xff, next);
      if (end < 0) end = next = bytes.length;
      else {
        next = end + 1;
        while (bytes[next] === 0xff) next++;
        this.marker = bytes[next++] ?? 0;
      }
    } while (this.marker === 0 && next < bytes.length);
    file.at = Math.min(next, bytes.length);
    if (this.data.length < end - start + unitBytes) this.data = new Uint8Array(end - start + unitBytes);
    let length = 0;
    for (let i = start; i < end; i++) {
      this.data[length++] = bytes[i];
      // Any number of FF and a 00 stand for one FF.
      if (bytes[i] === 0xff) while (bytes[++i] === 0xff);
    }
    this.#begin(length);
  }

  /** As if there were no bytes before `marker`. */
  empty(marker: number): void {
    this.marker = marker;
    this.#begin(0);
  }

  #begin(length: number): void {
    this.data.fill(0, length, length + unitBytes);
    this.#length = length;
    this.at = this.word = this.left = 0;
  }

  /** Were more bits read than there are? */
  get exhausted(): boolean {
    return this.at * 8 - this.left > this.#length * 8;
  }

  /** Has libjpeg, which fills a word of 64 bits, asked for bytes behind the data? */
  get wantsMore(): boolean {
    return this.at * 8 - this.left + 57 > this.#length * 8;
  }

  /** At least 16 bits into `word`. */
  fill(): void {
    if (this.left >= 16) return;
    this.word = (this.word << 16) | (this.data[this.at] << 8) | this.data[this.at + 1];
    this.at += 2;
    this.left += 16;
  }

  /** The next `count` bits, at most 16. */
  get(count: number): number {
    this.fill();
    this.left -= count;
    return (this.word >> this.left) & ((1 << count) - 1);
  }

  /** The next symbol; 0, after 17 bits, if no code is like that. */
  symbol(codes: Codes): number {
    this.fill();
    const found = codes.symbols[(this.word >> (this.left - lookBits)) & ((1 << lookBits) - 1)];
    if (found !== 0) {
      this.left -= found >> 8;
      return found & 255;
    }
    for (let length = lookBits + 1; length <= 16; length++) {
      const code = (this.word >> (this.left - length)) & ((1 << length) - 1);
      if (code > codes.largest[length]) continue;
      this.left -= length;
      return codes.values[code + codes.offset[length]];
    }
    this.get(16);
    this.get(1);
    return 0;
  }
}

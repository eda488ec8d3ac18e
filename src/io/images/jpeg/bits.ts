/**
 * Bytes and bits of a JPEG file, one after the other: plain up to a scan's data, then entropy-coded (ITU-T T.81, F.1.2.3). A closure, and
 * no class: what it holds has short names when it is minified.
 */
import { check } from "./check.ts";
import type { Component, Scan } from "./component.ts";
import { type Codes, extend, lookBits } from "./huffman.ts";
import { zigzag } from "./zigzag.ts";

/** No unit takes more bytes: ten blocks of 64 codes and values, of zeros where the data has ended. */
const unitBytes = 10 * 64 * 4 + 8;

/** All throw a FormatError where the file is too short for what is wanted. */
export interface JpegBits {
  byte(): number;
  pair(): number;
  /** The next `count` bytes; none for a negative number. */
  take(count: number): Uint8Array;
  /** The bytes of a segment, behind its length. */
  segment(): Uint8Array;
  /** The code of the next marker. Bytes before it are passed over. */
  nextMarker(): number;
  /** Did reading reach the end of the bytes? */
  ended(): boolean;
  /** Begins with the coded bytes up to the next marker. */
  load(): void;
  /**
   * Goes behind a restart marker; where it is another than number `expected`, as libjpeg does (jpeg_resync_to_restart).
   * @returns whether there is data behind it
   */
  restart(expected: number): boolean;
  /** Were more bits read than there are? Then what was read of them is zeros. */
  exhausted(): boolean;
  /**
   * Gets what reads a component's next block into its coefficients at `at`: as sequential scans have it (ITU-T T.81, F.2.2), or progressive
   * ones (G.1.2 and G.2).
   */
  blockReader(scan: Scan): (component: Component, at: number) => void;
}

/** Reads a file from behind its first marker. */
export function openBits(bytes: Uint8Array): JpegBits {
  /** The next byte. */
  let place = 2;
  let ended = false;
  /** Coded bytes without stuffing, then zeros. */
  let data = new Uint8Array(0);
  let length = 0;
  /** The marker behind them; 0 where the file ends. */
  let marker = 0;
  /** The next of them that is not in `word`, whose low `left` bits are still to be read. */
  let next = 0;
  let word = 0;
  let left = 0;
  /** How many bits libjpeg has read ahead. */
  let held = 0;

  function cut(): never {
    ended = true;
    check(false, `the file is cut short at byte ${bytes.length}`);
  }

  const byte = (): number => bytes[place++] ?? cut();

  const pair = (): number => byte() * 256 + byte();

  function take(count: number): Uint8Array {
    const start = place;
    place += Math.max(0, count);
    return place > bytes.length ? cut() : bytes.subarray(start, place);
  }

  function nextMarker(): number {
    let before = marker && 0xff;
    let code = marker || byte();
    marker = 0;
    while (before !== 0xff || code === 0 || code === 0xff) {
      before = code;
      code = byte();
    }
    return code;
  }

  function begin(count: number): void {
    data.fill(0, count, count + unitBytes);
    length = count;
    next = word = left = held = 0;
  }

  function load(): void {
    if (data.length === 0) data = new Uint8Array(bytes.length + unitBytes);
    let count = 0;
    for (marker = 0; marker === 0 && place < bytes.length;) {
      const end = bytes.indexOf(0xff, place) + 1 || bytes.length + 1;
      data.set(bytes.subarray(place, end), count);
      count += end - place - 1;
      place = end;
      // Any number of FF and a 00 stand for one FF.
      while (bytes[place] === 0xff) place++;
      marker = bytes[place++] ?? 0;
      if (place <= bytes.length && marker === 0) count++;
    }
    begin(count);
  }

  function exhausted(more: number = 0): boolean {
    const found = next * 8 - left + more > length * 8;
    return found && marker === 0 ? cut() : found;
  }

  /**
   * Drops `count` bits. Where the file ends without a marker, libjpeg waits as soon as it would fill its word of 64 bits from behind
   * the end: when it has fewer than `least` bits, or than `count`.
   */
  function drop(count: number, least: number): void {
    left -= count;
    if (marker > 0) return;
    if (held < least) held += (64 - held) & ~7;
    if (held < count) held += held < 9 ? 56 : 64;
    held -= count;
    exhausted(held);
  }

  /** The next `count` bits, at most 16, which stay the next. */
  function peek(count: number): number {
    if (left < 16) {
      word = (word << 16) | (data[next] << 8) | data[next + 1];
      next += 2;
      left += 16;
    }
    return (word >> (left - count)) & ((1 << count) - 1);
  }

  function get(count: number): number {
    const bits = peek(count);
    drop(count, count);
    return bits;
  }

  function symbol({ look, longer }: Codes): number {
    const found = look[peek(lookBits)];
    let size = (found >> 8) & 15 || lookBits;
    let value: number | undefined = found & 255;
    if (found === 0) {
      do value = longer.get((1 << ++size) + peek(size));
      while (value === undefined && size < 16);
    }
    drop(size, 8);
    return value ?? 0 * get(1);
  }

  /**
   * Reads coefficients from `first` to `last`, whose units are `factors`, in the blocks' order; the result is the symbol that ended them
   * early, or -1.
   */
  function band({ coefficients, tops, ac }: Component, at: number, first: number, last: number, factors: Uint16Array): number {
    const { look } = ac!;
    // What stands above stands here once more, with variables that V8 keeps in registers: half of the time of reading goes by here.
    let bits = word;
    let count = left;
    let from = next;
    let end = -1;
    let top = 0;
    for (let k = first; k <= last; k++) {
      if (count < 16) {
        bits = (bits << 16) | (data[from] << 8) | data[from + 1];
        from += 2;
        count += 16;
      }
      let entry = marker === 0 ? 0 : look[(bits >> (count - lookBits)) & ((1 << lookBits) - 1)];
      let value = entry >> 16;
      let size = entry & 15;
      count -= (entry >> 8) & 15;
      if (entry === 0) {
        word = bits;
        left = count;
        next = from;
        entry = symbol(ac!);
        size = entry & 15;
        if (size > 0) value = extend(get(size), size);
        bits = word;
        count = left;
        from = next;
      } else if (size > 0) {
        if (value === 0) {
          if (count < 16) {
            bits = (bits << 16) | (data[from] << 8) | data[from + 1];
            from += 2;
            count += 16;
          }
          value = extend((bits >> (count - size)) & ((1 << size) - 1), size);
        }
        count -= size;
      }
      k += (entry >> 4) & 15;
      if (size > 0) {
        coefficients[at + zigzag[k]] = value * factors[zigzag[k]];
        top = k;
      } else if ((entry & 255) < 0xf0) {
        end = entry & 255;
        break;
      }
    }
    word = bits;
    left = count;
    next = from;
    if (top > tops[at >> 6]) tops[at >> 6] = top;
    return end;
  }

  return {
    byte, pair, take, nextMarker, load, exhausted,
    segment: () => take(pair() - 2),
    ended: () => ended,
    restart(expected) {
      for (;;) {
        const code = nextMarker();
        const ahead = code >> 3 === 0xd0 >> 3 ? (code - expected) & 7 : code < 0xc0 ? 7 : 1;
        if (ahead === 1 || ahead === 2) {
          // One or two too early: an interval was lost, or the image has ended. This one is empty then.
          marker = code;
          begin(0);
          return false;
        }
        if (ahead < 6) {
          load();
          return true;
        }
      }
    },
    blockReader(scan) {
      const { first, last, high, low } = scan;
      const unit = 1 << low;
      const factors = new Uint16Array(64).fill(unit);

      /** After the symbol of an end of band: the next blocks, this one included, have nothing more. */
      function endBand(code: number): void {
        scan.run = (1 << (code >> 4)) + get(code >> 4);
      }

      return (component, at) => {
        const { coefficients, tops, steps } = component;
        if (first === 0) {
          if (high > 0) coefficients[at] |= get(1) << low;
          else {
            // DC differs from the last one.
            const size = symbol(component.dc!);
            if (size > 0) component.predictor = (component.predictor + extend(get(size), size)) | 0;
            coefficients[at] = component.predictor * (last > 0 ? steps![0] : unit);
          }
        }
        if (high === 0) {
          const end = scan.run > 0 || last === 0 ? -1 : band(component, at, first || 1, last, first > 0 ? factors : steps!);
          if (end >= 0 && first > 0) endBand(end);
        } else for (let k = first || 64; k <= last; k++) {
          let zeros = 64;
          let value = 0;
          if (scan.run === 0) {
            const code = symbol(component.ac!);
            if ((code & 15) > 0) value = get(1) > 0 ? unit : -unit;
            if (value !== 0 || code >= 0xf0) zeros = code >> 4;
            else endBand(code);
          }
          // Coefficients that are known get their next bit on the way; `zeros` of the others are passed over.
          const until = scan.run > 0 ? Math.min(last, tops[at >> 6]) : last;
          for (; k <= until; k++) {
            const i = at + zigzag[k];
            const known = coefficients[i];
            if (known === 0 && zeros-- === 0) break;
            if (known === 0) continue;
            if (left === 0) {
              word = data[next++];
              left = 8;
            }
            if (((word >> --left) & 1) > 0 && (known & unit) === 0) coefficients[i] += known > 0 ? unit : -unit;
          }
          if (scan.run > 0) break;
          if (value !== 0) {
            coefficients[at + zigzag[k]] = value;
            if (k > tops[at >> 6]) tops[at >> 6] = k;
          }
        }
        if (scan.run > 0) scan.run--;
      };
    },
  };
}

/** Bytes as WebAssembly writes them: a growing array, LEB128 numbers, little-endian floats, names, sections. */

/** @throws RangeError for what 32 bits cannot hold; where modules are checked (checked.ts) that is found before, and better told */
function check32(value: number): void {
  if (value !== (value | 0) && value !== value >>> 0) throw new RangeError(`wasm: ${value} is no whole number of 32 bits`);
}

/** The bytes of `Bytes.u32(value)`. */
export function lengthOf(value: number): number {
  let length = 1;
  for (let rest = value >>> 7; rest !== 0; rest >>>= 7) length++;
  return length;
}

/** Where floats become bytes, little-endian whatever the machine. */
const NUMBER = new DataView(new ArrayBuffer(8));

/** (Its fields are open for body.ts, which writes opcodes itself.) */
export class Bytes {
  data: Uint8Array<ArrayBuffer>;
  length = 0;

  constructor(capacity = 256) {
    this.data = new Uint8Array(capacity);
  }

  /** A copy of what has been written. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return this.data.slice(0, this.length);
  }

  /** A part of it, until something is written. */
  view(start: number, end: number): Uint8Array {
    return this.data.subarray(start, end);
  }

  /** Forgets what has been written; the room stays. */
  clear(): void {
    this.length = 0;
  }

  /** Makes room for `count` further bytes. */
  reserve(count: number): void {
    const wanted = this.length + count;
    if (wanted <= this.data.length) return;
    const larger = new Uint8Array(Math.max(wanted, 2 * this.data.length));
    larger.set(this.data);
    this.data = larger;
  }

  byte(value: number): void {
    if (this.length === this.data.length) this.reserve(1);
    this.data[this.length++] = value;
  }

  /** Unsigned LEB128 of a whole number from 0 to 2^32 - 1. */
  u32(value: number): void {
    check32(value);
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** Signed LEB128 of a whole number from -2^31 to 2^31 - 1. */
  s32(value: number): void {
    check32(value);
    let rest = value | 0;
    while (rest < -0x40 || rest > 0x3f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }

  /** Signed LEB128 of a whole number from -2^63 to 2^63 - 1. */
  s64(value: bigint): void {
    let rest = value;
    while (rest < -0x40n || rest > 0x3fn) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest & 0x7fn));
  }

  /** The lowest `count` bytes of a whole number, at most four, the lowest first. */
  word(value: number, count: number): void {
    for (let i = 0; i < count; i++) this.byte((value >> (8 * i)) & 0xff);
  }

  /** NaN is written as the canonical one, for engines differ in the bits that they would store. */
  f32(value: number): void {
    if (value === value) NUMBER.setFloat32(0, value, true);
    else NUMBER.setInt32(0, 0x7fc00000, true);
    this.#number(4);
  }

  f64(value: number): void {
    if (value === value) NUMBER.setFloat64(0, value, true);
    else NUMBER.setBigInt64(0, 0x7ff8000000000000n, true);
    this.#number(8);
  }

  #number(count: number): void {
    for (let i = 0; i < count; i++) this.byte(NUMBER.getUint8(i));
  }

  /** A byte and an unsigned number: the commonest of all, hence in one piece. */
  indexed(byte: number, index: number): void {
    const at = this.length;
    if (at + 2 > this.data.length) this.reserve(2);
    this.data[at] = byte;
    if (index >>> 0 < 0x80) {
      this.data[at + 1] = index;
      this.length = at + 2;
    } else {
      this.length = at + 1;
      this.u32(index);
    }
  }

  append(bytes: Bytes | ArrayLike<number>): void {
    const source = bytes instanceof Bytes ? bytes.data.subarray(0, bytes.length) : bytes;
    this.reserve(source.length);
    this.data.set(source, this.length);
    this.length += source.length;
  }

  /** Where it is set (checked.ts): checks names. */
  static checkName: ((text: string) => void) | undefined = undefined;

  /** A length, then the characters: printable ASCII, which is all that names here need. */
  name(text: string): void {
    Bytes.checkName?.(text);
    this.u32(text.length);
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
  }

  /** A section or subsection: its number, its length in bytes, its contents. */
  section(id: number, contents: Bytes): void {
    this.byte(id);
    this.u32(contents.length);
    this.append(contents);
  }

  /** Section `id` with a count and as many items, or nothing where there are none. */
  list<T>(id: number, items: readonly T[], write: (to: Bytes, item: T, index: number) => void): void {
    if (items.length === 0) return;
    const contents = new Bytes();
    contents.u32(items.length);
    items.forEach((item, index) => write(contents, item, index));
    this.section(id, contents);
  }
}

/** Reads a module back, as far as tests ask: its sections, and the name section. */

export class Reader {
  readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get done(): boolean {
    return this.at === this.bytes.length;
  }

  u32(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.bytes[this.at++];
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  take(length: number): Reader {
    this.at += length;
    return new Reader(this.bytes.subarray(this.at - length, this.at));
  }

  name(): string {
    return String.fromCharCode(...this.take(this.u32()).bytes);
  }

  list<T>(read: (reader: Reader) => T): T[] {
    return Array.from({ length: this.u32() }, () => read(this));
  }
}

/** Sections by their numbers, in order. */
export function sections(bytes: Uint8Array): { readonly id: number; readonly contents: Reader }[] {
  const reader = new Reader(bytes);
  reader.take(8);
  const all = [];
  while (!reader.done) all.push({ id: reader.bytes[reader.at++], contents: reader.take(reader.u32()) });
  return all;
}

export interface Names {
  module: string;
  functions: Record<number, string>;
  locals: Record<number, Record<number, string>>;
}

export function names(bytes: Uint8Array): Names {
  const section = sections(bytes).find(({ id }) => id === 0)?.contents;
  if (section === undefined || section.name() !== "name") throw new Error("no name section");
  const found: Names = { module: "", functions: {}, locals: {} };
  const map = (reader: Reader): Record<number, string> => Object.fromEntries(reader.list((each) => [each.u32(), each.name()]));
  while (!section.done) {
    const id = section.u32();
    const contents = section.take(section.u32());
    if (id === 0) found.module = contents.name();
    else if (id === 1) found.functions = map(contents);
    else if (id === 2) found.locals = Object.fromEntries(contents.list((each) => [each.u32(), map(each)]));
  }
  return found;
}

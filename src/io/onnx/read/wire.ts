/**
 * Reading of Protocol Buffers (the wire format of https://protobuf.dev/programming-guides/encoding): the fields of a message by number, as
 * views of its bytes. No message is read before somebody asks for it, so depth costs nothing.
 */
import { FormatError } from "../../../errors.ts";

/** What a field holds: a varint as a number (64 bits, signed, rounded beyond 2^53), everything else as its bytes. */
export type Field = number | Uint8Array;

/** All fields of a number, in their order. */
export type Message = (field: number) => readonly Field[];

/** @throws FormatError */
export function damaged(what: string): never {
  throw new FormatError(`onnx: ${what}: the file is cut short, damaged or no ONNX file`);
}

/** What the bits of a group of four bytes are worth. */
const worth = [1, 128, 16384, 2097152];

/** Calls `visit` with the numbers of varints that stand one after the other; `visit` may move on by what it returns. */
function eachVarint(bytes: Uint8Array, visit: (value: number, at: number) => number | void): void {
  for (let at = 0; at < bytes.length;) {
    // Nearly all have one byte.
    if (bytes[at] < 128) {
      at = visit(bytes[at], at + 1) ?? at + 1;
      continue;
    }
    // Three parts of 28, 28 and 8 bits: each exact as a number, and so is their sum where it is below 2^53.
    const parts = [0, 0, 0];
    for (let i = 0; ; i++) {
      const byte = bytes[at++] ?? damaged("a number has no end");
      if (i === 10) damaged("a number has more than ten bytes");
      parts[i >> 2] += (byte & 127) * worth[i & 3];
      if (byte < 128) break;
    }
    const high = parts[2] & 255;
    at = visit((high > 127 ? high - 256 : high) * 72057594037927936 + parts[1] * 268435456 + parts[0], at) ?? at;
  }
}

/** @throws FormatError for bytes that are no message */
export function message(bytes: Uint8Array): Message {
  const fields = new Map<number, Field[]>();
  let open = 0;
  const add = (field: Field): void => {
    const list = fields.get(open);
    if (list === undefined) fields.set(open, [field]);
    else list.push(field);
    open = 0;
  };
  const take = (length: number, from: number): number => {
    if (!(length >= 0 && length <= bytes.length - from)) damaged(`a field wants ${length} bytes, ${bytes.length - from} follow`);
    add(bytes.subarray(from, from + length));
    return from + length;
  };
  eachVarint(bytes, (value, at) => {
    // After the key of a number or of bytes comes another varint.
    if (open < 0) {
      open = -open;
      return take(value, at);
    }
    if (open > 0) return add(value);
    const wire = value & 7;
    open = Math.floor(value / 8);
    if (open < 1 || open > 536870911 || wire > 5 || wire === 3 || wire === 4) damaged("a field has a number or type that is none");
    if (wire === 2) open = -open;
    return wire === 1 ? take(8, at) : wire === 5 ? take(4, at) : at;
  });
  if (open !== 0) damaged("a field has no value");
  return (field) => fields.get(field) ?? [];
}

/** The last of a field's values that are bytes. */
export function lastBytes(fields: readonly Field[]): Uint8Array | undefined {
  return parts(fields).at(-1);
}

/** Values that are bytes: messages, texts, raw numbers. */
export function parts(fields: readonly Field[]): Uint8Array[] {
  return fields.map((field) => (typeof field === "number" ? damaged("a number stands where bytes should") : field));
}

/** Whole numbers, one by one or packed. */
export function integers(fields: readonly Field[]): number[] {
  return fields.flatMap((field) => {
    if (typeof field === "number") return [field];
    const numbers: number[] = [];
    eachVarint(field, (value) => void numbers.push(value));
    return numbers;
  });
}

export function integer(fields: readonly Field[]): number {
  return integers(fields).at(-1) ?? 0;
}

/** Floats, one by one or packed. */
export function floats(fields: readonly Field[]): number[] {
  return parts(fields).flatMap((bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return Array.from({ length: bytes.length >> 2 }, (_, i) => view.getFloat32(4 * i, true));
  });
}

export function texts(fields: readonly Field[]): string[] {
  return parts(fields).map((bytes) => {
    let text = "";
    for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
    if (!/[^\0-\x7f]/.test(text)) return text;
    try {
      // The engine itself knows UTF-8, where it is spelled byte by byte.
      return decodeURIComponent(text.replace(/[%\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`));
    } catch {
      return damaged("a name is no UTF-8");
    }
  });
}

export function text(fields: readonly Field[]): string {
  return texts(fields).at(-1) ?? "";
}

/**
 * Reading of Protocol Buffers (the wire format of https://protobuf.dev/programming-guides/encoding): fields in their order, as views of the
 * bytes. No message is read before somebody asks for it, so depth costs nothing.
 */
import { FormatError } from "../../../errors.ts";
import { decodeUtf8 } from "../../bytes/utf8.ts";

/** What a field holds: a varint as a number (64 bits, signed, rounded beyond 2^53), everything else as its bytes. */
export type Field = number | Uint8Array;

/** A place in bytes. */
interface Place {
  readonly bytes: Uint8Array;
  at: number;
}

/** What the bits of four bytes' groups are worth. */
const worth = [1, 128, 16384, 2097152];

function varint(place: Place): number {
  const { bytes } = place;
  // Three parts of 28, 28 and 8 bits: each exact as a number, and so is their sum where it is below 2^53.
  const parts = [0, 0, 0];
  for (let i = 0; i < 10; i++) {
    if (place.at >= bytes.length) throw new FormatError("onnx: the file ends within a number: it is cut short or no ONNX file");
    const byte = bytes[place.at++];
    parts[i >> 2] += (byte & 127) * worth[i & 3];
    if (byte < 128) return (parts[2] & 128 ? (parts[2] & 255) - 256 : parts[2] & 255) * 72057594037927936 + parts[1] * 268435456 + parts[0];
  }
  throw new FormatError("onnx: a number has more than ten bytes: the file is damaged or no ONNX file");
}

/** Calls `visit` with every field of a message. @throws FormatError for bytes that are no message */
export function eachField(bytes: Uint8Array, visit: (field: number, value: Field) => void): void {
  const place = { bytes, at: 0 };
  while (place.at < bytes.length) {
    const key = varint(place);
    const wire = key & 7;
    const field = Math.floor(key / 8);
    if (field < 1 || field > 536870911) throw new FormatError(`onnx: a field has the number ${field}: the file is damaged or no ONNX file`);
    if (wire === 0) {
      visit(field, varint(place));
      continue;
    }
    const length = wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? varint(place) : -1;
    if (length < 0) {
      throw new FormatError(`onnx: field ${field} has a wire type or length that is none: the file is damaged or no ONNX file`);
    }
    if (length > bytes.length - place.at) {
      throw new FormatError(
        `onnx: field ${field} wants ${length} bytes, ${bytes.length - place.at} follow: the file is cut short or no ONNX file`,
      );
    }
    visit(field, bytes.subarray(place.at, place.at + length));
    place.at += length;
  }
}

/** The bytes of a field. */
export function bytesOf(value: Field): Uint8Array {
  if (typeof value === "number") throw new FormatError("onnx: bytes are wanted where a number stands: the file is damaged or no ONNX file");
  return value;
}

/** A whole number. */
export function integer(value: Field): number {
  if (typeof value !== "number") throw new FormatError("onnx: a number is wanted where bytes stand: the file is damaged or no ONNX file");
  return value;
}

/** Adds the whole numbers of a field, one or packed. */
export function integers(into: number[], value: Field): void {
  if (typeof value === "number") {
    into.push(value);
    return;
  }
  const place = { bytes: value, at: 0 };
  while (place.at < value.length) into.push(varint(place));
}

/** Adds the floats of a field, one or packed. */
export function floats(into: number[], value: Field): void {
  const bytes = bytesOf(value);
  if (bytes.length % 4 !== 0) throw new FormatError("onnx: floats take four bytes each: the file is damaged");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let i = 0; i < bytes.length; i += 4) into.push(view.getFloat32(i, true));
}

export function text(value: Field): string {
  const bytes = bytesOf(value);
  // Nearly all names are ASCII, and a decoder for each costs more than the name.
  if (bytes.length < 256 && bytes.every((byte) => byte < 128)) return String.fromCharCode(...bytes);
  return decodeUtf8(bytes.slice(), "onnx: a name");
}

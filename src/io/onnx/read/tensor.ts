/**
 * Tensors of an ONNX file (TensorProto): checked when they are met, read when their numbers are wanted, and then as views where they lie
 * aligned.
 */
import { FormatError, show } from "../../../errors.ts";
import { showShape, sizeOf } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";
import { readBfloat16, readHalf } from "../../weights/half.ts";
import { bytesOf, eachField, integer, integers, text } from "./wire.ts";
import type { Field } from "./wire.ts";
import { BFLOAT16, BOOL, DOUBLE, FLOAT16, INT64, elementTypes, typeName } from "./types.ts";
import type { Numbers } from "./types.ts";

/** Bytes beside the file, by the location that it names. */
export type External = (location: string, tensor: string) => Uint8Array;

const LITTLE_ENDIAN: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const MOST_DIMENSIONS = 32;

/** A tensor, whose numbers are still bytes. */
export interface StoredTensor {
  readonly name: string;
  readonly type: number;
  readonly shape: Shape;
  /** The numbers: a view of the file where its bytes lie as they are wanted, else a copy. */
  read(): Numbers;
}

/** A place in another file. */
export interface Elsewhere {
  readonly location: string;
  readonly offset: number;
  readonly length: number | undefined;
}

interface Parts {
  name: string;
  type: number;
  dims: number[];
  raw: Uint8Array | undefined;
  /** Values in typed fields, piece by piece: int32_data, int64_data, uint64_data as varints, float_data and double_data as bytes. */
  readonly pieces: { field: number; value: Field }[];
  elsewhere: Map<string, string> | undefined;
  texts: number;
}

function partsOf(bytes: Uint8Array): Parts {
  const parts: Parts = { name: "", type: 0, dims: [], raw: undefined, pieces: [], elsewhere: undefined, texts: 0 };
  let external = false;
  const entries = new Map<string, string>();
  eachField(bytes, (field, value) => {
    if (field === 1) integers(parts.dims, value);
    else if (field === 2) parts.type = integer(value);
    else if (field === 8) parts.name = text(value);
    else if (field === 9) parts.raw = bytesOf(value);
    else if (field === 6) parts.texts++;
    else if (field === 4 || field === 5 || field === 7 || field === 10 || field === 11) parts.pieces.push({ field, value });
    else if (field === 13) {
      const [key, entry] = keyValue(bytesOf(value));
      entries.set(key, entry);
    } else if (field === 14) external = integer(value) === 1;
  });
  if (external) parts.elsewhere = entries;
  if (parts.raw?.length === 0 && parts.pieces.length > 0) parts.raw = undefined;
  return parts;
}

/** StringStringEntryProto. */
export function keyValue(bytes: Uint8Array): [string, string] {
  const pair: [string, string] = ["", ""];
  eachField(bytes, (field, value) => {
    if (field === 1 || field === 2) pair[field - 1] = text(value);
  });
  return pair;
}

function decimal(entries: ReadonlyMap<string, string>, key: string, what: string): number | undefined {
  const value = entries.get(key);
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value)) throw new FormatError(`${what}: ${key} wants a whole number, got ${show(value)}`);
  return Number(value);
}

function elsewhereOf(entries: ReadonlyMap<string, string>, what: string): Elsewhere {
  const location = entries.get("location") ?? "";
  // A file may only name what lies beside it or below: no way up, no root, no drive.
  if (location === "" || /^[\\/]|^[A-Za-z]:|\0/.test(location) || location.split(/[\\/]/).includes("..")) {
    throw new FormatError(`${what}: its numbers lie in ${show(location)}, which is no path within the model's folder`);
  }
  return { location, offset: decimal(entries, "offset", what) ?? 0, length: decimal(entries, "length", what) };
}

/** Where a tensor's numbers lie, if that is another file. */
export function tensorLocation(bytes: Uint8Array): string | undefined {
  const { name, elsewhere } = partsOf(bytes);
  return elsewhere && elsewhereOf(elsewhere, `onnx: tensor ${show(name)}`).location;
}

/** @throws FormatError for a tensor whose shape, type and bytes don't belong together */
export function storedTensor(bytes: Uint8Array, external: External, called?: string): StoredTensor {
  const parts = partsOf(bytes);
  const { name, type, dims } = parts;
  const what = `onnx: tensor ${show(called ?? name)}`;
  if (dims.length > MOST_DIMENSIONS || !dims.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new FormatError(`${what} has the shape ${show(dims)}, which is none`);
  }
  const element = elementTypes[type];
  // Texts, complex and very small numbers may stand in a file; who wants to compute with them is told.
  if (element === undefined) return { name, type, shape: dims, read: () => unread(what, type) };
  const size = sizeOf(dims);
  // Zeros apart, so that an absurd shape is refused although it holds nothing.
  if (!Number.isSafeInteger(sizeOf(dims.filter((n) => n > 0)) * element.bytes)) {
    throw new FormatError(`${what} of shape ${showShape(dims)} is too large for any file`);
  }
  const length = size * element.bytes;
  if (parts.elsewhere === undefined && parts.raw === undefined) {
    return { name, type, shape: dims, read: typedRead(parts, size, what) };
  }
  const source = parts.elsewhere === undefined
    ? () => parts.raw!
    : outside(elsewhereOf(parts.elsewhere, what), length, external, what, name);
  if (parts.elsewhere === undefined && parts.raw!.length !== length) {
    throw new FormatError(`${what} of ${element.name} ${showShape(dims)} wants ${length} bytes, it has ${parts.raw!.length}`);
  }
  return { name, type, shape: dims, read: () => rawNumbers(source(), type, size) };
}

function unread(what: string, type: number): never {
  throw new FormatError(`${what} holds elements of ${typeName(type)}, which are not computed with`);
}

function outside({
  location, offset, length,
}: Elsewhere, wanted: number, external: External, what: string, name: string): () => Uint8Array {
  if (length !== undefined && length !== wanted) {
    throw new FormatError(`${what} wants ${wanted} bytes, the file says that ${length} lie in ${show(location)}`);
  }
  if (wanted === 0) return () => new Uint8Array(0);
  const bytes = external(location, name);
  if (offset + wanted > bytes.length) {
    throw new FormatError(
      `${what} ends at byte ${offset + wanted} of ${show(location)}, which has ${bytes.length}: it is cut short or belongs to another ` +
      `model`,
    );
  }
  return () => bytes.subarray(offset, offset + wanted);
}

/** Numbers that stand as they would in memory. */
function rawNumbers(bytes: Uint8Array, type: number, size: number): Numbers {
  const { bytes: width, array } = elementTypes[type];
  if (type === FLOAT16 || type === BFLOAT16) {
    const out = new Float32Array(size);
    (type === FLOAT16 ? readHalf : readBfloat16)(out, bytes);
    return out;
  }
  if (type === INT64 || type === 13) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return Float64Array.from({ length: size }, (_, i) =>
      (type === INT64 ? view.getInt32(8 * i + 4, true) : view.getUint32(8 * i + 4, true)) * 4294967296 + view.getUint32(8 * i, true));
  }
  let source = bytes;
  if (!LITTLE_ENDIAN || bytes.byteOffset % width !== 0) source = bytes.slice();
  if (!LITTLE_ENDIAN) for (let i = 0; i < source.length; i += width) source.subarray(i, i + width).reverse();
  return new (array as unknown as { new (buffer: ArrayBufferLike, at: number, size: number): Numbers })(
    source.buffer, source.byteOffset, size,
  );
}

/** Numbers in the field of their type, packed or one by one. */
function typedRead({ pieces, type, texts }: Parts, size: number, what: string): () => Numbers {
  const doubles = type === DOUBLE;
  const field = type === 1 ? 4 : doubles ? 10 : type === INT64 ? 7 : type === 12 || type === 13 ? 11 : 5;
  const own = pieces.filter((piece) => piece.field === field).map(({ value }) => value);
  const width = type === 1 ? 4 : doubles ? 8 : 0;
  // Counted before anything is allocated: a varint ends with a byte below 128.
  let count = 0;
  for (const value of own) {
    count += typeof value === "number" ? 1 : width > 0 ? value.length / width : value.reduce((sum, byte) => sum + (byte < 128 ? 1 : 0), 0);
  }
  if (count !== size || texts > 0) throw new FormatError(`${what} of ${typeName(type)} wants ${size} numbers, it has ${count}`);
  return () => {
    if (width > 0) {
      if (own.length === 1) return rawNumbers(bytesOf(own[0]), type, size);
      const all = new Uint8Array(size * width);
      let at = 0;
      for (const value of own) {
        all.set(bytesOf(value), at);
        at += bytesOf(value).length;
      }
      return rawNumbers(all, type, size);
    }
    const numbers: number[] = [];
    for (const value of own) integers(numbers, value);
    if (type === FLOAT16 || type === BFLOAT16) return rawNumbers(Uint8Array.from(numbers.flatMap((bits) => [bits, bits >> 8])), type, size);
    const out = new elementTypes[type].array(size);
    out.set(
      type === 13 ? numbers.map((n) => (n < 0 ? n + 18446744073709551616 : n))
        : type === BOOL ? numbers.map((n) => (n === 0 ? 0 : 1))
        : numbers,
    );
    return out;
  };
}

/**
 * Tensors of an ONNX file (TensorProto): checked when they are met, read when their numbers are wanted, and then as views where they lie
 * aligned.
 */
import { FormatError, show } from "../../../errors.ts";
import { showShape, sizeOf } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";
import { Unsupported } from "../lower/unsupported.ts";
import { readBfloat16, readHalf } from "../../weights/half.ts";
import { integer, integers, lastBytes, message, parts, text } from "./wire.ts";
import { BFLOAT16, BOOL, DOUBLE, FLOAT, FLOAT16, INT64, UINT64, elementTypes, typeName } from "./types.ts";
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

/** StringStringEntryProto. */
export function keyValue(bytes: Uint8Array): readonly [string, string] {
  const fields = message(bytes);
  return [text(fields(1)), text(fields(2))];
}

/** @throws FormatError for a tensor whose shape, type and bytes don't belong together */
export function storedTensor(bytes: Uint8Array, external: External, called?: string): StoredTensor {
  const fields = message(bytes);
  const [name, type, shape] = [text(fields(8)), integer(fields(2)), integers(fields(1))];
  const wrong = (what: string): never => {
    throw new FormatError(
      `onnx: tensor ${show(called ?? name)} of ${typeName(type)} ${showShape(shape.slice(0, MOST_DIMENSIONS))} ${what}`,
    );
  };
  const element = elementTypes[type];
  // Texts, complex and very small numbers may stand in a file; who wants to compute with them is told.
  if (element === undefined) {
    return {
      name, type, shape,
      read: () => {
        throw new Unsupported(`with ${show(called ?? name)}, a tensor of ${typeName(type)}`);
      },
    };
  }
  // Zeros apart, so that an absurd shape is refused although it holds nothing.
  const whole = shape.length <= MOST_DIMENSIONS && shape.every((size) => size >= 0) && Number.isSafeInteger(
    sizeOf(shape.filter((size) => size > 0)) * 8,
  );
  if (!whole) wrong("has a shape that no file can hold");
  const size = sizeOf(shape);
  const length = size * element.bytes;
  let raw = lastBytes(fields(9));
  if (integer(fields(14)) === 1) {
    raw = outside(new Map(parts(fields(13)).map(keyValue)), length, wrong, (location) => external(location, name));
  } else if (raw === undefined || (raw.length === 0 && size > 0)) {
    // Floats and doubles in fields of their own, as their bytes; whole numbers as varints.
    const field = type === FLOAT ? 4 : type === DOUBLE ? 10 : type === INT64 ? 7 : type === 12 || type === UINT64 ? 11 : 5;
    if (field === 4 || field === 10) raw = joined(parts(fields(field)));
    else {
      const numbers = integers(fields(field));
      if (numbers.length !== size) wrong(`wants ${size} numbers, it has ${numbers.length}`);
      return { name, type, shape, read: () => fromIntegers(numbers, type) };
    }
  }
  const held = raw;
  if (held.length !== length) wrong(`wants ${length} bytes, it has ${held.length}`);
  return { name, type, shape, read: () => fromBytes(held, type, size) };
}

/** Bytes that lie in another file. */
function outside(
  entries: ReadonlyMap<string, string>, wanted: number, wrong: (what: string) => never, external: (location: string) => Uint8Array,
): Uint8Array {
  const location = entries.get("location") ?? "";
  const place = show(location);
  // A file may only name what lies beside it or below: no way up, no root, no drive.
  if (location === "" || /^[\\/]|^[A-Za-z]:|\0|(^|[\\/])\.\.([\\/]|$)/.test(location)) {
    wrong(`lies in ${place}, which is no path within the model's folder`);
  }
  const [offset, length] = [entries.get("offset") ?? "0", entries.get("length") ?? String(wanted)].map((value) => {
    return /^\d{1,15}$/.test(value) ? Number(value) : wrong(`lies at a place ${show(value)} of ${place}, which is no whole number`);
  });
  if (length !== wanted) wrong(`wants ${wanted} bytes, the file says that ${length} lie in ${place}`);
  if (wanted === 0) return new Uint8Array(0);
  const bytes = external(location);
  if (offset + wanted > bytes.length) {
    wrong(`ends at byte ${offset + wanted} of ${place}, which has ${bytes.length}: it is cut short or belongs to another model`);
  }
  return bytes.subarray(offset, offset + wanted);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0];
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  pieces.reduce((at, piece) => (all.set(piece, at), at + piece.length), 0);
  return all;
}

/** Numbers that stand as they would in memory. */
function fromBytes(bytes: Uint8Array, type: number, size: number): Numbers {
  const { bytes: width, array } = elementTypes[type];
  if (type === FLOAT16 || type === BFLOAT16) {
    const out = new Float32Array(size);
    (type === FLOAT16 ? readHalf : readBfloat16)(out, bytes);
    return out;
  }
  const wide = type === INT64 || type === UINT64;
  if (wide) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const high = (i: number): number => (type === INT64 ? view.getInt32(8 * i + 4, true) : view.getUint32(8 * i + 4, true));
    return Float64Array.from({ length: size }, (_, i) => high(i) * 4294967296 + view.getUint32(8 * i, true));
  }
  const source = LITTLE_ENDIAN && bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  if (!LITTLE_ENDIAN) for (let i = 0; i < source.length; i += width) source.subarray(i, i + width).reverse();
  return new (array as unknown as { new (buffer: ArrayBufferLike, at: number, size: number): Numbers })(
    source.buffer, source.byteOffset, size,
  );
}

/** Numbers as varints: 16-bit floats by their bits, the largest of 64 bits as negative ones. */
function fromIntegers(numbers: readonly number[], type: number): Numbers {
  if (type === FLOAT16 || type === BFLOAT16) {
    return fromBytes(Uint8Array.from(numbers.flatMap((bits) => [bits, bits >> 8])), type, numbers.length);
  }
  const out = new elementTypes[type].array(numbers.length);
  out.set(numbers.map((n) => (type === UINT64 && n < 0 ? n + 18446744073709551616 : type === BOOL ? Number(n !== 0) : n)));
  return out;
}

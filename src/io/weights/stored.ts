/** Tensors as a file stores them: number format, shape and bytes. They become numbers only when somebody wants them. */
import { check, flag, has, record, tagOf, text } from "../../checks.ts";
import { FormatError, show } from "../../errors.ts";
import { sizeOf, Tensor } from "../../tensor.ts";
import type { Floats, Shape } from "../../tensor.ts";
import { readBfloat16, readHalf } from "./half.ts";

/**
 * A tensor of a weights file, not yet read.
 * @example
 * const stored: StoredTensor = { dtype: "I8", shape: [2], bytes: () => Uint8Array.of(1, 255) };
 * numbersOf("a", stored).data   // => [1,-1]
 */
export interface StoredTensor {
  /** The number format by its safetensors name: "F32", "BF16", "I64", "BOOL" ...; also PyTorch's complex formats "C32" and "C128". */
  readonly dtype: string;
  readonly shape: Shape;
  /**
   * The elements, row-major and little-endian; a view of the file where they lie in it like that.
   * @throws FormatError where the file is damaged
   */
  bytes(): Uint8Array;
}

/**
 * What every reader of weights files gives.
 * @example
 * const file: WeightsFile = readWeights(writeSafetensors([["a", Tensor.zeros([2])]], { metadata: { by: "me" } }));
 * [file.tensors, file.metadata["by"]]   // => [["a"],"me"]
 */
export interface WeightsFile {
  /** By name. Where dictionaries lie within each other the keys on the way come first, with dots between: "state_dict.conv1.weight". */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What the file says of itself (`__metadata__` of safetensors). */
  readonly metadata: Readonly<Record<string, string>>;
  /** Tensors of kinds that are not read (sparse, quantised): name, and the kind. */
  readonly unreadable: ReadonlyMap<string, string>;
}

export const littleEndian: boolean = /* @__PURE__ */ new Uint8Array(/* @__PURE__ */ Uint16Array.of(1).buffer)[0] === 1;

/** Turns the bytes of every element round. */
export function swapEach(bytes: Uint8Array, width: number): void {
  for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
}

/** `bytes` in the host's byte order at an address that is a multiple of `width`; a copy only where it must be one. */
function hostBytes(bytes: Uint8Array, width: number, share: boolean): Uint8Array {
  if (share && littleEndian && bytes.byteOffset % width === 0) return bytes;
  const copy = bytes.slice();
  if (!littleEndian) swapEach(copy, width);
  return copy;
}

/** Bytes an element takes, and how a DataView reads it where it is a whole number. */
const formats: Readonly<Record<string, readonly [
  number, ("getBigInt64" | "getBigUint64" | "getInt32" | "getUint32" | "getInt16" | "getUint16" | "getInt8" | "getUint8")?,
]>> = {
  F64: [8], F32: [4], F16: [2], BF16: [2], C32: [4], C64: [8], C128: [16],
  F8_E4M3: [1], F8_E5M2: [1], F8_E8M0: [1], F8_E4M3FNUZ: [1], F8_E5M2FNUZ: [1], F6_E2M3: [0.75], F6_E3M2: [0.75], F4: [0.5],
  I64: [8, "getBigInt64"], U64: [8, "getBigUint64"], I32: [4, "getInt32"], U32: [4, "getUint32"],
  I16: [2, "getInt16"], U16: [2, "getUint16"], I8: [1, "getInt8"], U8: [1, "getUint8"], BOOL: [1, "getUint8"],
};

/** Bytes that an element takes; half and three quarters of one for floats of 4 and 6 bits. undefined for an unknown number format. */
export function widthOf(dtype: string): number | undefined {
  return Object.hasOwn(formats, dtype) ? formats[dtype][0] : undefined;
}

/** Can `numbersOf` make numbers of it? */
export function isNumeric(dtype: string): boolean {
  return /^(F32|F64|F16|BF16)$/.test(dtype) || formats[dtype]?.[1] !== undefined;
}

/**
 * The tensor as numbers: F64 and whole numbers in double precision, the others in single. BOOL becomes 0 and 1.
 * @param name in the message
 * @param share F32 and F64 may be views of the stored bytes
 * @throws FormatError for complex numbers and floats of less than 16 bits
 * @example
 * const { tensors } = readWeights(writeSafetensors([["a", Tensor.of([1, 2], [2])]]));
 * numbersOf("a", tensors.get("a")!).data   // => [1,2]
 */
export function numbersOf(name: string, stored: StoredTensor, share: boolean = false): Tensor {
  check("numbersOf", "name", name, text);
  check("numbersOf", "share", share, flag);
  if (!has(stored, "bytes") || typeof stored.dtype !== "string" || !Object.hasOwn(formats, stored.dtype)) {
    throw new TypeError(`numbersOf: stored wants a tensor of a weights file, got ${show(stored)}`);
  }
  const { dtype, shape } = stored;
  const [width, get] = formats[dtype];
  const size = sizeOf(shape);
  let data: Floats;
  if (dtype === "F32" || dtype === "F64") {
    const { buffer, byteOffset } = hostBytes(stored.bytes(), width, share);
    data = dtype === "F32" ? new Float32Array(buffer, byteOffset, size) : new Float64Array(buffer, byteOffset, size);
  } else if (dtype === "F16" || dtype === "BF16") {
    data = new Float32Array(size);
    (dtype === "F16" ? readHalf : readBfloat16)(data, stored.bytes());
  } else if (get !== undefined) {
    const bytes = stored.bytes();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    data = new Float64Array(size);
    for (let i = 0; i < size; i++) data[i] = Number(view[get](i * width, true));
    if (dtype === "BOOL") data = data.map((value) => (value === 0 ? 0 : 1));
  } else {
    throw new FormatError(
      `weights: tensor ${show(name)} is stored as ${dtype}, which is not read; readable are F32, F16, BF16, F64 and whole numbers`,
    );
  }
  return new Tensor(data, shape);
}

/** Is it what a reader gave, and no bytes? */
export function isRead<F extends { readonly metadata: object }>(file: F | Uint8Array | ArrayBuffer): file is F {
  const { tensors, metadata } = Object(file) as Partial<WeightsFile>;
  return tagOf(tensors) === "Map" && record.is(metadata);
}

/**
 * safetensors, the weights format of https://github.com/huggingface/safetensors: eight bytes with the header's length (little-endian), a
 * JSON header `{ name: { dtype, shape, data_offsets: [begin, end] }, __metadata__: { name: text } }`, then the tensors' bytes,
 * row-major and little-endian. Bytes in, bytes out: files belong to the caller.
 *
 * A file comes from a stranger: everything in the header is checked before any tensor is allocated, and as strictly as the official
 * library does: the tensors must fill the data exactly, without overlap or gap.
 */
import { checkFields, flag, has, isTensor, oneOf, record, whole } from "../../checks.ts";
import type { ArgumentKind } from "../../checks.ts";
import { FormatError, show } from "../../errors.ts";
import { isDouble, showShape, sizeOf } from "../../tensor.ts";
import type { Floats, Tensor } from "../../tensor.ts";
import { HALF_MAX, writeHalf } from "./half.ts";
import { crc32 } from "../bytes/checksum.ts";
import { bytesOf } from "../bytes/bytes-of.ts";
import { parseJson } from "../bytes/json.ts";
import type { Json } from "../bytes/json.ts";
import { decodeUtf8, encodeUtf8 } from "../bytes/utf8.ts";
import { littleEndian, numbersOf, swapEach, widthOf } from "./stored.ts";
import type { StoredTensor, WeightsFile } from "./stored.ts";

/**
 * What a weights file holds.
 * @example
 * const file: SafetensorsFile = parseSafetensors(writeSafetensors(new Map([["a", Tensor.zeros([2, 3])]])));
 * file.tensors.get("a")?.shape   // => [2,3]
 */
export interface SafetensorsFile {
  /** By name, in the header's order. F32, F16 and BF16 come as Float32Array, F64 as Float64Array. */
  readonly tensors: Map<string, Tensor>;
  /** Names of batch counters (integers named `*.num_batches_tracked`), which no network computes with. */
  readonly ignored: string[];
  readonly metadata: Record<string, string>;
}

const READABLE: readonly string[] = ["F32", "F16", "BF16", "F64"];

/** The official library's limit. Real headers take some 100 bytes a tensor. */
const LONGEST_HEADER = 100_000_000;
const MOST_DIMENSIONS = 32;
const METADATA = "__metadata__";
/** Half of a pair: text that UTF-8 cannot hold. */
const loneSurrogate = /[\ud800-\udfff]/u;
const CHECKSUM = "senet.checksum";
const COUNTER = /(^|\.)num_batches_tracked$/;

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** A file's header, checked, and the bytes behind it. */
interface Opened {
  readonly entries: readonly Entry[];
  readonly data: Uint8Array;
  readonly metadata: Record<string, string>;
}

/**
 * Opens a weights file: tensors of every number format, views of `bytes`, read when they are wanted. Takes what the official library
 * takes: white space before the header, `"__metadata__": null`, a tensor described twice alike.
 * @example
 * const { tensors } = readSafetensors(writeSafetensors(new Map([["a", Tensor.zeros([2, 3])]])));
 * tensors.get("a")?.dtype   // => F32
 * @throws FormatError with one line on what is wrong, naming the tensor; TypeError if `bytes` are no bytes
 */
export function readSafetensors(bytes: Uint8Array | ArrayBuffer): WeightsFile {
  const { entries, data, metadata } = open(bytes, false);
  const tensors = new Map<string, StoredTensor>();
  for (const { name, dtype, shape, begin, end } of entries) tensors.set(name, { dtype, shape, bytes: () => data.subarray(begin, end) });
  return { tensors, metadata, unreadable: new Map() };
}

/**
 * Reads a weights file.
 * @param options.share lets tensors be views of `bytes` where alignment allows: no copy, but they change with `bytes`. Default false.
 * @throws FormatError with one line on what is wrong, naming the tensor; TypeError if `bytes` are no bytes
 * @example
 * const { tensors, metadata } = parseSafetensors(writeSafetensors([["a", Tensor.of([1, 2], [2])]], { metadata: { by: "me" } }));
 * [tensors.get("a")?.data, metadata]   // => [[1,2],{"by":"me"}]
 */
export function parseSafetensors(bytes: Uint8Array | ArrayBuffer, options: { readonly share?: boolean } = {}): SafetensorsFile {
  checkFields("parseSafetensors: options", options, { share: flag });
  const { entries, data, metadata } = open(bytes, true);
  const ignored: string[] = [];
  const wanted = entries.filter(({ name, dtype }) => {
    if (READABLE.includes(dtype)) return true;
    if (!COUNTER.test(name) || !/^[IU]\d/.test(dtype)) {
      throw new FormatError(`safetensors: tensor ${show(name)} has dtype ${dtype}, which is not read; readable are ${READABLE.join(", ")}`);
    }
    ignored.push(name);
    return false;
  });
  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, shape, begin, end } of wanted) {
    tensors.set(name, numbersOf(name, { dtype, shape, bytes: () => data.subarray(begin, end) }, options.share ?? false));
  }
  return { tensors, ignored, metadata };
}

function open(bytes: Uint8Array | ArrayBuffer, strict: boolean): Opened {
  const file = bytesOf(bytes, strict ? "parseSafetensors" : "readSafetensors");
  if (file.length < 8) throw new FormatError(`safetensors: a file has at least 8 bytes, this one has ${file.length}`);
  const view = new DataView(file.buffer, file.byteOffset, 8);
  const headerLength = view.getUint32(0, true) + view.getUint32(4, true) * 4294967296;
  if (headerLength > LONGEST_HEADER) {
    throw new FormatError(`safetensors: the header wants at most ${LONGEST_HEADER} bytes, the file says ${headerLength}`);
  }
  if (headerLength > file.length - 8) {
    throw new FormatError(
      `safetensors: the header has ${headerLength} bytes, only ${file.length - 8} follow: the file is cut short or no safetensors file`);
  }
  // A copy, because TextDecoder refuses shared memory.
  const header = decodeUtf8(file.slice(8, 8 + headerLength), "safetensors header");
  if (!(strict ? header.startsWith("{") : /^[ \t\r\n]*\{/.test(header))) {
    throw new FormatError(`safetensors: the header begins with "{", this one with ${show(header.slice(0, 12))}`);
  }
  const data = file.subarray(8 + headerLength);
  const entries: Entry[] = [];
  let metadata: Record<string, string> = {};
  // A tensor may be described twice, if both times alike.
  const again = strict ? undefined : (name: string, a: Json, b: Json): boolean => name !== METADATA && sameEntry(a, b);
  for (const [name, value] of parseJson(header, "safetensors header", again) as Map<string, Json>) {
    if (name !== METADATA) entries.push(entryOf(name, value, data.length));
    else if (strict || value !== null) metadata = metadataOf(value);
  }
  checkCover(entries, data.length);
  checkSum(file, header, metadata);
  return { entries, data, metadata };
}

/**
 * A file may carry a checksum of its own bytes: CRC-32 of those before the 16 digits and of those behind them. It is compared, and taken
 * out of the metadata: in another file it would be wrong.
 */
function checkSum(file: Uint8Array, header: string, metadata: Record<string, string>): void {
  const at = digitsAt(header);
  // A bit of its name may be what was damaged.
  const misspelt = Object.keys(metadata).some((key) =>
    key.length === CHECKSUM.length && Array.from(key).filter((letter, i) => letter !== CHECKSUM[i]).length === 1);
  if (!Object.hasOwn(metadata, CHECKSUM) && !misspelt) return;
  if (misspelt || at === undefined || sumOf(file, at) !== metadata[CHECKSUM]) {
    throw new FormatError("safetensors: the file does not have its checksum: it is damaged");
  }
  delete metadata[CHECKSUM];
}

/** Where in the file the digits of its checksum are. */
function digitsAt(header: string): number | undefined {
  const key = `"${CHECKSUM}":"`;
  const at = header.indexOf(key);
  return at < 0 ? undefined : 8 + encodeUtf8(header.slice(0, at + key.length)).length;
}

function sumOf(file: Uint8Array, at: number): string {
  return [crc32(file, 0, at), crc32(file, at + 16)].map((sum) => sum.toString(16).padStart(8, "0")).join("");
}

function sameEntry(a: Json, b: Json): boolean {
  const text = (value: Json): string => JSON.stringify(
    value instanceof Map ? ["dtype", "shape", "data_offsets"].map((key) => value.get(key)) : value,
  );
  return text(a) === text(b);
}

function metadataOf(value: Json): Record<string, string> {
  if (!(value instanceof Map)) throw new FormatError(`safetensors: ${METADATA} wants an object of texts`);
  for (const [key, text] of value) {
    if (typeof text !== "string") throw new FormatError(`safetensors: ${METADATA} wants texts only, ${show(key)} is none`);
  }
  // fromEntries defines properties, so the name "__proto__" is one like any other.
  return Object.fromEntries(value) as Record<string, string>;
}

function isSize(value: Json | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The entry of one tensor, with everything checked that can be without the others. */
function entryOf(name: string, value: Json, dataLength: number): Entry {
  const what = `safetensors: tensor ${show(name)}`;
  if (!(value instanceof Map)) throw new FormatError(`${what} wants an object with dtype, shape and data_offsets`);
  const dtype = value.get("dtype");
  // PyTorch's C32 and C128 are none of this format.
  const width = typeof dtype === "string" && dtype !== "C32" && dtype !== "C128" ? widthOf(dtype) : undefined;
  if (width === undefined) throw new FormatError(`${what} has an unknown dtype ${typeof dtype === "string" ? show(dtype) : "(no text)"}`);
  const shape = value.get("shape");
  if (!Array.isArray(shape) || shape.length > MOST_DIMENSIONS || !shape.every(isSize)) {
    throw new FormatError(`${what} wants a shape of at most ${MOST_DIMENSIONS} whole numbers of at least 0`);
  }
  const offsets = value.get("data_offsets");
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw new FormatError(`${what} wants data_offsets of two whole numbers of at least 0`);
  }
  const [begin, end] = offsets;
  if (begin > end) throw new FormatError(`${what} begins at byte ${begin} of the data and ends before that, at ${end}`);
  if (end > dataLength) {
    throw new FormatError(`${what} ends at byte ${end} of the data, which has ${dataLength}: the file is cut short or its header wrong`);
  }
  // Zeros apart, so that an absurd shape is refused although it holds nothing.
  if (!Number.isSafeInteger(sizeOf(shape.filter((n) => n > 0)) * width)) {
    throw new FormatError(`${what} of shape ${showShape(shape)} is too large for any file`);
  }
  const byteLength = sizeOf(shape) * width;
  if (byteLength !== end - begin) {
    throw new FormatError(`${what} of ${dtype} ${showShape(shape)} wants ${byteLength} bytes, its data_offsets span ${end - begin}`);
  }
  return { name, dtype: dtype as string, shape: shape.map((n) => n + 0), begin, end };
}

/** The tensors must lie end to end from the first byte of the data to the last. */
function checkCover(entries: readonly Entry[], dataLength: number): void {
  const sorted = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of sorted) {
    if (begin < at) {
      throw new FormatError(
        `safetensors: tensor ${show(name)} begins at byte ${begin} of the data, inside the tensor before it, which ends at ${at}`,
      );
    }
    if (begin > at) {
      throw new FormatError(`safetensors: bytes ${at} to ${begin} of the data, before tensor ${show(name)}, belong to no tensor`);
    }
    at = end;
  }
  if (at !== dataLength) throw new FormatError(`safetensors: the last ${dataLength - at} bytes of the data belong to no tensor`);
}

/**
 * What `writeSafetensors` may be told.
 * @example
 * const options: WriteSafetensorsOptions = { dtype: "F16", metadata: { by: "me" } };
 * parseSafetensors(writeSafetensors(new Map([["a", Tensor.zeros([2])]]), options)).metadata.by   // => me
 */
export interface WriteSafetensorsOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  /**
   * How to store every tensor; where nothing is given, each in its own precision. With F16, a tensor with a finite number that half
   * precision cannot hold (65520 and more) stays F32 rather than become infinite.
   */
  readonly dtype?: "F32" | "F16" | "F64";
  /** Writes an I64 counter `*.num_batches_tracked` of this value beside every `*.running_mean`, as PyTorch has it. */
  readonly batchesTracked?: number;
  /** Writes a checksum of the file's bytes into its metadata, which our readers compare. Default false. */
  readonly checksum?: boolean;
}

/** As the official library orders them, the widest first. */
const RANK: readonly string[] = [
  "U64", "I64", "F64", "C64", "F32", "U32", "I32", "BF16", "F16", "U16", "I16", "F8_E5M2FNUZ", "F8_E4M3FNUZ", "F8_E8M0", "F8_E4M3",
  "F8_E5M2",
  "I8", "U8", "F4", "BOOL",
];

/** A tensor to be written, and what as. A counter has none. */
interface Writing {
  readonly dtype: string;
  readonly tensor: Tensor | StoredTensor | null;
}

/**
 * Writes a weights file. The same tensors give the same bytes, whatever their order: as the official library does it, the widest types
 * come first (so that everything is aligned), names are sorted, and spaces pad the header to a multiple of eight.
 * @param tensors stored ones keep their number format; where `dtype` is given, floats of 16 bits and more take that
 * @throws RangeError for a name that stands twice, is not well-formed or is "__metadata__"; TypeError for metadata that is no text
 * @example
 * const bytes = writeSafetensors([["a", Tensor.of([1, 2], [2])]], { dtype: "F16" });
 * readWeights(bytes).tensors.get("a")?.dtype   // => F16
 */
export function writeSafetensors(
  tensors: Iterable<readonly [string, Tensor | StoredTensor]>, options: WriteSafetensorsOptions = {},
): Uint8Array {
  const known: Record<keyof WriteSafetensorsOptions, ArgumentKind | null> = {
    metadata: record, dtype: oneOf("F32", "F16", "F64"), batchesTracked: whole(0), checksum: flag,
  };
  checkFields("writeSafetensors: options", options, known);
  const counter = options.batchesTracked;
  if (typeof tensors !== "object" || tensors === null || !(Symbol.iterator in tensors)) {
    throw new TypeError(`writeSafetensors: tensors wants a Map of tensors, or pairs of name and tensor, got ${show(tensors)}`);
  }
  const entries = new Map<string, Writing>();
  const add = (name: string, dtype: string, tensor: Writing["tensor"]): void => {
    if (name === METADATA || loneSurrogate.test(name)) throw new RangeError(`writeSafetensors: a tensor cannot be named ${show(name)}`);
    if (entries.has(name)) throw new RangeError(`writeSafetensors: two tensors are named ${show(name)}`);
    entries.set(name, { dtype, tensor });
  };
  for (const pair of tensors) {
    const [name, tensor]: readonly unknown[] = Array.isArray(pair) ? pair : [];
    if (typeof name !== "string" || !(isTensor(tensor) || isStored(tensor))) {
      throw new TypeError(`writeSafetensors: tensors wants pairs of name and tensor, got ${show(pair)}`);
    }
    const numbers = options.dtype !== undefined && "dtype" in tensor && /^B?F\d+$/.test(tensor.dtype)
      ? numbersOf(name, tensor, true)
      : tensor;
    add(name, writtenAs(name, numbers, options.dtype), numbers);
    if (counter !== undefined && /(^|\.)running_mean$/.test(name)) add(name.replace(/running_mean$/, "num_batches_tracked"), "I64", null);
  }
  const sorted = [...entries].sort(([a, x], [b, y]) => RANK.indexOf(x.dtype) - RANK.indexOf(y.dtype) || (a < b ? -1 : 1));

  const parts: string[] = metadataParts({ ...options.metadata, ...(options.checksum === true ? { [CHECKSUM]: "0".repeat(16) } : {}) });
  let end = 0;
  for (const [name, { dtype, tensor }] of sorted) {
    const begin = end;
    end += byteLength(tensor, dtype);
    parts.push(`${JSON.stringify(name)}:{"dtype":"${dtype}","shape":${showShape(tensor?.shape ?? [])},"data_offsets":[${begin},${end}]}`);
  }
  const json = encodeUtf8(`{${parts.join(",")}}`);
  const headerLength = Math.ceil(json.length / 8) * 8;
  if (headerLength > LONGEST_HEADER) {
    throw new RangeError(`writeSafetensors: the header wants at most ${LONGEST_HEADER} bytes, got ${headerLength}`);
  }

  const file = new Uint8Array(8 + headerLength + end);
  new DataView(file.buffer).setUint32(0, headerLength, true);
  file.fill(0x20, 8 + json.length, 8 + headerLength).set(json, 8);
  let at = 8 + headerLength;
  for (const [, { dtype, tensor }] of sorted) {
    const bytes = file.subarray(at, (at += byteLength(tensor, dtype)));
    if (tensor === null) writeCounter(bytes, counter ?? 0);
    else if ("dtype" in tensor) bytes.set(tensor.bytes());
    else writeFloats(bytes, tensor.data, dtype);
  }
  if (options.checksum === true) {
    const digits = digitsAt(`{${parts[0]}`)!;
    file.set(encodeUtf8(sumOf(file, digits)), digits);
  }
  return file;
}

function isStored(value: unknown): value is StoredTensor {
  const { dtype, shape } = Object(value) as Partial<StoredTensor>;
  return has(value, "bytes") && typeof dtype === "string" && Array.isArray(shape);
}

function byteLength(tensor: Writing["tensor"], dtype: string): number {
  return (tensor === null ? 1 : sizeOf(tensor.shape)) * widthOf(dtype)!;
}

function writtenAs(name: string, tensor: Tensor | StoredTensor, dtype: WriteSafetensorsOptions["dtype"]): string {
  if ("dtype" in tensor) {
    if (RANK.includes(tensor.dtype)) return tensor.dtype;
    throw new RangeError(`writeSafetensors: tensor ${show(name)} is stored as ${tensor.dtype}, which the format has not`);
  }
  if (dtype === undefined) return isDouble(tensor.data) ? "F64" : "F32";
  if (dtype === "F16" && tensor.data.some((x) => Math.abs(x) >= HALF_MAX + 16 && Math.abs(x) < Infinity)) return "F32";
  return dtype;
}

function metadataParts(metadata: Readonly<Record<string, string>>): string[] {
  const keys = Object.keys(metadata).sort();
  for (const key of keys) {
    if (typeof metadata[key] !== "string") {
      throw new TypeError(`writeSafetensors: metadata wants texts, ${show(key)} is ${show(metadata[key])}`);
    }
    if (loneSurrogate.test(key + metadata[key])) throw new RangeError(`writeSafetensors: metadata ${show(key)} is not well-formed text`);
  }
  if (keys.length === 0) return [];
  return [`"${METADATA}":{${keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`).join(",")}}`];
}

function writeFloats(bytes: Uint8Array, values: Floats, dtype: string): void {
  if (dtype === "F16") return writeHalf(bytes, values);
  const wanted = dtype === "F64" ? Float64Array : Float32Array;
  const floats = values.BYTES_PER_ELEMENT === wanted.BYTES_PER_ELEMENT ? values : wanted.from(values);
  bytes.set(new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength));
  if (!littleEndian) swapEach(bytes, wanted.BYTES_PER_ELEMENT);
}

function writeCounter(bytes: Uint8Array, value: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  view.setUint32(0, value % 4294967296, true);
  view.setUint32(4, Math.floor(value / 4294967296), true);
}

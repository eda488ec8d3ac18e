/** Hand-made files of torch.save: pickles opcode by opcode, and zip archives around them. */
import { crc32 } from "../../../src/io/bytes/checksum.ts";
import { encodeUtf8 } from "../../../src/io/bytes/utf8.ts";
import { Tensor } from "../../../src/tensor.ts";

export type Part = number | string | Uint8Array | readonly Part[];

/** Bytes of numbers (a byte each), texts (UTF-8) and bytes, one after the other. */
export function joined(...parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  const pieces = parts.map((part) =>
    typeof part === "number" ? Uint8Array.of(part) : typeof part === "string" ? encodeUtf8(part) : part instanceof Uint8Array ? part
      : joined(...part));
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** A whole number of `bytes` bytes, the lowest first. */
export function little(value: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * i)) % 256);
}

/** Opcodes of one value: texts as BINUNICODE, numbers as BININT, lists as tuples. */
export type Item = number | string | null | boolean | Uint8Array | readonly Item[];
export function item(value: Item): Part {
  if (value === null) return "N";
  if (typeof value === "boolean") return value ? 0x88 : 0x89;
  if (typeof value === "string") return ["X", little(encodeUtf8(value).length, 4), value];
  if (typeof value === "number") return value > 0x7fffffff ? [0x8a, 8, little(value, 8)] : ["J", little(value, 4)];
  return value instanceof Uint8Array ? value : ["(", value.map(item), "t"];
}

export const global = (module: string, name: string): Uint8Array => joined("c", `${module}\n${name}\n`);

/** The opcodes of a storage. */
export function storage(type: string, key: string, count: number): Uint8Array {
  return joined(item(["storage", global("torch", type), key, "cpu", count]), "Q");
}

/** The opcodes of a tensor by `_rebuild_tensor_v2`. */
export function tensor(of: Uint8Array, offset: number, shape: readonly number[], strides: readonly number[]): Uint8Array {
  return joined(
    global("torch._utils", "_rebuild_tensor_v2"),
    item([of, offset, shape, strides, false, joined(global("collections", "OrderedDict"), ")R")]), "R",
  );
}

/** The opcodes of a dictionary. */
export function dict(entries: readonly (readonly [Item, Item])[]): Uint8Array {
  return joined("}", "(", entries.map(([key, value]) => [item(key), item(value)]), "u");
}

export const pickle = (...parts: readonly Part[]): Uint8Array => joined(0x80, 2, parts, ".");

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** 0 stored, 8 deflated: then `bytes` are packed, and `size` is what comes out. */
  readonly method?: number;
  readonly size?: number;
  readonly crc?: number;
}

/** A zip archive. */
export function zip(entries: readonly ZipEntry[]): Uint8Array {
  const local: Part[] = [];
  const directory: Part[] = [];
  let at = 0;
  for (const { name, bytes, method = 0, size = bytes.length, crc = crc32(bytes) } of entries) {
    const text = encodeUtf8(name);
    const fields = [
      little(0, 2), little(method, 2), little(0, 4), little(crc, 4), little(bytes.length, 4), little(size, 4), little(text.length, 2),
      little(0, 2),
    ];
    local.push("PK", 3, 4, little(20, 2), fields, text, bytes);
    directory.push("PK", 1, 2, little(20, 2), little(20, 2), fields, little(0, 10), little(at, 4), text);
    at += 30 + text.length + bytes.length;
  }
  const tail = joined(directory);
  return joined(
    local, tail, "PK", 5, 6, little(0, 4), little(entries.length, 2), little(entries.length, 2), little(tail.length, 4), little(at, 4),
    little(0, 2),
  );
}

/** A checkpoint in the zip form. */
export function checkpoint(data: Uint8Array, storages: Readonly<Record<string, Uint8Array>> = {}): Uint8Array {
  const entries = Object.entries(storages).map(([key, bytes]) => ({ name: `archive/data/${key}`, bytes }));
  return zip([{ name: "archive/data.pkl", bytes: data }, ...entries, { name: "archive/version", bytes: encodeUtf8("3\n") }]);
}

/** A checkpoint of these tensors, in single precision, in dictionaries within each other. */
export type Tree = { readonly [name: string]: Tensor | Tree | string | number };
export function torchFile(root: Tree): Uint8Array {
  const storages: Record<string, Uint8Array> = {};
  const build = (tree: Tree): Uint8Array => dict(Object.entries(tree).map(([name, value]) => {
    if (typeof value !== "object") return [name, value];
    if (!(value instanceof Tensor)) return [name, build(value)];
    const key = String(Object.keys(storages).length);
    const { data } = value.toFloat32();
    storages[key] = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const strides = value.shape.map((_, axis) => value.shape.slice(axis + 1).reduce((a, b) => a * b, 1));
    return [name, tensor(storage("FloatStorage", key, value.size), 0, value.shape, strides)];
  }));
  return checkpoint(pickle(build(root)), storages);
}

/**
 * Tensors in pickles of torch.save: what torch._utils._rebuild_* make of their arguments. A tensor is a view (offset and strides, in
 * elements) of a storage, which others may share.
 */
import { show } from "../../../errors.ts";
import { showShape, sizeOf } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";
import { swapEach, widthOf } from "../stored.ts";
import type { StoredTensor } from "../stored.ts";
import { bad } from "./budget.ts";
import type { Budget } from "./budget.ts";
import { Global } from "./pickle.ts";
import type { Value } from "./pickle.ts";

/** Number formats of the classes of storages that are not called by their dtype. */
const storages: Readonly<Record<string, string>> = {
  Double: "F64", Float: "F32", Half: "F16", Long: "I64", Int: "I32", Short: "I16", Char: "I8", Byte: "U8", Untyped: "U8",
  ComplexFloat: "C64", ComplexDouble: "C128",
};

/** The number format of "torch.float8_e4m3fn" or "torch.HalfStorage" by its name in safetensors, and its width. */
function formatOf(value: Value): readonly [dtype: string, width: number] {
  const name = value instanceof Global ? value.name.replace(/^.*\.Q?|Storage$/g, "") : "";
  const dtype = storages[name] ?? name.toUpperCase().replace(/^(B?F|U|I|C)[A-Z]+(\d+)/, "$1$2").replace(/(\dM\d)FNU?$/, "$1");
  return [dtype, widthOf(dtype) ?? bad(`number format ${show(name)} is not read`)];
}

const isCount = (value: Value): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isCounts = (value: Value): value is number[] => Array.isArray(value) && value.length <= 64 && value.every(isCount);

/** One block of memory. Its bytes come when a tensor of it is read. */
export class Storage {
  readonly format: readonly [dtype: string, width: number];
  /** In bytes. */
  readonly size: number;
  /** Gives the bytes. */
  read: () => Uint8Array = () => bad();

  /**
   * @param type its class, such as "torch.FloatStorage"
   * @param count of elements; of bytes, where the class says no number format
   */
  constructor(type: Value, count: Value) {
    this.format = formatOf(type);
    this.size = isCount(count) ? count * this.format[1] : bad();
  }
}

/** Tensors that can be read. */
export const readable: WeakSet<object> = new WeakSet();

/** `_rebuild_tensor_v2`, `_v3` (with a number format of its own) and their older form. */
function rebuild(version: string, args: readonly Value[], swap: boolean, budget: Budget): StoredTensor {
  const [storage, offset, shape, strides, , , more, last] = args;
  if (!(storage instanceof Storage) || !isCount(offset) || !isCounts(shape) || !isCounts(strides) || shape.length !== strides.length) {
    return bad();
  }
  const [dtype, width] = version === "_v3" ? formatOf(more) : storage.format;
  const marks = version === "_v3" ? last : more;
  // Which halves of an element have the other sign in memory: 1 for the second one (or the whole of a real number), 2 for the first.
  let signs = 0;
  for (const [mark, on] of marks instanceof Map ? marks : []) {
    if (on === true) signs ^= mark === "conj" ? 1 : mark === "neg" ? 3 : bad();
  }
  const bytes = sizeOf(shape) * width;
  const end = bytes && width * shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis], offset + 1);
  if (!(end <= storage.size)) bad(`a tensor of ${dtype} ${showShape(shape)} ends at byte ${end} of ${storage.size}`);
  // Strides of 0 make large tensors of small storages.
  if (bytes > storage.size) budget(bytes);
  const tensor = {
    dtype, shape, bytes: () => gather(storage, offset, shape, strides, width, dtype[0] === "C" ? width / 2 : width, swap, signs),
  };
  readable.add(tensor);
  return tensor;
}

/** The elements in a row. @param one bytes of a number: complex elements have two */
function gather(
  storage: Storage, offset: number, shape: Shape, strides: readonly number[], width: number, one: number, swap: boolean, signs: number,
): Uint8Array {
  const source = storage.read();
  if (source.length < storage.size) bad();
  let [size, dense] = [1, !(swap && one > 1) && signs === 0];
  for (let axis = shape.length; axis-- > 0; size *= shape[axis]) dense &&= shape[axis] === 1 || strides[axis] === size;
  let from = offset * width;
  if (dense) return source.subarray(from, from + size * width);

  const out = new Uint8Array(size * width);
  const index = shape.map(() => 0);
  for (let to = 0; to < out.length; ) {
    for (let i = 0; i < width; i++) out[to++] = source[from + i];
    // The next element: the last index that does not begin again goes up.
    for (let axis = shape.length; axis-- > 0; index[axis] = 0) {
      from += strides[axis] * width;
      if (++index[axis] < shape[axis]) break;
      from -= shape[axis] * strides[axis] * width;
    }
  }
  if (swap) swapEach(out, one);
  for (let i = one - 1, half = one < width ? 2 : 1; i < out.length; i += one) {
    if (signs & half) out[i] ^= 128;
    if (one < width) half ^= 3;
  }
  return out;
}

/**
 * What calling the function or class of that name makes, where it is one that state dicts use; undefined for others.
 * @param swap the file is big-endian
 */
export function callOf(swap: boolean, budget: Budget): (name: string, args: readonly Value[]) => Value | undefined {
  const call = (name: string, args: readonly Value[], nested?: boolean): Value | undefined => {
    const [first, , inner] = args;
    const tensor = /^torch\._utils\._rebuild_tensor(|_v2|_v3)$/.exec(name);
    if (tensor !== null) return rebuild(tensor[1], args, swap, budget);
    if (/^torch\.(_utils\._rebuild_parameter|nn\.parameter\.|Size$)/.test(name)) return first;
    if (/^(collections\.OrderedDict|(__builtin__|builtins)\.dict)$/.test(name)) {
      return new Map(Array.isArray(first) ? first.map((pair): [Value, Value] => (Array.isArray(pair) ? [pair[0], pair[1]] : bad())) : []);
    }
    // A subclass of Tensor, or a tensor with attributes: a function, the class, and the function's arguments.
    const typed = !nested && /^torch\._?tensor\._rebuild_from_type/.test(name) && first instanceof Global && Array.isArray(inner);
    return typed ? call(first.name, inner, true) : undefined;
  };
  return (name, args) => call(name, args);
}

/**
 * The weights in a .tflite file. It is a flatbuffer: tables that point to tables. A table begins with its distance to a list of offsets
 * (the vtable), which says where in the table each slot lies, or 0 where it has its default. Vectors and strings are a length, then the
 * data; they are reached by an offset from where that stands. Names of the slots: tensorflow/lite/schema/schema.fbs.
 */
import { FormatError } from "../../src/errors.ts";
import { halfToNumber } from "../../src/io/weights/half.ts";

/** A tensor as the file has it: TensorFlow's order, [outputs,height,width,inputs] of a kernel. */
export interface StoredKernel {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const [FLOAT32, FLOAT16] = [0, 1];

/**
 * All tensors of the first graph that have numbers in the file, as float32, by name.
 * @throws FormatError for what is no .tflite, or is damaged
 */
export function readTflite(bytes: Uint8Array): Map<string, StoredKernel> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const offset = (at: number): number => at + view.getUint32(at, true);
  /** Where a slot of the table lies; undefined where it has its default. */
  const slot = (table: number, index: number): number | undefined => {
    const vtable = table - view.getInt32(table, true);
    const entry = 4 + 2 * index < view.getUint16(vtable, true) ? view.getUint16(vtable + 4 + 2 * index, true) : 0;
    return entry === 0 ? undefined : table + entry;
  };
  /** Length and first element of a vector; none where the slot is empty. */
  const vector = (at: number | undefined): { readonly length: number; readonly start: number } =>
    (at === undefined ? { length: 0, start: 0 } : { length: view.getUint32(offset(at), true), start: offset(at) + 4 });
  const tables = (at: number | undefined): number[] => {
    const { length, start } = vector(at);
    if (4 * length > bytes.length) throw new FormatError("tflite: a list is longer than the file");
    return Array.from({ length }, (_, i) => offset(start + 4 * i));
  };
  try {
    const magic = String.fromCharCode(...bytes.subarray(4, 8));
    if (magic !== "TFL3") throw new FormatError("tflite: the file is none: bytes 4 to 7 are not TFL3");
    const model = offset(0);
    const [graph] = tables(slot(model, 2));
    const buffers = tables(slot(model, 4));
    const found = new Map<string, StoredKernel>();
    for (const tensor of tables(slot(graph, 0))) {
      const [sizes, kind, buffer, label] = [0, 1, 2, 3].map((index) => slot(tensor, index));
      const type = kind === undefined ? FLOAT32 : view.getInt8(kind);
      const { length, start } = vector(slot(buffers[buffer === undefined ? 0 : view.getUint32(buffer, true)], 0));
      if (length === 0 || (type !== FLOAT32 && type !== FLOAT16)) continue;
      const { length: rank, start: first } = vector(sizes);
      const shape = Array.from({ length: rank }, (_, i) => view.getInt32(first + 4 * i, true));
      const count = shape.reduce((product, size) => product * size, 1);
      const width = type === FLOAT32 ? 4 : 2;
      if (length !== count * width) throw new FormatError(`tflite: a tensor [${shape.join()}] has ${length} bytes, not ${count * width}`);
      const number = (i: number): number =>
        (type === FLOAT32 ? view.getFloat32(start + 4 * i, true) : halfToNumber(view.getUint16(start + 2 * i, true)));
      const name = vector(label);
      found.set(
        String.fromCharCode(...bytes.subarray(name.start, name.start + name.length)),
        { shape, data: Float32Array.from({ length: count }, (_, i) => number(i)) });
    }
    return found;
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError("tflite: the file is damaged: something in it points outside");
  }
}

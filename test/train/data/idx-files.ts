/** IDX files as `senet train` and `senet eval` read them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Dataset } from "../../../src/train/data/dataset.ts";

/** The bytes of a file. @param type 8 for unsigned bytes */
export function idx(shape: readonly number[], data: Uint8Array, type: number = 8): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint8(2, type);
  header.setUint8(3, shape.length);
  shape.forEach((n, i) => header.setUint32(4 + 4 * i, n));
  const file = new Uint8Array(header.byteLength + data.length);
  file.set(new Uint8Array(header.buffer));
  file.set(data, header.byteLength);
  return file;
}

/** @param prefix train or t10k */
export function writePart(folder: string, prefix: string, data: Dataset): void {
  const [count, , height, width] = data.shape;
  writeFileSync(join(folder, `${prefix}-images-idx3-ubyte`), idx([count, height, width], data.images));
  writeFileSync(join(folder, `${prefix}-labels-idx1-ubyte`), idx([count], Uint8Array.from(data.labels)));
}

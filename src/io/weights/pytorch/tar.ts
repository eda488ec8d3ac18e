/** torch.save before 0.1.10 (2017): a tar archive of pickles, with the storages and tensors in files of their own. */
import { bad } from "./budget.ts";
import type { Budget } from "./budget.ts";
import { Reader } from "./legacy.ts";
import type { Value } from "./pickle.ts";

/** Is it a tar archive? */
export function isTar(file: Uint8Array): boolean {
  return String(file.subarray(257, 262)) === "117,115,116,97,114";
}

/** The object in a tar archive of torch before 0.1.10. @throws FormatError */
export function readTar(file: Uint8Array, budget: Budget): Value {
  const entries = new Map<string, Uint8Array>();
  for (let at = 0; file[at] > 0; ) {
    const text = (from: number, to: number): string => String.fromCharCode(...file.subarray(at + from, at + to)).replace(/\0.*/s, "");
    const length = parseInt(text(124, 136), 8);
    if (!(length <= file.length - at - 512)) bad();
    entries.set(text(0, 100), file.subarray(at + 512, at + 512 + length));
    at += 512 + Math.ceil(length / 512) * 512;
  }
  const entry = (name: string): Reader => new Reader(
    entries.get(name) ?? bad(`it is a tar archive without "${name}", so none of torch.save: unpack it first`), budget,
  );
  const call = entry("sys_info").calls();
  const made = new Map<Value, Value>();
  const storages = entry("storages");
  for (let left = Number(storages.pickle()); left > 0; left--) {
    const [key, , type] = storages.list();
    made.set(key, storages.storage(undefined, type));
  }
  const tensors = entry("tensors");
  for (let left = Number(tensors.pickle()); left > 0; left--) {
    const [key, storage] = tensors.list();
    // The number of dimensions has four bytes; four that mean nothing follow.
    const dimensions = tensors.long() % 4294967296;
    if (dimensions > 64) bad();
    const longs = (): number[] => Array.from({ length: dimensions }, () => tensors.long());
    const [shape, strides] = [longs(), longs()];
    made.set(key, call("torch._utils._rebuild_tensor", [made.get(storage)!, tensors.long(), shape, strides])!);
  }
  return entry("pickle").pickle({ call, persistent: (id) => (Array.isArray(id) ? id[0] : made.get(Number(id))) ?? bad() });
}

/**
 * torch.save before 1.6, and with `_use_new_zipfile_serialization=False`: five pickles in a row (a magic number, 1001, facts of the
 * machine, the object, the keys of its storages), then the storages.
 */
import { bad } from "./budget.ts";
import type { Budget } from "./budget.ts";
import { readPickle } from "./pickle.ts";
import type { PickleHooks, Value } from "./pickle.ts";
import { callOf, Storage } from "./tensors.ts";

const none: PickleHooks = { call: () => undefined, persistent: () => undefined! };

/** Takes pickles, numbers and storages from a file, one after the other. */
export class Reader {
  readonly #file: Uint8Array;
  readonly #budget: Budget;
  #at = 0;

  constructor(file: Uint8Array, budget: Budget) {
    this.#file = file;
    this.#budget = budget;
  }

  pickle(hooks: PickleHooks = none): Value {
    const { value, end } = readPickle(this.#file, this.#at, this.#budget, hooks);
    this.#at = end;
    return value;
  }

  /** A pickle that is a list. */
  list(): Value[] {
    const value = this.pickle();
    return Array.isArray(value) ? value : bad();
  }

  /** What to make of calls, from a pickle of facts of the machine. */
  calls(): PickleHooks["call"] {
    const machine = this.pickle();
    return callOf(machine instanceof Map && machine.get("little_endian") === false, this.#budget);
  }

  bytes(length: number): Uint8Array {
    const bytes = this.#file.subarray(this.#at, (this.#at += length));
    return bytes.length < length ? bad() : bytes;
  }

  /** A whole number of eight bytes. */
  long(): number {
    return this.bytes(8).reduceRight((value, byte) => value * 256 + byte, 0);
  }

  /** The number of elements, and the elements. @param storage undefined for a new one of class `type` */
  storage(storage: Storage | undefined, type: Value = null): Storage {
    const count = this.long();
    const filled = storage ?? new Storage(type, count);
    if (count * filled.format[1] !== filled.size) bad();
    const bytes = this.bytes(filled.size);
    filled.read = () => bytes;
    return filled;
  }
}

/** Is it torch.save's magic number, in a pickle of any protocol? */
export function isLegacy(file: Uint8Array): boolean {
  const at = file[2] === 0x95 ? 11 : 2;
  return file[0] === 0x80 && String(file.subarray(at, at + 12)) === "138,10,108,252,156,70,249,32,106,168,80,25";
}

/** The object that was saved. @throws FormatError */
export function readLegacy(file: Uint8Array, budget: Budget): Value {
  const reader = new Reader(file, budget);
  reader.pickle();
  if (reader.pickle() !== 1001) bad();
  const call = reader.calls();
  const storages = new Map<Value, Storage>();
  const value = reader.pickle({
    call,
    persistent: (id) => {
      const [kind, type, key, , count, view] = Array.isArray(id) ? id : [];
      // A whole module brings the source of its class along.
      if (kind === "module") return type;
      if (Array.isArray(view)) bad("it has storages within storages, as torch 0.3 wrote: load it in Python and save again");
      if (!storages.has(key)) storages.set(key, new Storage(type, count));
      return storages.get(key)!;
    },
  });
  for (const key of reader.list()) reader.storage(storages.get(key) ?? bad());
  return value;
}

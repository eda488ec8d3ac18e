/**
 * What torch.save wrote (.pth, .pt, .ckpt, .bin): the zip form of torch 1.6 and later, and the form before it.
 * Nothing of a file is executed: its pickle may name classes and functions, here they stay names.
 */
import { show } from "../../../errors.ts";
import type { StoredTensor, WeightsFile } from "../stored.ts";
import { bad, budgetOf } from "./budget.ts";
import type { Budget, CheckpointOptions } from "./budget.ts";
import { isLegacy, readLegacy } from "./legacy.ts";
import { Called, readPickle } from "./pickle.ts";
import type { Value } from "./pickle.ts";
import { callOf, readable, Storage } from "./tensors.ts";
import { readZip } from "./zip.ts";

/** A checkpoint of PyTorch. */
export interface PyTorchCheckpoint extends WeightsFile {
  readonly format: "pytorch";
  /** What was saved: dictionaries are Maps, lists and tuples arrays; `Called` records stand for what only Python could make. */
  readonly value: Value;
}

const isZip = (file: Uint8Array): boolean => file[0] === 0x50 && file[1] === 0x4b && file[2] < 9;

/** Do the first bytes say that torch.save wrote it, since 0.1.10? */
export function isPyTorch(file: Uint8Array): boolean {
  return isZip(file) || isLegacy(file);
}

const save = "in Python, torch.save(model.state_dict(), PATH)";

/**
 * Reads a checkpoint of PyTorch. Tensors are views of `file`.
 * @throws FormatError with one line that says what the file is and what to do with it
 */
export function readPyTorch(file: Uint8Array, options: CheckpointOptions = {}): PyTorchCheckpoint {
  const budget = budgetOf(file, options);
  return checkpointOf(
    isZip(file) ? readZipForm(file, budget) : isLegacy(file) ? readLegacy(file, budget) : bad("it is no file of torch.save"), budget,
  );
}

/** The tensors in what was saved. @throws FormatError where there are no weights */
export function checkpointOf(value: Value, budget: Budget): PyTorchCheckpoint {
  const tensors = new Map<string, StoredTensor>();
  const unreadable = new Map<string, string>();
  /** How many tensors are no state of an optimiser. */
  let weights = 0;
  const seen = new Set<Value>();
  const visit = (name: string, item: Value, depth: number, optimiser: boolean): void => {
    if (readable.has(item as object)) {
      tensors.set(name, item as StoredTensor);
      if (!optimiser) weights++;
    }
    if (item instanceof Called) {
      const rebuilt = item.name.includes("_rebuild_");
      const module = item.state instanceof Map && item.state.has("_parameters");
      if (rebuilt || module) unreadable.set(name, `${rebuilt ? "a tensor of" : "a whole module,"} ${show(item.name)}`);
      // An OrderedDict of a class of its own is a dictionary all the same.
      item = item.entries;
    }
    const inner = item instanceof Map ? item : Array.isArray(item) ? item.entries() : [];
    // A dictionary that stands in two places counts once; one may hold itself.
    if (depth > 32 || seen.has(item)) return;
    seen.add(item);
    if (item instanceof Map && item.has("param_groups") && item.has("state")) optimiser = true;
    for (const [key, each] of inner) {
      if (typeof each !== "object" || each === null || (typeof key !== "string" && typeof key !== "number")) continue;
      const full = name === "" ? String(key) : `${name}.${key}`;
      budget(full.length);
      visit(full, each, depth + 1, optimiser);
    }
  };
  visit("", value, 0, false);
  if (weights === 0) {
    for (const [name, what] of unreadable) bad(`${name === "" ? "it" : show(name)} is ${what}, no state dict: ${save}`);
    const held = tensors.size > 0 ? "the state of an optimiser, no weights"
      : value instanceof Called ? `a ${show(value.name)}, no state dict`
      : "no tensor";
    bad(`it holds ${held}: ${save}`);
  }
  return { format: "pytorch", tensors, unreadable, metadata: {}, value };
}

function readZipForm(file: Uint8Array, budget: Budget): Value {
  const entries = readZip(file, budget);
  const pickle = [...entries.keys()].find((name) => /^[^/]*\/data\.pkl$/.test(name)) ?? bad(
    "it is a zip archive without data.pkl in a folder",
  );
  const folder = pickle.slice(0, -8);
  const storages = new Map<Value, Storage>();
  return readPickle(entries.get(pickle)!(), 0, budget, {
    // "big" or "little"
    call: callOf(entries.get(`${folder}byteorder`)?.()[0] === 0x62, budget),
    persistent: (id) => {
      const [, type, key, , count] = Array.isArray(id) ? id : [];
      if (!storages.has(key)) {
        const storage = new Storage(type, count);
        if (typeof key === "string") storage.read = entries.get(`${folder}data/${key}`) ?? storage.read;
        storages.set(key, storage);
      }
      return storages.get(key)!;
    },
  }).value;
}

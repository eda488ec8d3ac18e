/** The optimiser's state by name, in and out of a session's flat arrays: `SLOT.NAME`, `updates.NAME` [1] (src/train/optimiser.ts), `average.NAME`. */
import { Tensor, sameShape, showShape } from "../../tensor.ts";
import type { Entry, TrainingState } from "./state.ts";
import type { Update } from "./update.ts";

function arrays({ slots, averages }: Update): { readonly name: string; readonly address: number }[] {
  return [...slots, ...(averages === undefined ? [] : [{ name: "average", address: averages }])];
}

const trained = ({ parameters }: TrainingState): Entry[] => parameters.filter(({ frozen }) => !frozen);

export function optimiserState(state: TrainingState, update: Update, updates: number): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  if (updates === 0) return tensors;
  for (const { name, offset, size, tensor } of trained(state)) {
    tensors.set(`updates.${name}`, new Tensor(Float64Array.of(updates), [1]));
    for (const each of arrays(update)) tensors.set(`${each.name}.${name}`, new Tensor(state.view(each.address + 4 * offset, size).slice(), tensor().shape));
  }
  return tensors;
}

/** @returns how many updates there were @throws RangeError for the state of another optimiser or of other parameters; then nothing has changed */
export function readOptimiserState(state: TrainingState, update: Update, tensors: ReadonlyMap<string, Tensor>): number {
  const all = arrays(update);
  if (tensors.size === 0) {
    for (const { address } of update.slots) state.view(address, state.trainable).fill(0);
    return 0;
  }
  const entries = trained(state);
  const counts = new Set<number>();
  const find = (name: string): Tensor => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new RangeError(`optimiser: the state has no ${name}`);
    return tensor;
  };
  const writes: [Float32Array, Tensor][] = [];
  for (const { name, offset, size, tensor } of entries) {
    counts.add(find(`updates.${name}`).data[0]);
    for (const { name: slot, address } of all) {
      const from = find(`${slot}.${name}`);
      const { shape } = tensor();
      if (!sameShape(from.shape, shape)) throw new RangeError(`optimiser: ${slot}.${name} wants shape ${showShape(shape)}, got ${showShape(from.shape)}`);
      writes.push([state.view(address + 4 * offset, size), from]);
    }
  }
  const used = entries.length * (1 + all.length);
  if (used !== tensors.size) throw new RangeError(`optimiser: the state has ${tensors.size} tensors, of which only ${used} belong to these parameters`);
  const [updates] = counts;
  if (counts.size !== 1 || !Number.isSafeInteger(updates)) throw new RangeError("optimiser: updates wants one whole number, the same for all parameters");
  for (const [to, from] of writes) to.set(from.data);
  return updates;
}

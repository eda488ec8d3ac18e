/**
 * The optimiser's state by name, in and out of a session's flat arrays: `SLOT.NAME` and `updates.NAME` [1] of each parameter that trains
 * (src/train/optimisers/optimiser.ts), and `average.NAME` of these and of running statistics.
 */
import { show } from "../../errors.ts";
import { Tensor, sameShape, showShape } from "../../tensor.ts";
import type { Entry, TrainingState } from "./state.ts";
import type { Update } from "./update.ts";

const trained = ({ parameters }: TrainingState): Entry[] => parameters.filter(({ frozen }) => !frozen);

/** All arrays with their names; none where nothing trains. */
function kept(state: TrainingState, { slots, averages }: Update): {
  readonly name: string;
  readonly floats: Float32Array;
  readonly shape: readonly number[];
}[] {
  const entries = trained(state);
  if (entries.length === 0) return [];
  const average = averages === undefined ? [] : [
    { slot: "average", address: averages.weights, of: entries }, { slot: "average", address: averages.statistics, of: state.statistics },
  ];
  return [...slots.map(({ name, address }) => ({ slot: name, address, of: entries })), ...average].flatMap(({ slot, address, of }) =>
    of.map(({ name, offset, size, tensor }) => (
      { name: `${slot}.${name}`, floats: state.view(address + offset, size), shape: tensor().shape }
    )));
}

export function optimiserState(state: TrainingState, update: Update, updates: number): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  if (updates === 0) return tensors;
  for (const { name } of trained(state)) tensors.set(`updates.${name}`, new Tensor(Float64Array.of(updates), [1]));
  for (const { name, floats, shape } of kept(state, update)) tensors.set(name, new Tensor(floats.slice(), shape));
  return tensors;
}

/**
 * @returns how many updates there were
 * @throws RangeError for the state of another optimiser or of other parameters; then nothing has changed
 */
export function readOptimiserState(state: TrainingState, update: Update, tensors: ReadonlyMap<string, Tensor>): number {
  if (Object.prototype.toString.call(tensors) !== "[object Map]") {
    throw new TypeError(`session.loadOptimiserState: wants a Map of tensors by name, got ${show(tensors)}`);
  }
  if (tensors.size === 0) {
    for (const { address } of update.slots) state.view(address, state.trainable).fill(0);
    return 0;
  }
  const find = (name: string): Tensor => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new RangeError(`optimiser: the state has no ${name}`);
    return tensor;
  };
  const counts = new Set(trained(state).map(({ name }) => find(`updates.${name}`).data[0]));
  const all = kept(state, update);
  for (const { name, shape } of all) {
    const from = find(name);
    if (!sameShape(from.shape, shape)) {
      throw new RangeError(`optimiser: ${name} wants shape ${showShape(shape)}, got ${showShape(from.shape)}`);
    }
  }
  const used = trained(state).length + all.length;
  if (used !== tensors.size) {
    throw new RangeError(`optimiser: the state has ${tensors.size} tensors, of which only ${used} belong to these parameters`);
  }
  const [updates] = counts;
  if (counts.size !== 1 || !(Number.isSafeInteger(updates) && updates >= 0)) {
    throw new RangeError("optimiser: updates wants one whole number of at least 0, the same for all parameters");
  }
  for (const { name, floats } of all) floats.set(find(name).data);
  return updates;
}

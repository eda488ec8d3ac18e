/**
 * The optimiser's state by name, in and out of a session's flat arrays: `SLOT.NAME` and `updates.NAME` [1] of each parameter that trains
 * (src/train/optimisers/optimiser.ts), and `average.NAME` of these and of running statistics. Between the batches of one update the
 * gradients are state too: `gradient.NAME`, and `waiting` [1], how many batches they are of.
 */
import { counted, show } from "../../errors.ts";
import { Tensor, sameShape, showShape } from "../../tensor.ts";
import type { Entry, TrainingState } from "./state.ts";
import type { Update } from "./update.ts";

/** How far a session has come. */
export interface Counts {
  readonly updates: number;
  /** Batches whose gradients were added since the last update. */
  readonly waiting: number;
}

interface Kept {
  readonly name: string;
  readonly floats: Float32Array;
  readonly shape: readonly number[];
}

const trained = ({ parameters }: TrainingState): Entry[] => parameters.filter(({ frozen }) => !frozen);

/** What lies flat at these addresses, with its names. */
function named(
  state: TrainingState, arrays: readonly { readonly slot: string; readonly address: number; readonly of: readonly Entry[] }[],
): Kept[] {
  return arrays.flatMap(({ slot, address, of }) => of.map(({ name, offset, size, tensor }) => (
    { name: `${slot}.${name}`, floats: state.view(address + offset, size), shape: tensor().shape }
  )));
}

const gradients = (state: TrainingState): Kept[] => named(state, [{ slot: "gradient", address: state.gradients, of: trained(state) }]);

/** Slots and averages; none where nothing trains. */
function kept(state: TrainingState, { slots, averages }: Update): Kept[] {
  const entries = trained(state);
  if (entries.length === 0) return [];
  const average = averages === undefined ? [] : [
    { slot: "average", address: averages.weights, of: entries }, { slot: "average", address: averages.statistics, of: state.statistics },
  ];
  return named(state, [...slots.map(({ name, address }) => ({ slot: name, address, of: entries })), ...average]);
}

export function optimiserState(state: TrainingState, update: Update, { updates, waiting }: Counts): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  if (updates === 0 && waiting === 0) return tensors;
  for (const { name } of trained(state)) tensors.set(`updates.${name}`, new Tensor(Float64Array.of(updates), [1]));
  if (waiting > 0) tensors.set("waiting", new Tensor(Float64Array.of(waiting), [1]));
  for (const { name, floats, shape } of [...kept(state, update), ...(waiting > 0 ? gradients(state) : [])]) {
    tensors.set(name, new Tensor(floats.slice(), shape));
  }
  return tensors;
}

/**
 * @returns how many updates and waiting batches there were
 * @throws RangeError for the state of another optimiser or of other parameters; then nothing has changed
 */
export function readOptimiserState(state: TrainingState, update: Update, tensors: ReadonlyMap<string, Tensor>): Counts {
  if (Object.prototype.toString.call(tensors) !== "[object Map]") {
    throw new TypeError(`session.loadOptimiserState: wants a Map of tensors by name, got ${show(tensors)}`);
  }
  if (tensors.size === 0) {
    for (const address of [state.gradients, ...update.slots.map((slot) => slot.address)]) state.view(address, state.trainable).fill(0);
    return { updates: 0, waiting: 0 };
  }
  const find = (name: string): Tensor => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new RangeError(`optimiser: the state has no ${name}`);
    return tensor;
  };
  const count = (name: string): number => {
    const [value] = find(name).data;
    if (Number.isSafeInteger(value) && value >= 0) return value;
    throw new RangeError(`optimiser: ${name} wants a whole number of at least 0, got ${show(value)}`);
  };
  const [updates = 0, ...others] = new Set(trained(state).map(({ name }) => count(`updates.${name}`)));
  const waits = tensors.has("waiting");
  const all = [...kept(state, update), ...(waits ? gradients(state) : [])];
  for (const { name, shape } of all) {
    const from = find(name);
    if (!sameShape(from.shape, shape)) {
      throw new RangeError(`optimiser: ${name} wants shape ${showShape(shape)}, got ${showShape(from.shape)}`);
    }
  }
  const waiting = waits ? count("waiting") : 0;
  const used = trained(state).length + all.length + (waits ? 1 : 0);
  if (used !== tensors.size) {
    throw new RangeError(`optimiser: the state has ${counted(tensors.size, "tensor")}, of which only ${used} belong to these parameters`);
  }
  if (others.length > 0) throw new RangeError("optimiser: updates wants one whole number, the same for all parameters");
  state.view(state.gradients, state.trainable).fill(0);
  for (const { name, floats } of all) floats.set(find(name).data);
  return { updates, waiting };
}

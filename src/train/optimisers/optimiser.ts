/**
 * What optimisers share: which parameters they change, which of those decay, and their state by name, so that a
 * checkpoint can keep it. The update rules are in sgd.ts and adam.ts.
 */
import { callback, check, tensorMap } from "../../checks.ts";
import { counted, show } from "../../errors.ts";
import { isParameter } from "../../nn/parameter.ts";
import type { Parameter } from "../../nn/parameter.ts";
import { decaysByDefault } from "../../session/training/update-rules.ts";
import { Tensor, sameShape, showShape } from "../../tensor.ts";
import type { Floats } from "../../tensor.ts";

export interface OptimiserOptions {
  /** Strength of the weight decay. Default 0. */
  readonly weightDecay?: number;
  /**
   * Which parameters decay. By default those of two dimensions and more: the weights of convolutions and linear layers, but
   * no bias and no gamma or beta of a normalisation (He et al., arXiv 1812.01187, section 3.1).
   */
  readonly decays?: (name: string, parameter: Parameter) => boolean;
}

interface Entry {
  readonly parameter: Parameter;
  readonly decay: number;
  /** One tensor a slot, made at the first update. */
  slots: Tensor[] | undefined;
  /** Updates of this parameter so far. */
  updates: number;
}

/** @throws RangeError unless `value` is a number from `least` to below `limit`. */
export function checkRate(what: string, value: number, least: number = 0, limit: number = Infinity): number {
  if (typeof value === "number" && value >= least && value < limit) return value;
  throw new RangeError(`${what} wants a number of at least ${least}${limit === Infinity ? "" : ` and below ${limit}`}, got ${show(value)}`);
}

export abstract class Optimiser {
  /** Names of the tensors that are kept for each parameter. */
  abstract readonly slotNames: readonly string[];
  readonly weightDecay: number;
  readonly #entries = new Map<string, Entry>();

  /** @param parameters by name: `model.namedParameters()`. */
  constructor(parameters: ReadonlyMap<string, Parameter>, options: OptimiserOptions) {
    if (Object.prototype.toString.call(parameters) !== "[object Map]") {
      throw new TypeError(`optimiser: parameters wants model.namedParameters(), got ${show(parameters)}`);
    }
    const { weightDecay = 0 } = options;
    this.weightDecay = checkRate("optimiser: weightDecay", weightDecay);
    if (options.decays !== undefined) check("optimiser", "decays", options.decays, callback);
    const decays = options.decays ?? ((_name, parameter): boolean => decaysByDefault(parameter.value.shape));
    for (const [name, parameter] of parameters) {
      if (!isParameter(parameter)) throw new TypeError(`optimiser: ${name} is no Parameter`);
      this.#entries.set(name, { parameter, decay: decays(name, parameter) ? this.weightDecay : 0, slots: undefined, updates: 0 });
    }
    if (this.#entries.size === 0) throw new RangeError("optimiser: wants at least one parameter, got none");
  }

  /**
   * Changes `value` in place.
   * @param slots this parameter's own state, one array a slot name, zeros at first
   * @param update 1 for the first
   */
  protected abstract update(value: Floats, gradient: Floats, slots: readonly Floats[], rate: number, decay: number, update: number): void;

  /**
   * One update of every parameter by its accumulated gradient. Frozen parameters, and those no gradient has come to, keep
   * their values and their state.
   * @param rate the learning rate of this step
   */
  step(rate: number): void {
    checkRate("optimiser: rate", rate);
    for (const entry of this.#entries.values()) {
      const { parameter } = entry;
      if (parameter.frozen || !parameter.hasGradient) continue;
      entry.slots ??= this.slotNames.map(() => parameter.value.like());
      entry.updates++;
      this.update(parameter.value.data, parameter.gradient.data, entry.slots.map((slot) => slot.data), rate, entry.decay, entry.updates);
    }
  }

  /** Copies of the state: `SLOT.NAME` in the parameter's shape, `updates.NAME` [1] in double precision. */
  state(): Map<string, Tensor> {
    const state = new Map<string, Tensor>();
    for (const [name, entry] of this.#entries) {
      if (entry.slots === undefined) continue;
      state.set(`updates.${name}`, new Tensor(Float64Array.of(entry.updates), [1]));
      this.slotNames.forEach((slot, i) => state.set(`${slot}.${name}`, (entry.slots as Tensor[])[i].clone()));
    }
    return state;
  }

  /**
   * Takes over what `state` gave. Everything is checked before anything is changed.
   * @throws RangeError for state of another optimiser or of other parameters.
   */
  loadState(state: ReadonlyMap<string, Tensor>): void {
    check("optimiser", "state", state, tensorMap);
    const loaded: [Entry, Tensor[] | undefined, number][] = [];
    let used = 0;
    for (const [name, entry] of this.#entries) {
      const updates = state.get(`updates.${name}`);
      if (updates === undefined) {
        loaded.push([entry, undefined, 0]);
        continue;
      }
      const slots = this.slotNames.map((slot) => {
        const tensor = state.get(`${slot}.${name}`);
        const wanted = entry.parameter.value;
        if (tensor === undefined) throw new RangeError(`optimiser: the state has no ${slot}.${name}`);
        if (!sameShape(tensor.shape, wanted.shape)) {
          throw new RangeError(`optimiser: ${slot}.${name} wants shape ${showShape(wanted.shape)}, got ${showShape(tensor.shape)}`);
        }
        const slotTensor = wanted.like();
        slotTensor.data.set(tensor.data);
        return slotTensor;
      });
      if (updates.size !== 1 || !(Number.isSafeInteger(updates.data[0]) && updates.data[0] >= 0)) {
        throw new RangeError(`optimiser: updates.${name} wants one whole number of at least 0`);
      }
      loaded.push([entry, slots, updates.data[0]]);
      used += 1 + slots.length;
    }
    if (used !== state.size) {
      throw new RangeError(`optimiser: the state has ${counted(state.size, "tensor")}, of which only ${used} belong to these parameters`);
    }
    for (const [entry, slots, updates] of loaded) {
      entry.slots = slots;
      entry.updates = updates;
    }
  }
}

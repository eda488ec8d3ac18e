/**
 * What a training session keeps from step to step, flat in its memory: parameters, their gradients and the optimiser's slots each one
 * array, so that an update is one pass; group after group, what is frozen last. And running statistics, packed weights, settings; and
 * tensors that are made of parameters before each step (`Constant.derived`), with their gradients.
 */
import { bytesOf } from "../../../kernels/formats.ts";
import type { Constant } from "../../graph/graph.ts";
import type { Tensor } from "../../tensor.ts";
import { storedFloats } from "../plan/places.ts";
import type { Stored } from "../plan/places.ts";
import type { WasmMemory } from "../backends/wasm/memory.ts";

/** Parameters that learn alike. */
export interface Group {
  /** Times the learning rate. */
  readonly rate: number;
  readonly weightDecay: number;
}

/** A tensor of the model, and where it lies: in bytes from the start of its array. */
export interface Entry {
  readonly name: string;
  readonly tensor: () => Tensor;
  readonly offset: number;
  readonly size: number;
  readonly frozen: boolean;
}

/** What a group has of the arrays: from so many bytes on so many floats. */
export interface Extent {
  readonly group: Group;
  readonly offset: number;
  readonly size: number;
}

/** Tensors begin at multiples of it, in floats: a cache line. */
const LINE = 16;

const rounded = (size: number): number => Math.ceil(size / LINE) * LINE;

/** What keys of arrays for training begin with. */
const TRAINING = "training ";

/** Floats that are zero at first, and then what training makes of them; of one name there are such once. */
export function zeros(name: string, size: number): Stored {
  let fresh = true;
  const fill = (into: Float32Array): void => {
    if (fresh) into.fill(0);
    fresh = false;
  };
  return storedFloats(`${TRAINING}${name}`, Math.max(1, size), { fill });
}

export class TrainingState {
  readonly memory: WasmMemory;
  readonly parameters: readonly Entry[];
  readonly statistics: readonly Entry[];
  readonly extents: readonly Extent[];
  /** Floats of all groups: the length of gradients and slots. */
  readonly trainable: number;
  /** Addresses of the arrays. */
  readonly values: number;
  readonly gradients: number;
  readonly running: number;
  /** Floats of all running statistics. */
  readonly runningSize: number;
  readonly derived: readonly Entry[];
  readonly #derivedValues: number;
  readonly #derivedGradients: number;
  readonly #derivedSize: number;
  /** With the addresses of the arrays that an entry is in. */
  readonly #byName: ReadonlyMap<string, { readonly entry: Entry; readonly values: number; readonly gradients: number }>;
  readonly #trash: number;

  /** @param groupOf undefined for what is frozen */
  constructor(
    memory: WasmMemory, parameters: readonly Constant[], statistics: readonly Constant[],
    groupOf: (constant: Constant) => Group | undefined, derived: readonly Constant[] = [],
  ) {
    this.memory = memory;
    const groups = new Map<string, { group: Group; members: Constant[] }>();
    const still: Constant[] = [];
    for (const constant of parameters) {
      const group = groupOf(constant);
      if (group === undefined) {
        still.push(constant);
        continue;
      }
      const key = `${group.rate} ${group.weightDecay}`;
      const known = groups.get(key);
      if (known === undefined) groups.set(key, { group, members: [constant] });
      else known.members.push(constant);
    }
    const entries: Entry[] = [];
    const extents: Extent[] = [];
    let top = 0;
    const place = (constant: Constant, frozen: boolean): void => {
      const { size } = constant.read();
      entries.push({ name: constant.name, tensor: () => constant.read(), offset: bytesOf(top), size, frozen });
      top += rounded(size);
    };
    for (const { group, members } of groups.values()) {
      const first = top;
      for (const constant of members) place(constant, false);
      extents.push({ group, offset: bytesOf(first), size: top - first });
    }
    this.trainable = top;
    for (const constant of still) place(constant, true);
    const total = top;
    const listed = (constants: readonly Constant[]): Entry[] => {
      top = 0;
      return constants.map((constant) => {
        const { size } = constant.read();
        const frozen = constant.derived?.learns !== true;
        const entry = { name: constant.name, tensor: () => constant.read(), offset: bytesOf(top), size, frozen };
        top += rounded(size);
        return entry;
      });
    };
    this.derived = listed(derived);
    this.#derivedSize = top;
    const kept = listed(statistics);
    this.parameters = entries;
    this.statistics = kept;
    this.extents = extents;
    this.values = this.array("parameters", total);
    this.gradients = this.array("gradients", this.trainable);
    this.running = this.array("statistics", top);
    this.runningSize = top;
    this.#derivedValues = this.array("derived", this.#derivedSize);
    this.#derivedGradients = this.array("gradients of derived", this.#derivedSize);
    this.#trash = this.array("trash", Math.max(0, ...[...entries, ...this.derived].map(({ size }) => size)));
    this.#byName = new Map([
      ...entries.map((entry) => ({ entry, values: this.values, gradients: this.gradients })),
      ...kept.map((entry) => ({ entry, values: this.running, gradients: 0 })),
      ...this.derived.map((entry) => ({ entry, values: this.#derivedValues, gradients: this.#derivedGradients })),
    ].map((each) => [each.entry.name, each]));
  }

  /** The address of an array of this name. */
  array(name: string, size: number): number {
    return this.memory.stored(zeros(name, size));
  }

  value({ name }: Pick<Constant, "name">): number {
    const { entry, values } = this.#byName.get(name)!;
    return values + entry.offset;
  }

  statistic(constant: Constant): number {
    return this.value(constant);
  }

  /** Does it keep a tensor of this name? */
  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** A parameter, a statistic or what is derived, as it is now. */
  present(constant: Pick<Constant, "name">): Float32Array {
    return this.view(this.value(constant), this.#byName.get(constant.name)!.entry.size);
  }

  trains(constant: Pick<Constant, "name"> | undefined): constant is Constant {
    return constant !== undefined && !this.#byName.get(constant.name)!.entry.frozen;
  }

  /** Where gradients of a parameter are added; of a frozen one, somewhere that nobody reads. */
  gradient({ name }: Pick<Constant, "name">): number {
    const { entry: { offset, frozen }, gradients } = this.#byName.get(name)!;
    return frozen ? this.#trash : gradients + offset;
  }

  /** The gradient of what trains or is derived, as it is now. */
  gradientOf(constant: Pick<Constant, "name">): Float32Array {
    return this.view(this.gradient(constant), this.#byName.get(constant.name)!.entry.size);
  }

  clearDerivedGradients(): void {
    this.view(this.#derivedGradients, this.#derivedSize).fill(0);
  }

  /** Floats of an array as they are now. */
  view(address: number, size: number): Float32Array {
    return this.memory.floats.subarray(address / 4, address / 4 + size);
  }

  /** Doubles, at a multiple of 8 bytes. */
  doubles(address: number, size: number): Float64Array {
    return new Float64Array(this.memory.memory.buffer, address, size);
  }

  /** All running statistics. */
  statisticsView(): Float32Array {
    return this.view(this.running, this.runningSize);
  }

  /** A product with 0 is 0, but of what is not finite. */
  statisticsFinite(): boolean {
    let sum = 0;
    for (const value of this.statisticsView()) sum += value * 0;
    return sum === 0;
  }

  /** What another session's memory holds for training, which was planned alike: parameters, slots, averages, statistics. */
  takeOver(from: WasmMemory): void {
    const old = new Map(from.kept.map((kept) => [kept.key, kept]));
    const [to, before] = [this.memory, from].map(({ memory: { buffer } }) => new Uint8Array(buffer));
    for (const { key, address, bytes } of this.memory.kept) {
      const known = key.startsWith(TRAINING) ? old.get(key) : undefined;
      if (known !== undefined) to.set(before.subarray(known.address, known.address + bytes), address);
    }
  }

  /** From the model's tensors. */
  push(): void {
    const all = [[this.parameters, this.values], [this.statistics, this.running], [this.derived, this.#derivedValues]] as const;
    for (const [entries, address] of all) {
      for (const { tensor, offset, size } of entries) this.view(address + offset, size).set(tensor().data);
    }
  }

  /**
   * To the model's tensors.
   * @param values another array in place of the parameters' own, for those that train
   * @param running and of the statistics'
   */
  pull(values: number = this.values, running: number = this.running): void {
    for (const { tensor, offset, size, frozen } of this.parameters) {
      tensor().data.set(this.view((frozen ? this.values : values) + offset, size));
    }
    for (const { tensor, offset, size } of this.statistics) tensor().data.set(this.view(running + offset, size));
  }
}

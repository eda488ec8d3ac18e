/** The tensors of a network that was read from a file, as saving has them and training changes them. */
import { didYouMean, show } from "../../../errors.ts";
import { Tensor, showShape } from "../../../tensor.ts";
import { Weights, derived } from "./weights.ts";
import type { Entry } from "./weights.ts";

function checkSize({ constant: { name }, known: { shape, size } }: Entry, tensor: Tensor): void {
  if (tensor.size !== size) throw new RangeError(`tensor "${name}" wants shape ${showShape(shape)}, got ${showShape(tensor.shape)}`);
}

function write(entry: Entry, tensor: Tensor): void {
  checkSize(entry, tensor);
  const data = Float32Array.from(tensor.data);
  entry.own = new Tensor(entry.layout.from?.(data) ?? data, entry.layout.shape);
}

export class StoredWeights extends Weights {
  /** What was loaded for names that no graph has asked for yet. */
  readonly #loaded = new Map<string, Tensor>();

  protected override begin(key: string, entry: Entry): void {
    const loaded = this.#loaded.get(key);
    if (loaded !== undefined) write(entry, loaded);
  }

  /** From now on what is read can be written to, and nothing of the file changes. */
  detach(): void {
    for (const entry of this.entries.values()) entry.own ??= derived(entry).clone();
  }

  /** Copies of all tensors that graphs asked for, named and shaped as in the file. */
  state(): Map<string, Tensor<Float32Array>> {
    const state = new Map<string, Tensor<Float32Array>>();
    for (const [name, { constant, known, layout }] of this.entries) {
      if (constant.fixed) continue;
      const { data } = constant.read() as Tensor<Float32Array>;
      state.set(name, new Tensor(layout.back?.(data) ?? data.slice(), known.shape));
    }
    return state;
  }

  /** @param others names in the file @throws RangeError for names and shapes that are not the file's; then nothing has changed */
  load(tensors: ReadonlyMap<string, Tensor>, others: readonly string[]): void {
    const names = new Set([...this.entries.keys(), ...others]);
    for (const [name, tensor] of tensors) {
      if (!names.has(name)) throw new RangeError(`the network has no tensor ${show(name)}${didYouMean(name, names)}`);
      const entry = this.entries.get(name);
      if (entry !== undefined) checkSize(entry, tensor);
    }
    for (const [name, tensor] of tensors) {
      this.#loaded.set(name, tensor);
      const entry = this.entries.get(name);
      if (entry !== undefined) write(entry, tensor);
    }
  }
}

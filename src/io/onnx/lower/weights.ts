/** The tensors of a network that was read from a file: what graphs compute with, saving has, and training changes. */
import type { Constant } from "../../../graph/graph.ts";
import { didYouMean } from "../../../errors.ts";
import { Tensor, sameShape, showShape } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";
import type { Known } from "../constants/known.ts";
import { BFLOAT16, FLOAT, FLOAT16, isFloat } from "../read/types.ts";
import type { Numbers } from "../read/types.ts";
import { Unsupported } from "./unsupported.ts";

/** How a constant's numbers follow from the file's. */
export interface Layout {
  /** Part of the name where one weight is used in several ways. */
  readonly suffix: string;
  readonly shape: Shape;
  /** Undefined where they are the same in the same order. */
  readonly from?: ((numbers: Numbers) => Float32Array) | undefined;
  /** Is it no weight that learns, or is saved? */
  readonly fixed?: boolean;
  /** Undoes `from`. */
  readonly back?: (numbers: Float32Array) => Float32Array;
}

interface Entry {
  readonly constant: Constant;
  readonly known: Known;
  readonly layout: Layout;
  /** The numbers, once somebody wanted to write to them; until then they follow from the file at each reading. */
  own: Tensor<Float32Array> | undefined;
}

function singles(numbers: Numbers): Float32Array {
  return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
}

/** Of a weight there is one; what is computed anew for each graph may differ from the last. */
function sameNumbers(a: Known, b: Known): boolean {
  return a === b || (a.weight !== undefined && a.weight === b.weight) ||
    (a.size === b.size && a.numbers.every((x, i) => Object.is(x, b.numbers[i])));
}

/** @throws Unsupported for numbers that float32 cannot hold */
function checkHeld(known: Known): void {
  const { type } = known;
  // Of most weights nothing is read before a session wants it.
  if (type === FLOAT || type === FLOAT16 || type === BFLOAT16) return;
  const { numbers } = known;
  const most = isFloat(type) ? 3.4028235677973366e38 : 16777216;
  const wrong = numbers.find((x: number) => Math.abs(x) > most && Math.abs(x) < Infinity);
  if (wrong !== undefined) throw new Unsupported(`with the number ${wrong}, which float32 does not hold`);
}

function checkSize({ constant: { name }, known: { shape, size } }: Entry, tensor: Tensor): void {
  if (tensor.size !== size) throw new RangeError(`tensor "${name}" wants shape ${showShape(shape)}, got ${showShape(tensor.shape)}`);
}

export class Weights {
  readonly #entries = new Map<string, Entry>();
  /** What was loaded for names that no graph has asked for yet. */
  readonly #loaded = new Map<string, Tensor>();
  readonly #names: () => Iterable<string>;

  /** @param names of all tensors in the file */
  constructor(names: () => Iterable<string>) {
    this.#names = names;
  }

  /** The constant of a known tensor; the same one for the same name and layout, whatever graph it is for. */
  constant(name: string, known: Known, layout: Layout): Constant {
    checkHeld(known);
    let key = known.weight ?? name;
    for (let found = this.#entries.get(key); found !== undefined; found = this.#entries.get(key)) {
      if (found.layout.suffix === layout.suffix && sameShape(found.layout.shape, layout.shape) && sameNumbers(found.known, known)) {
        return found.constant;
      }
      key = `${key}.${layout.suffix || layout.shape.join("x")}`;
    }
    const constant = { name: key, fixed: layout.fixed === true, read: () => entry.own ?? this.#derived(entry) };
    const entry: Entry = { constant, known, layout, own: undefined };
    this.#entries.set(key, entry);
    const loaded = this.#loaded.get(key);
    if (loaded !== undefined) this.#write(entry, loaded);
    return entry.constant;
  }

  #derived({ known, layout }: Entry): Tensor<Float32Array> {
    const numbers = known.readOnce();
    return new Tensor(layout.from?.(numbers) ?? singles(numbers), layout.shape);
  }

  /** From now on what is read can be written to, and nothing of the file changes. */
  detach(): void {
    for (const entry of this.#entries.values()) entry.own ??= this.#derived(entry).clone();
  }

  /** Copies of all tensors that graphs asked for, named and shaped as in the file. */
  state(): Map<string, Tensor<Float32Array>> {
    const state = new Map<string, Tensor<Float32Array>>();
    for (const [name, { constant, known, layout }] of this.#entries) {
      if (constant.fixed) continue;
      const { data } = constant.read() as Tensor<Float32Array>;
      state.set(name, new Tensor(layout.back?.(data) ?? data.slice(), known.shape));
    }
    return state;
  }

  /** @throws RangeError for names and shapes that are not the file's; then nothing has changed */
  load(tensors: ReadonlyMap<string, Tensor>): void {
    const names = new Set([...this.#entries.keys(), ...this.#names()]);
    for (const [name, tensor] of tensors) {
      if (!names.has(name)) throw new RangeError(`the network has no tensor "${name}"${didYouMean(name, names)}`);
      const entry = this.#entries.get(name);
      if (entry !== undefined) checkSize(entry, tensor);
    }
    for (const [name, tensor] of tensors) {
      this.#loaded.set(name, tensor);
      const entry = this.#entries.get(name);
      if (entry !== undefined) this.#write(entry, tensor);
    }
  }

  #write(entry: Entry, tensor: Tensor): void {
    checkSize(entry, tensor);
    const data = Float32Array.from(tensor.data);
    entry.own = new Tensor(entry.layout.from?.(data) ?? data, entry.layout.shape);
  }
}

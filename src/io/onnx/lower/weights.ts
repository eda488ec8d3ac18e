/** The tensors of a network that was read from a file, as graphs compute with them. */
import type { Constant } from "../../../graph/graph.ts";
import { Tensor, sameShape } from "../../../tensor.ts";
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

export interface Entry {
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

/** What follows from the file. */
export function derived({ known, layout }: Entry): Tensor<Float32Array> {
  const numbers = known.readOnce();
  return new Tensor(layout.from?.(numbers) ?? singles(numbers), layout.shape);
}

export class Weights {
  /** By the names of their constants. */
  readonly entries: Map<string, Entry> = new Map();

  /** The constant of a known tensor; the same one for the same name and layout, whatever graph it is for. */
  constant(name: string, known: Known, layout: Layout): Constant {
    checkHeld(known);
    let key = known.weight ?? name;
    for (let found = this.entries.get(key); found !== undefined; found = this.entries.get(key)) {
      if (found.layout.suffix === layout.suffix && sameShape(found.layout.shape, layout.shape) && sameNumbers(found.known, known)) {
        return found.constant;
      }
      key = `${key}.${layout.suffix || layout.shape.join("x")}`;
    }
    const constant = { name: key, fixed: layout.fixed === true, read: () => entry.own ?? derived(entry) };
    const entry: Entry = { constant, known, layout, own: undefined };
    this.entries.set(key, entry);
    this.begin(key, entry);
    return constant;
  }

  /** Hears of each entry once it is made. */
  protected begin(_key: string, _entry: Entry): void {}
}

/** Tensors that are known while a graph is made: weights, shapes, and what follows from them. */
import type { Of, Value } from "../../../graph/graph.ts";
import { generalComputations } from "../../../operations/general/index.ts";
import type { GeneralKind } from "../../../operations/general/index.ts";
import type { Computation, NodeOf } from "../../../operations/record.ts";
import { showShape, sizeOf } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";
import type { StoredTensor } from "../read/tensor.ts";
import { INT64, elementTypes, fit, typeName } from "../read/types.ts";
import type { Numbers } from "../read/types.ts";

export class Known {
  readonly type: number;
  readonly shape: Shape;
  /** The weight of the file whose numbers these are, in the same order. */
  readonly weight: string | undefined;
  /** Are they the same whatever shapes the inputs have? */
  readonly stable: boolean;
  readonly #read: () => Numbers;
  #numbers: Numbers | undefined;

  /** @param read called when the numbers are first wanted */
  constructor(
    type: number, shape: Shape, read: () => Numbers,
    { stable = false, weight }: { readonly stable?: boolean; readonly weight?: string | undefined } = {},
  ) {
    this.type = type;
    this.shape = shape;
    this.stable = stable;
    this.weight = weight;
    this.#read = read;
  }

  /** Read only: they may be the file's own bytes. */
  get numbers(): Numbers {
    return (this.#numbers ??= this.#read());
  }

  /** For weights: whoever keeps them has a copy of their own. */
  readOnce(): Numbers {
    return this.#numbers ?? this.#read();
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  /** The same numbers in another shape. */
  reshaped(shape: Shape): Known {
    return new Known(this.type, shape, () => this.numbers, this);
  }

  /** The same, now said to be independent of the inputs' shapes. */
  settled(): Known {
    return new Known(this.type, this.shape, () => this.numbers, { weight: this.weight, stable: true });
  }
}

export function stored({ name, type, shape, read }: StoredTensor): Known {
  return new Known(type, shape, read, { stable: true, weight: name });
}

/** Whole numbers, as shapes are. */
export function whole(values: readonly number[], shape: Shape = [values.length]): Known {
  return new Known(INT64, shape, () => Float64Array.from(values));
}

/** Computes constants, and counts what is computed, so that a small file cannot ask for endless work. */
export class Computer {
  #left: number;
  readonly #most: number;

  /** @param most numbers in all tensors that are computed */
  constructor(most: number) {
    this.#most = most;
    this.#left = most;
  }

  /** A tensor that `fill` writes. @throws RangeError where there are too many numbers; TypeError for a type that is not computed with */
  known(what: string, type: number, shape: Shape, fill: (numbers: Numbers) => void): Known {
    const element = elementTypes[type];
    if (element === undefined) throw new TypeError(`importOnnx: ${what} computes with ${typeName(type)}`);
    if (shape.length > 32 || !shape.every((n) => Number.isSafeInteger(n) && n >= 0)) {
      throw new RangeError(`importOnnx: ${what} makes a constant of ${showShape(shape.slice(0, 32))}`);
    }
    this.#left -= sizeOf(shape);
    if (!(this.#left >= 0)) {
      throw new RangeError(
        `importOnnx: ${what} makes a constant of ${showShape(shape)}; all of them may have ${this.#most} numbers (option mostConstants)`,
      );
    }
    const numbers = new element.array(sizeOf(shape));
    fill(numbers);
    fit(type, numbers);
    return new Known(type, shape, () => numbers);
  }

  /** What an operation makes of constants, by the step of its record. */
  run<K extends GeneralKind>(what: string, kind: K, operation: Of<K>, inputs: readonly Known[], type: number, shape: Shape): Known {
    return this.known(what, type, shape, (numbers) => {
      const output: Value = { name: "y", shape };
      const values = inputs.map((known, i) => ({ name: `x${i}`, shape: known.shape }));
      // Steps are made for float32, but ask nothing of the arrays but to be indexed: whole numbers stay whole in theirs.
      const array = (value: { readonly name: string }): Float32Array => (
        value.name === "y" ? numbers : inputs[Number(value.name.slice(1))].numbers
      ) as Float32Array;
      const { routine } = generalComputations[kind] as Computation<K>;
      routine(
        { operation, inputs: values, output } as unknown as NodeOf<K>,
        { array, constant: never, kernels: undefined as never, scratch: never },
      )();
    });
  }
}

function never(): never {
  throw new Error("importOnnx: a step asks for what constants have not");
}

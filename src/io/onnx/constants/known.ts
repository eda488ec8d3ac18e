/** Tensors that are known while a graph is made: weights, shapes, and what follows from them. */
import { sizeOf } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";
import type { StoredTensor } from "../read/tensor.ts";
import { INT64 } from "../read/types.ts";
import type { Numbers } from "../read/types.ts";

interface KnownOptions {
  readonly stable?: boolean;
  readonly weight?: string | undefined;
}

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
  constructor(type: number, shape: Shape, read: () => Numbers, { stable = false, weight }: KnownOptions = {}) {
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

  /** The same numbers in another shape. @param options such as that they are independent of the inputs' shapes */
  reshaped(shape: Shape, options: KnownOptions = {}): Known {
    return new Known(this.type, shape, () => this.numbers, { weight: this.weight, stable: this.stable, ...options });
  }
}

export function stored({ name, type, shape, read }: StoredTensor): Known {
  return new Known(type, shape, read, { stable: true, weight: name });
}

/** Whole numbers, as shapes are. */
export function whole(values: readonly number[], shape: Shape = [values.length]): Known {
  return new Known(INT64, shape, () => Float64Array.from(values));
}

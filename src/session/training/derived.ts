/**
 * Graphs whose numbers are made of the parameters before each step, as those of int8 training are: weights as whole steps, biases in steps
 * of sums. They are made anew after each update, and what their gradients are after a step goes to the parameters.
 */
import type { Constant, Graph } from "../../graph/graph.ts";
import type { Network } from "../../graph/network.ts";
import type { Module } from "../../nn/module.ts";
import type { Shape } from "../../tensor.ts";
import type { TrainingState } from "./state.ts";

/** dL/dsource[o, ...] += dL/dderived[o, ...] * slope[o]: the same number of each, and as many rows as slopes. */
export interface Link {
  readonly source: string;
  readonly derived: string;
  readonly slope: ArrayLike<number>;
}

/** What is derived, for parameters as they are. */
export interface Derived {
  /** By the names of the graph's derived constants. */
  readonly values: ReadonlyMap<string, ArrayLike<number>>;
  readonly links: readonly Link[];
}

export interface Derivation {
  /** For training; its constants are derived, or stay as they are. */
  readonly graph: Graph;
  /** What learns. */
  readonly sources: readonly Constant[];
  /** @param present what a source is now */
  derive(present: (source: Constant) => Float32Array): Derived;
}

/** A network of bytes whose ranges a model is to be trained with; `quantise` makes it. */
export interface Int8Target {
  readonly quantised: true;
  /** @param input of all batches, [N,C,H,W] @throws RangeError where the model is another, or has what cannot be trained so */
  readonly derivation?: ((source: Module | Network, input: Shape) => Derivation) | undefined;
}

/** Follows the parameters of a state. */
export class Follower {
  readonly #derivation: Derivation;
  readonly #state: TrainingState;
  #links: readonly Link[] = [];

  constructor(derivation: Derivation, state: TrainingState) {
    this.#derivation = derivation;
    this.#state = state;
  }

  /** After the parameters have changed. */
  derive(): void {
    const { values, links } = this.#derivation.derive((source) => this.#state.present(source));
    for (const [name, numbers] of values) if (this.#state.has(name)) this.#state.present({ name }).set(numbers);
    this.#links = links;
  }

  /** Before a step. */
  clear(): void {
    this.#state.clearDerivedGradients();
  }

  /** After a step: adds to the gradients of parameters. */
  giveBack(): void {
    const state = this.#state;
    for (const { source, derived, slope } of this.#links) {
      if (!state.trains({ name: source }) || !state.trains({ name: derived })) continue;
      const [to, from] = [state.gradientOf({ name: source }), state.gradientOf({ name: derived })];
      const row = from.length / slope.length;
      for (let o = 0, i = 0; o < slope.length; o++) for (const end = i + row; i < end; i++) to[i] += from[i] * slope[o];
    }
  }
}

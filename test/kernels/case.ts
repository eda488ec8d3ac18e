/**
 * What a kernel case is: one operation at one geometry, written so that any family of kernels can be plugged in. The list
 * of all cases is cases.ts; what is done with them: gradients, the adjoint identity, one family against another.
 */
import type { Kernels } from "../../kernels/contract.ts";
import type { Random } from "../../kernels/random.ts";
import type { Floats } from "../../kernels/shapes.ts";

export type Values = Readonly<Record<string, Floats>>;
/** Allocates an output. Its elements are NaN, so that one that is not written shows. */
export type Make = (size: number) => Floats;

export interface Input {
  readonly size: number;
  /** The values, drawn afresh; as many as `size`. */
  readonly draw: (random: Random) => number[];
}

export interface Result {
  /** The output that dy belongs to. */
  readonly y: Floats;
  /** Whatever else the forward pass leaves: for the backward pass, or just as outputs. */
  readonly rest: Readonly<Record<string, Floats | Int32Array>>;
}

export interface Case<K = Kernels> {
  /** Operation and geometry; no two cases have the same. */
  readonly name: string;
  /** Every kernel the case calls, forward and backward. */
  readonly kernels: readonly (keyof K & string)[];
  readonly inputs: Readonly<Record<string, Input>>;
  /** The inputs whose gradients the backward pass makes. Empty where there is no backward pass. */
  readonly by: readonly string[];
  forward(kernels: K, inputs: Values, make: Make): Result;
  /** Accumulates into gradients[name] for every name of `by`. */
  backward(kernels: K, gradients: Values, dy: Floats, inputs: Values, result: Result): void;
  /** Groups of inputs in which y is linear together (others held fixed): <y, dy> = sum over the group of <x, dx>. */
  readonly linear?: readonly (readonly string[])[];
  /** Sits on kinks, or holds NaN or infinity: for comparing families, not for finite differences. */
  readonly kinks?: boolean;
  /** Too large for finite differences. */
  readonly large?: boolean;
  /** All elements of dy are the same number (the kernel takes one scale). */
  readonly uniform?: boolean;
}

/** Normally distributed around `mean`. */
export function normal(size: number, deviation: number = 1, mean: number = 0): Input {
  return { size, draw: (random) => Array.from({ length: size }, () => mean + deviation * random.normal()) };
}

/** Uniform from `low` to `high`. */
export function uniform(size: number, low: number, high: number): Input {
  return { size, draw: (random) => Array.from({ length: size }, () => low + (high - low) * random.uniform()) };
}

/** Uniform from -8 to 8, but further than 0.02 from every kink. */
export function awayFrom(size: number, kinks: readonly number[]): Input {
  const draw = (random: Random): number => {
    for (;;) {
      const value = 16 * random.uniform() - 8;
      if (kinks.every((kink) => Math.abs(value - kink) > 0.02)) return value;
    }
  };
  return { size, draw: (random) => Array.from({ length: size }, () => draw(random)) };
}

/** Values at least 0.05 apart, in random order: no maximum is near another. */
export function distinct(size: number): Input {
  return {
    size,
    draw: (random) => random.shuffle(Array.from({ length: size }, (_, i) => i))
      .map((rank) => (rank - size / 2) * 0.0625 + 0.01 * random.uniform()),
  };
}

/** Whole numbers from 0 to 3: many equals, for the rule which of them wins. */
export function ties(size: number): Input {
  return { size, draw: (random) => Array.from({ length: size }, () => random.below(4)) };
}

/** These values. */
export function fixed(values: readonly number[]): Input {
  return { size: values.length, draw: () => [...values] };
}

/** 0 or 1 / (1 - probability). */
export function dropoutMask(size: number, probability: number): Input {
  return { size, draw: (random) => Array.from({ length: size }, () => (random.uniform() < probability ? 0 : 1 / (1 - probability))) };
}

/** `{kernel:3,stride:[2,1]}`: options in a case's name. */
export function showOptions(options: object): string {
  return JSON.stringify(options).replaceAll('"', "");
}

/**
 * Runs a case with a family of kernels: inputs drawn from a seed that hangs on the case's name, outputs and gradients in
 * arrays between guard zones, so that writing past the end, not writing at all and writing into an input show.
 */
import type { Kernels } from "../../kernels/contract.ts";
import { Random } from "../../kernels/random.ts";
import type { Floats } from "../../kernels/shapes.ts";
import type { Case, Make, Result, Values } from "./case.ts";

export type Precision = Float32ArrayConstructor | Float64ArrayConstructor;

const GUARD = 16;
const GUARD_VALUE = -77.5;

/** Arrays between guard zones. */
class Guarded {
  readonly #wholes: Floats[] = [];
  readonly #precision: Precision;

  constructor(precision: Precision) {
    this.#precision = precision;
  }

  make(size: number, value: number): Floats {
    const whole = new this.#precision(size + 2 * GUARD).fill(GUARD_VALUE);
    this.#wholes.push(whole);
    return whole.subarray(GUARD, GUARD + size).fill(value);
  }

  intact(): boolean {
    return this.#wholes.every((whole) => {
      for (let i = 0; i < GUARD; i++) {
        if (whole[i] !== GUARD_VALUE || whole[whole.length - 1 - i] !== GUARD_VALUE) return false;
      }
      return true;
    });
  }
}

/** A seed from a name (FNV-1a). */
function seedOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

export interface Drawn {
  readonly inputs: Values;
  /** Drawn for y, once its length is known. */
  readonly dyFor: (size: number) => Floats;
  /** What the gradients hold before the backward pass: quarters, which adding and taking off leaves nearly exact. */
  readonly prefill: Values;
}

/** The numbers that a case runs on: always the same for one case. */
export function draw<K>(item: Case<K>, precision: Precision): Drawn {
  const random = new Random(seedOf(item.name));
  const inputs: Record<string, Floats> = {};
  for (const [name, input] of Object.entries(item.inputs)) inputs[name] = precision.from(input.draw(random));
  const prefill: Record<string, Floats> = {};
  for (const name of item.by) prefill[name] = inputs[name].map(() => (1 + random.below(16)) / 4);
  const dyFor = (size: number): Floats => {
    const same = 0.25 + random.uniform();
    return new precision(size).map(() => (item.uniform === true ? same : random.normal()));
  };
  return { inputs, dyFor, prefill };
}

export interface Run extends Result {
  readonly inputs: Values;
  readonly dy: Floats;
  /** What the backward pass added to the prefilled gradients. */
  readonly gradients: Values;
  /** What went wrong beside the numbers: guards, inputs, elements that were not written. Empty if all is well. */
  readonly faults: readonly string[];
}

/** Forward and backward of a case; the gradients start from `prefilled` values or from zero. */
export function run<K = Kernels>(item: Case<K>, kernels: K, precision: Precision, prefilled: boolean = false): Run {
  const { inputs, dyFor, prefill } = draw(item, precision);
  const guarded = new Guarded(precision);
  const faults: string[] = [];
  const make: Make = (size) => guarded.make(size, NaN);
  const copies = Object.entries(inputs).map(([name, values]) => [name, values.slice()] as const);

  const result = item.forward(kernels, inputs, make);
  const dy = dyFor(result.y.length);
  const dyCopy = dy.slice();
  const gradients: Record<string, Floats> = {};
  for (const name of item.by) {
    gradients[name] = guarded.make(inputs[name].length, 0);
    if (prefilled) gradients[name].set(prefill[name]);
  }
  item.backward(kernels, gradients, dy, inputs, result);
  if (prefilled) {
    for (const name of item.by) {
      for (let i = 0; i < gradients[name].length; i++) gradients[name][i] -= prefill[name][i];
    }
  }

  if (!guarded.intact()) faults.push("wrote outside an output");
  for (const [name, copy] of copies) {
    if (!same(copy, inputs[name])) faults.push(`changed its input ${name}`);
  }
  if (!same(dyCopy, dy)) faults.push("changed dy");
  if (item.kinks !== true) {
    for (const [name, values] of Object.entries({ y: result.y, ...result.rest })) {
      // Positions start as -1.
      const least = values instanceof Int32Array ? 0 : -Infinity;
      if (!values.every((value) => Number.isFinite(value) && value >= least)) faults.push(`left ${name} unwritten or not finite`);
    }
  }
  return { ...result, inputs, dy, gradients, faults };
}

function same(a: Floats, b: Floats): boolean {
  return a.every((value, i) => Object.is(value, b[i]));
}

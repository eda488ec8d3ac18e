/** What an instruction does, said in TypeScript, for the test to compare with what WebAssembly does. */
import type { Kind, Lane } from "./lanes.ts";

/** A result lane, or several where the specification allows several. */
export type Expected = Lane | readonly Lane[];

export interface Case {
  /** Each operand's lanes. */
  readonly takes: readonly Kind[];
  readonly gives: Kind;
  /** The lane index that the instruction has as immediate; every one is tried. */
  readonly lanes?: number;
  /** All lanes of the result, or undefined where the instruction traps. */
  readonly compute: (operands: readonly (readonly Lane[])[], lane: number) => readonly Expected[] | undefined;
  /** Operands to use instead of the banks' values. */
  readonly choose?: readonly (readonly Lane[] | undefined)[];
}

/** By the instruction's name. */
export type Cases = Record<string, Case>;

type Whole = (...values: bigint[]) => bigint | readonly bigint[];
type Real = (...values: number[]) => number | readonly number[];

/** The same for every lane; a scalar operand beside vectors serves all lanes. */
function lanewise(takes: readonly Kind[], gives: Kind, compute: (...values: never[]) => Expected): Case {
  return {
    takes, gives,
    compute: (operands) => {
      const length = Math.max(...operands.map((operand) => operand.length));
      return Array.from({ length }, (_, i) => compute(...(operands.map((operand) => operand[operand.length === 1 ? 0 : i]) as never[])));
    },
  };
}

/** Operands and result of one kind of whole numbers, unless said otherwise; `compute` has one parameter an operand. */
export function whole(kind: Kind, compute: Whole, gives: Kind = kind): Case {
  return lanewise(Array.from({ length: compute.length }, () => kind), gives, compute as never);
}

export function real(kind: Kind, compute: Real, gives: Kind = kind): Case {
  return lanewise(Array.from({ length: compute.length }, () => kind), gives, compute as never);
}

/** A comparison: true is `yes`. */
export function compares(kind: Kind, gives: Kind, yes: bigint, compute: (a: never, b: never) => boolean): Case {
  return lanewise([kind, kind], gives, ((a: never, b: never) => (compute(a, b) ? yes : 0n)) as never);
}

/** From one kind to another, lane by lane. */
export function converts(from: Kind, to: Kind, compute: (value: never) => Expected): Case {
  return lanewise([from], to, compute as never);
}

export function shifts(kind: Kind, compute: (a: bigint, count: bigint) => bigint): Case {
  return lanewise([kind, "u32"], kind, compute as never);
}

/** What traps where `compute` has no answer; one lane. */
export function traps(kinds: readonly Kind[], gives: Kind, compute: (...values: never[]) => Lane | undefined): Case {
  return {
    takes: kinds, gives,
    compute: (operands) => {
      const result = compute(...(operands.map(([lane]) => lane) as never[]));
      return result === undefined ? undefined : [result];
    },
  };
}

/** Whole operands and results, all lanes at once. */
export function across(
  takes: readonly Kind[], gives: Kind, compute: (...operands: bigint[][]) => readonly (bigint | readonly bigint[])[],
): Case {
  return { takes, gives, compute: (operands) => compute(...(operands as bigint[][])) };
}

export function clamp(value: bigint, low: bigint, high: bigint): bigint {
  return value < low ? low : value > high ? high : value;
}

/** The ends of a kind's range. */
export function range(kind: Kind): [bigint, bigint] {
  const bits = BigInt(kind.slice(1));
  return kind[0] === "u" ? [0n, (1n << bits) - 1n] : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
}

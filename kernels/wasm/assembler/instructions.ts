/**
 * From the table to methods: `f.f32x4.mul()` checks and writes instruction "f32x4.mul". The methods of a group are made once and
 * shared by all functions, so that a function builder costs one small object a group.
 */
import type { Body } from "./body.ts";
import { instructionsOf } from "./opcodes.ts";
import type { Core, GroupName, Instruction, InstructionTable } from "./opcodes.ts";

/** Offsets and alignments are in bytes; the alignment is a hint, natural if left out, and changes no result. */
interface Methods {
  readonly none: () => void;
  readonly zero: () => void;
  readonly memory: (offset?: number, align?: number) => void;
  readonly atomic: (offset?: number) => void;
  readonly lane: (lane: number) => void;
  readonly "memory,lane": (lane: number, offset?: number, align?: number) => void;
  readonly shuffle: (lanes: ArrayLike<number>) => void;
  /** Whole numbers from -2^31 to 2^32 - 1. */
  readonly i32: (value: number) => void;
  readonly i64: (value: number | bigint) => void;
  readonly f32: (value: number) => void;
  readonly f64: (value: number) => void;
  /** 16 of them. */
  readonly bytes: (bytes: ArrayLike<number>) => void;
  /** All lanes, or one value for all of them. */
  readonly lanes: (...lanes: readonly number[]) => void;
  readonly longs: (...lanes: readonly (number | bigint)[]) => void;
}

// ---- the table as TypeScript types ----------------------------------------------------------------------------------

type Words<S extends string> = S extends `${infer Word} ${infer Rest}` ? Word | Words<Rest> : S;

type Kind<I extends string> = I extends `${string},lane` ? "memory,lane"
  : I extends `${infer K extends keyof Methods}:${string}` ? K
  : I extends keyof Methods ? I : never;

/** A line as pairs of a name and the kind of its method. */
type Pairs<Line extends string> = Line extends `${string} ${string} [${infer I}] ${infer Names}` ? [Words<Names>, Kind<I>]
  : Line extends `${string} ${string} ${infer Names}` ? [Words<Names>, "none"] : never;

type Head<Name extends string> = Name extends `${infer First}.${string}` ? First : Name;

type KindOf<P, Name extends string> = P extends [infer Names, infer K extends keyof Methods] ? (Name extends Names ? K : never) : never;

type Below<P, Name extends string> = P extends [infer Names, infer K]
  ? Names extends `${Name}.${infer Rest}` ? [Rest, K] : never
  : never;

type Tree<P extends [string, string]> = {
  readonly [Name in Head<P[0]>]: [KindOf<P, Name>] extends [never] ? Tree<Below<P, Name>> : Methods[KindOf<P, Name>];
};

/** The methods of a group, by name. */
export type Group<G extends GroupName, T extends InstructionTable = Core> = Tree<Pairs<T[G][number]>>;

// ---- the table as methods -------------------------------------------------------------------------------------------

/** What the methods of a group are called on. */
interface Holder {
  readonly body: Body;
}

type Method = (this: Holder, ...values: never[]) => void;

/** Methods of immediates that CORE has not (opcodes-all.ts). */
export const further: Record<string, ((op: Instruction) => Method) | undefined> = {};

function writeLane(body: Body, op: Instruction, lane: number, lanes: number): void {
  body.home.checks?.lane(body, op, lane, lanes);
  body.code.byte(lane);
}

function number(body: Body, op: Instruction, value: unknown): number {
  body.home.checks?.number(body, op, value);
  return value as number;
}

/** Constants by lanes: "f32x4". */
function lanesMethod(op: Instruction): Method {
  const [type, counted] = op.detail.split("x");
  const count = Number(counted);
  const bytes = 16 / count;
  return function (this: Holder, ...lanes: readonly number[]): void {
    const { body } = this;
    body.emit(op);
    if (lanes.length !== 1) body.home.checks?.count(body, op, lanes, count);
    for (let i = 0; i < count; i++) {
      const lane = lanes[lanes.length === 1 ? 0 : i];
      if (type === "f32") body.code.f32(number(body, op, lane));
      else if (type === "f64") body.code.f64(number(body, op, lane));
      else {
        body.home.checks?.bits(body, op, lane, 8 * bytes);
        body.code.word(lane, bytes);
      }
    }
  };
}

function methodOf(op: Instruction): Method {
  const detail = Number(op.detail);
  switch (op.immediate) {
    case "":
      return function () {
        this.body.emit(op);
      };
    case "zero":
      return function () {
        const { body } = this;
        body.emit(op);
        if (op.name !== "atomic.fence") body.home.checks?.wantsMemory(body, op);
        for (let i = 0; i < detail; i++) body.code.byte(0);
      };
    case "memory":
      return function (this: Holder, offset: number = 0, align: number = detail) {
        this.body.emit(op);
        this.body.address(op, offset, align, detail);
      };
    case "atomic":
      return function (this: Holder, offset: number = 0) {
        this.body.emit(op);
        this.body.address(op, offset, detail, detail);
      };
    case "lane":
      return function (this: Holder, lane: number) {
        this.body.emit(op);
        writeLane(this.body, op, lane, detail);
      };
    case "memory,lane":
      return function (this: Holder, lane: number, offset: number = 0, align: number = detail) {
        this.body.emit(op);
        this.body.address(op, offset, align, detail);
        writeLane(this.body, op, lane, 16 / detail);
      };
    case "shuffle":
      return function (this: Holder, lanes: ArrayLike<number>) {
        this.body.emit(op);
        this.body.home.checks?.count(this.body, op, lanes, 16);
        for (let i = 0; i < 16; i++) writeLane(this.body, op, lanes[i], 32);
      };
    case "i32":
      return function (this: Holder, value: number) {
        this.body.emit(op);
        this.body.home.checks?.constant(this.body, op.name, value);
        this.body.code.s32(value);
      };
    case "i64":
      return function (this: Holder, value: number | bigint) {
        this.body.emit(op);
        this.body.home.checks?.long(this.body, op, value);
        this.body.code.s64(BigInt.asIntN(64, BigInt(value)));
      };
    case "f32":
      return function (this: Holder, value: number) {
        this.body.emit(op);
        this.body.code.f32(number(this.body, op, value));
      };
    case "f64":
      return function (this: Holder, value: number) {
        this.body.emit(op);
        this.body.code.f64(number(this.body, op, value));
      };
    default:
      return (further[op.immediate] ?? lanesMethod)(op);
  }
}

/**
 * The methods of instructions whose words begin with `prefix`, as the prototype of what holds a body; where a further dot follows,
 * a getter for the group below.
 */
function prototypeOf(all: readonly Instruction[], prefix: string): object {
  const prototype: Record<string, Method> = {};
  for (const op of all) {
    const { word } = op;
    if (prefix !== "" && !word.startsWith(prefix)) continue;
    const dot = word.indexOf(".", prefix.length);
    if (dot < 0) {
      prototype[word.slice(prefix.length)] = methodOf(op);
      continue;
    }
    const name = word.slice(prefix.length, dot);
    if (name in prototype) continue;
    const group = prototypeOf(all, `${prefix}${name}.`);
    Object.defineProperty(prototype, name, { get(this: Holder) { return hold(group, this.body); } });
  }
  return prototype;
}

function hold(prototype: object, body: Body): object {
  const holder = Object.create(prototype) as { body: Body };
  holder.body = body;
  return holder;
}

const prototypes = new Map<readonly string[], object>();

/** The instructions of a group, writing to `body`. */
export function group<G extends GroupName, T extends InstructionTable>(name: G, body: Body): Group<G, T> {
  const { instructions } = body.home;
  let prototype = prototypes.get(instructions[name]);
  if (prototype === undefined) {
    prototype = prototypeOf(instructionsOf(name, instructions), "");
    prototypes.set(instructions[name], prototype);
  }
  return hold(prototype, body) as Group<G, T>;
}

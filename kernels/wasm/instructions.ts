/**
 * From the table to methods: `f.f32x4.mul()` checks and writes instruction "f32x4.mul". The methods of a group are made once and
 * shared by all functions, so that a function builder costs one small object a group.
 */
import type { Bytes } from "./encode.ts";
import { checkWhole } from "./encode.ts";
import { INSTRUCTIONS, instructionsOf } from "./opcodes.ts";
import type { GroupName, Instruction } from "./opcodes.ts";
import type { TypeStack } from "./type-stack.ts";

/** What a method writes to. */
export interface Target {
  readonly code: Bytes;
  readonly types: TypeStack;
  /** Does the module have a memory? */
  readonly hasMemory: boolean;
}

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

type Kind<I extends string> = I extends "lanes:i64x2" ? "longs"
  : I extends `${string},lane` ? "memory,lane"
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
export type Group<G extends GroupName> = Tree<Pairs<(typeof INSTRUCTIONS)[G][number]>>;

// ---- the table as methods -------------------------------------------------------------------------------------------

interface Holder {
  readonly target: Target;
}

type Method = (this: Holder, ...values: never[]) => void;

function begin(target: Target, op: Instruction): Bytes {
  target.types.apply(op.name, op.operands, op.results);
  target.code.opcode(op.opcode);
  return target.code;
}

function writeAddress(target: Target, offset: number, align: number, natural: number): void {
  if (!target.hasMemory) throw new TypeError(`${target.types.at()}: wants a memory, the module has none yet`);
  if (!(offset >= 0 && offset <= 0xffffffff && Number.isInteger(offset))) checkWhole(`${target.types.at()}: offset`, offset, 0, 0xffffffff);
  if (align !== natural && !(align >= 1 && align < natural && (align & (align - 1)) === 0)) {
    throw new RangeError(`${target.types.at()}: alignment wants a power of two up to ${natural} bytes, got ${align}`);
  }
  target.code.indexed(31 - Math.clz32(align), offset);
}

function writeLane(target: Target, lane: number, lanes: number): void {
  if (!(lane >= 0 && lane < lanes && Number.isInteger(lane))) checkWhole(`${target.types.at()}: lane`, lane, 0, lanes - 1);
  target.code.byte(lane);
}

function writeMany<T>(target: Target, lanes: ArrayLike<T>, count: number, write: (value: T) => void): void {
  if (lanes.length !== count) throw new RangeError(`${target.types.at()}: wants ${count} values, got ${lanes.length}`);
  for (let i = 0; i < count; i++) write(lanes[i]);
}

/** @throws RangeError for what no whole number of `bits` bits, signed or unsigned, can hold. */
function checkLane(target: Target, value: number, bits: 8 | 16 | 32): void {
  const values = bits === 32 ? 0x100000000 : 1 << bits;
  checkWhole(`${target.types.at()}: constant`, value, -values / 2, values - 1);
}

function long(target: Target, value: number | bigint): bigint {
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new RangeError(`${target.types.at()}: constant wants a bigint or a safe whole number, got ${value}`);
  }
  const whole = BigInt(value);
  if (whole < -0x8000000000000000n || whole > 0xffffffffffffffffn) {
    throw new RangeError(`${target.types.at()}: constant wants a whole number of 64 bits, got ${whole}`);
  }
  return BigInt.asIntN(64, whole);
}

function number(target: Target, value: number): number {
  if (typeof value !== "number") throw new TypeError(`${target.types.at()}: constant wants a number, got ${typeof value}`);
  return value;
}

function lanesMethod(op: Instruction): Method {
  const count = Number(op.detail.slice(op.detail.indexOf("x") + 1));
  return function (this: Holder, ...lanes: readonly (number | bigint)[]): void {
    const { target } = this;
    const code = begin(target, op);
    const all = lanes.length === 1 ? Array.from({ length: count }, () => lanes[0]) : lanes;
    writeMany(target, all, count, (lane) => {
      if (op.detail === "i64x2") return code.long(long(target, lane));
      const value = number(target, lane as number);
      if (op.detail === "f32x4") return code.f32(value);
      if (op.detail === "f64x2") return code.f64(value);
      checkLane(target, value, op.detail === "i8x16" ? 8 : op.detail === "i16x8" ? 16 : 32);
      return code.word(value, 16 / count);
    });
  };
}

function methodOf(op: Instruction): Method {
  const detail = Number(op.detail);
  switch (op.immediate) {
    case "":
      return function () {
        begin(this.target, op);
      };
    case "zero":
      return function () {
        const { target } = this;
        const code = begin(target, op);
        if (op.name.startsWith("memory") && !target.hasMemory) throw new TypeError(`${target.types.at()}: wants a memory, the module has none yet`);
        for (let i = 0; i < detail; i++) code.byte(0);
      };
    case "memory":
      return function (this: Holder, offset: number = 0, align: number = detail) {
        begin(this.target, op);
        writeAddress(this.target, offset, align, detail);
      };
    case "atomic":
      return function (this: Holder, offset: number = 0) {
        begin(this.target, op);
        writeAddress(this.target, offset, detail, detail);
      };
    case "lane":
      return function (this: Holder, lane: number) {
        begin(this.target, op);
        writeLane(this.target, lane, detail);
      };
    case "memory,lane":
      return function (this: Holder, lane: number, offset: number = 0, align: number = detail) {
        begin(this.target, op);
        writeAddress(this.target, offset, align, detail);
        writeLane(this.target, lane, 16 / detail);
      };
    case "shuffle":
      return function (this: Holder, lanes: ArrayLike<number>) {
        begin(this.target, op);
        writeMany(this.target, lanes, 16, (lane) => writeLane(this.target, lane, 32));
      };
    case "bytes":
      return function (this: Holder, bytes: ArrayLike<number>) {
        begin(this.target, op);
        writeMany(this.target, bytes, 16, (byte) => {
          checkLane(this.target, byte, 8);
          this.target.code.byte(byte & 0xff);
        });
      };
    case "i32":
      return function (this: Holder, value: number) {
        const code = begin(this.target, op);
        if ((value | 0) !== value) checkLane(this.target, value, 32);
        code.s32(value);
      };
    case "i64":
      return function (this: Holder, value: number | bigint) {
        begin(this.target, op).s64(long(this.target, value));
      };
    case "f32":
      return function (this: Holder, value: number) {
        begin(this.target, op).f32(number(this.target, value));
      };
    case "f64":
      return function (this: Holder, value: number) {
        begin(this.target, op).f64(number(this.target, value));
      };
    default:
      return lanesMethod(op);
  }
}

/**
 * The methods of instructions whose names have `prefix`, as the prototype of what holds a target; where a further dot follows, a
 * getter for the group below.
 */
function prototypeOf(all: readonly Instruction[], prefix: string): object {
  const prototype: Record<string, Method> = {};
  for (const op of all) {
    if (!op.name.startsWith(prefix)) continue;
    const dot = op.name.indexOf(".", prefix.length);
    if (dot < 0) {
      prototype[op.name.slice(prefix.length)] = methodOf(op);
      continue;
    }
    const name = op.name.slice(prefix.length, dot);
    if (name in prototype) continue;
    const group = prototypeOf(all, `${prefix}${name}.`);
    Object.defineProperty(prototype, name, { get(this: Holder) { return hold(group, this.target); } });
  }
  return prototype;
}

function hold(prototype: object, target: Target): object {
  const holder = Object.create(prototype) as { target: Target };
  holder.target = target;
  return holder;
}

const prototypes = new Map<GroupName, object>();

/** The instructions of a group, writing to `target`. */
export function group<G extends GroupName>(name: G, target: Target): Group<G> {
  let prototype = prototypes.get(name);
  if (prototype === undefined) {
    prototype = prototypeOf(instructionsOf(name), `${name}.`);
    prototypes.set(name, prototype);
  }
  return hold(prototype, target) as Group<G>;
}

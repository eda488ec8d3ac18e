/**
 * What a module and its functions name: handles, never bare numbers. A handle belongs to the module or function that made it,
 * and is refused by any other. (Labels are in body.ts.)
 */
import type { Codes, Signature, ValueType } from "./types.ts";

/** Names and types of parameters, in order. */
export type Params = Readonly<Record<string, ValueType>>;

/** A parameter or local variable of one function. */
export interface Local<T extends ValueType = ValueType> {
  readonly type: T;
  readonly name: string;
  readonly index: number;
  readonly owner: object;
  /** The type as the check has it, alone and as a list. */
  readonly code: number;
  readonly codes: Codes;
}

/** The handles of a function's parameters. */
export type Locals<P extends Params> = { readonly [K in keyof P]: Local<P[K]> };

/** A function, imported or defined. */
export interface Func<P extends Params = Params> {
  readonly kind: "function";
  readonly name: string;
  readonly index: number;
  readonly owner: object;
  readonly params: P;
  readonly signature: Signature;
}

/** Sizes in pages of 65536 bytes. A shared memory must say its maximum. */
export interface MemoryLimits {
  readonly minimum: number;
  readonly maximum?: number;
  readonly shared?: boolean;
}

/** The memory of a module. */
export interface Memory {
  readonly kind: "memory";
  readonly name: string;
  readonly index: number;
  readonly owner: object;
  readonly limits: MemoryLimits;
}

/** What can say where it stands: a module, or a function while it is written, with the instruction at hand. */
interface Place {
  readonly name: string;
  readonly count?: number;
  readonly instruction?: string;
}

/** For messages. */
export function placeOf({ name, count, instruction }: Place, which: string | undefined = instruction): string {
  return count === undefined ? name : `${name}, instruction ${count} (${which})`;
}

/** @throws TypeError where another function or module made the handle. */
export function checkOwner(place: Place, handle: { readonly owner: object; readonly name: string }, owner: object, kind: string): void {
  if (handle.owner !== owner) throw new TypeError(`${placeOf(place)}: wants a handle of this ${kind}, "${handle.name}" belongs to another`);
}

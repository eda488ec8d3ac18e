/**
 * What can be checked while modules are written, as those who write see it: the module's builder, and the body of a function. What does it
 * is in checks.ts and type-stack.ts.
 */
import type { Func, MemoryLimits, Params } from "../handles.ts";
import type { Instruction } from "../opcodes.ts";
import type { Codes, ValueType } from "../types.ts";

/** A module, for messages; the owner of handles. */
interface Named {
  readonly name: string;
}

/** A function while it is written: with its instruction at hand, and how many there were with it. */
export interface Written extends Named {
  instruction: string;
  readonly count: number;
  readonly home: { readonly hasMemory: boolean };
}

/** A block of it. */
export interface Block {
  readonly kind: "function" | "block" | "loop" | "if";
  readonly owner: Named;
  readonly params: Codes;
  readonly results: Codes;
  /** What a branch to it takes from the stack. */
  readonly wants: Codes;
  /** How many values lie below this block's, is it open, does anything reach what follows? */
  height: number;
  open: boolean;
  unreachable: boolean;
}

/** The types of the values on a function's stack. All throw TypeError where an instruction does not fit. */
export interface TypeCheck {
  /** One instruction that takes `wants` and leaves `gives`. */
  apply(instruction: string, wants: Codes, gives: Codes): void;
  /** @throws TypeError where another function or module made the handle */
  own(handle: { readonly owner: object; readonly name: string }, owner: object, kind: string): void;
  /** Opens a block. Its parameters must be on the stack, and stay there. */
  open(block: Block): void;
  /** From the first to the second half of an `if`. */
  otherwise(block: Block): void;
  /** Closes the innermost block. Its results must be on the stack, and nothing else of it. */
  close(block: Block): void;
  /** Nothing reaches what follows. */
  leave(): void;
  /** Can `instruction` branch there? */
  within(block: Block, instruction: string): void;
  brIf(block: Block): void;
  brTable(blocks: readonly Block[], otherwise: Block): void;
  /** Any one value. */
  drop(): void;
  /** Two values of one type, and an i32 above them. */
  select(): void;
}

/** Of a function in a module. */
interface Definition {
  readonly func: Func;
  readonly imported: object | undefined;
  readonly code: object | undefined;
}

export interface Checks {
  /** Of one function, from its first instruction on. */
  types(written: Written): TypeCheck;
  /** @throws TypeError for an import after the first function */
  importing(module: Named, functions: readonly Definition[], name: string): void;
  /** @throws RangeError for a name that is taken, or a parameter that JavaScript would put elsewhere; TypeError for no value type */
  naming(module: Named, taken: boolean, name: string, params: Params, results: readonly ValueType[]): void;
  /** @throws TypeError for a function of another module, or one that is defined */
  defining(module: Named, func: Func, definition: Definition): void;
  /** @throws TypeError, RangeError for a second memory, or limits that make no sense */
  memory(module: Named, second: boolean, name: string, limits: MemoryLimits): void;
  /** @throws TypeError for a handle of another module, RangeError for a name that is taken */
  exporting(module: Named, handle: { readonly owner: object; readonly name: string }, taken: boolean, name: string): void;
  /** @throws TypeError where a function was declared and never defined */
  finishing(module: Named, functions: readonly Definition[]): void;
  /** @throws RangeError for an alignment that is none, or an offset that 32 bits cannot hold */
  address(written: Written, op: Instruction, offset: number, align: number, natural: number): void;
  /** @throws TypeError where the module has no memory */
  wantsMemory(written: Written, op: Instruction): void;
  /** @throws RangeError for a lane that is none */
  lane(written: Written, op: Instruction, lane: number, lanes: number): void;
  /** @throws RangeError for too many values, or too few */
  count(written: Written, op: Instruction, values: ArrayLike<unknown>, count: number): void;
  /** @throws RangeError for what no whole number of `bits` bits, signed or unsigned, can hold */
  bits(written: Written, op: Instruction, value: unknown, bits: number): void;
  /** @throws RangeError for what no whole number of 32 bits, signed or unsigned, can hold */
  constant(written: Written, instruction: string | undefined, value: number): void;
  /** @throws RangeError for what no whole number of 64 bits can hold, or a number that is not safe */
  long(written: Written, op: Instruction, value: number | bigint): void;
  /** @throws TypeError for anything but a number */
  number(written: Written, op: Instruction, value: unknown): void;
}

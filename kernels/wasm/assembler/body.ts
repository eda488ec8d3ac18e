/**
 * A function while it is written: its open blocks and its code. Here is what runs for every instruction, most often before the
 * engine has compiled any of it, hence few calls and plain loops.
 */
import type { Bytes } from "./encode.ts";
import type { Local } from "./handles.ts";
import type { Instruction, InstructionTable } from "./opcodes.ts";
import type { Block, Checks, TypeCheck, Written } from "./checks/contract.ts";
import { NONE } from "./types.ts";
import type { Codes, SignatureTable } from "./types.ts";

/** The module, as its functions see it. */
export interface Home {
  readonly instructions: InstructionTable;
  readonly hasMemory: boolean;
  readonly signatures: SignatureTable;
  /** What checks functions while they are written; undefined where that is left to the engine. */
  readonly checks: Checks | undefined;
}

/** A block, and what branches to it name. Of a loop its beginning, of all else its end. */
export class Label implements Block {
  readonly kind: Block["kind"];
  readonly owner: Body;
  readonly params: Codes;
  readonly results: Codes;
  /** How many blocks are open around this one. */
  readonly level: number;
  /** For the check: how many values lie below this block's, is it open, does anything reach what follows? */
  height = 0;
  open = true;
  unreachable = false;

  constructor(owner: Body, kind: Label["kind"], params: Codes, results: Codes, level: number) {
    this.owner = owner;
    this.kind = kind;
    this.params = params;
    this.results = results;
    this.level = level;
  }

  /** What a branch to this label takes from the stack. */
  get wants(): Codes {
    return this.kind === "loop" ? this.params : this.results;
  }
}

export class Body implements Written {
  readonly name: string;
  readonly home: Home;
  readonly code: Bytes;
  readonly check: TypeCheck | undefined;
  /** The instruction at hand, and how many there were with it: for messages. */
  instruction = "";
  count = 0;
  #level = 0;

  constructor(home: Home, name: string, code: Bytes) {
    this.home = home;
    this.name = name;
    this.code = code;
    this.check = home.checks?.types(this);
  }

  /** One instruction that takes `wants` and leaves `gives`. */
  apply(instruction: string, wants: Codes, gives: Codes): void {
    this.count++;
    this.check?.apply(instruction, wants, gives);
  }

  /** The same, of a local. */
  use(instruction: string, wants: Codes, local: Local, gives: Codes): void {
    this.apply(instruction, wants, gives);
    this.check?.own(local, this, "function");
  }

  /** Opens a block. Its parameters must be on the stack, and stay there. */
  open(kind: Label["kind"], params: Codes, results: Codes): Label {
    if (kind !== "function") this.count++;
    const label = new Label(this, kind, params, results, this.#level++);
    this.check?.open(label);
    return label;
  }

  /** Closes the innermost block, which `label` must name. Its results must be on the stack, and nothing else of it. */
  close(label: Label): void {
    this.check?.close(label);
    this.#level--;
  }

  /** How many blocks `instruction` leaves by branching to `label`. */
  depth(label: Label, instruction: string): number {
    this.check?.within(label, instruction);
    return this.#level - 1 - label.level;
  }

  /** An instruction after which nothing reaches what follows. */
  leave(instruction: string, wants: Codes = NONE): void {
    this.apply(instruction, wants, NONE);
    this.check?.leave();
  }

  /** Checks an instruction of the table, and writes its opcode. */
  emit(op: Instruction): void {
    const { opcode } = op;
    this.count++;
    this.check?.apply(op.name, op.operands, op.results);
    const { code } = this;
    let at = code.length;
    if (at + 3 > code.data.length) code.reserve(3);
    const { data } = code;
    data[at++] = opcode;
    // From 0xfc on they are prefixes: what follows is a number, and may be 0.
    if (opcode >= 0xfc) {
      data[at++] = opcode >> 8;
      if (opcode > 0xffff) data[at++] = opcode >> 16;
    }
    code.length = at;
  }

  /** The immediates of the memory instruction just emitted, in bytes. @throws RangeError, TypeError where there is no memory. */
  address(op: Instruction, offset: number, align: number, natural: number): void {
    this.home.checks?.address(this, op, offset, align, natural);
    this.home.checks?.wantsMemory(this, op);
    this.code.indexed(31 - Math.clz32(align), offset);
  }

}

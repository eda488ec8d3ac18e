/**
 * A function while it is written: its type stack and its code. Here is what runs for every instruction, most often before the
 * engine has compiled any of it, hence few calls and plain loops.
 */
import { Bytes, checkWhole } from "./encode.ts";
import type { Instruction, InstructionTable } from "./opcodes.ts";
import { TypeStack } from "./type-stack.ts";
import type { SignatureTable } from "./types.ts";

/** The module, as its functions see it. */
export interface Home {
  readonly instructions: InstructionTable;
  readonly hasMemory: boolean;
  readonly signatures: SignatureTable;
}

export class Body extends TypeStack {
  readonly home: Home;
  readonly code: Bytes;

  constructor(home: Home, name: string, code: Bytes) {
    super(name);
    this.home = home;
    this.code = code;
  }

  /** Checks an instruction of the table, and writes its opcode. */
  emit(op: Instruction): void {
    const { operands, results, opcode } = op;
    const { values } = this;
    let top = this.top - operands.length;
    let fits = top >= this.floor;
    for (let i = 0; fits && i < operands.length; i++) fits = values[top + i] === operands[i];
    if (fits) {
      this.count++;
      if (results.length > 0) values[top++] = results[0];
      this.top = top;
    } else {
      this.apply(op.name, operands, results);
    }
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
    if (align !== natural && !(align >= 1 && align < natural && (align & (align - 1)) === 0)) {
      throw new RangeError(`${this.at(op.name)}: alignment wants a power of two up to ${natural} bytes, got ${align}`);
    }
    if (offset >>> 0 !== offset) checkWhole(`${this.at(op.name)}: offset`, offset, 0, 0xffffffff);
    if (!this.home.hasMemory) this.wantMemory(op);
    this.code.indexed(31 - Math.clz32(align), offset);
  }

  /** @throws TypeError where the module has no memory. */
  wantMemory(op: Instruction): void {
    if (!this.home.hasMemory) throw new TypeError(`${this.at(op.name)}: wants a memory, the module has none yet`);
  }
}

/**
 * The type check of a function while it is emitted: the validation algorithm of the WebAssembly Core Specification (appendix
 * "Validation Algorithm"). A stack of value types, and a stack of open blocks. After a branch nothing reaches what follows: the
 * block's values are gone, and whatever an instruction then wants beyond what was pushed since has an unknown type that fits.
 *
 * Every error is a TypeError that names the function, the instruction, what it wanted and what was there.
 */
import { NONE, UNKNOWN, namesOf, single } from "./types.ts";
import type { Codes } from "./types.ts";

const I32: Codes = single("i32");

/** A block, and what branches to it name. Of a loop its beginning, of all else its end. */
export class Label {
  readonly kind: "function" | "block" | "loop" | "if";
  readonly owner: TypeStack;
  readonly params: Codes;
  readonly results: Codes;
  /** How many blocks are open around this one. */
  readonly level: number;
  /** How many values lie below this block's. */
  readonly height: number;
  open = true;
  unreachable = false;

  constructor(owner: TypeStack, kind: Label["kind"], params: Codes, results: Codes, level: number, height: number) {
    this.owner = owner;
    this.kind = kind;
    this.params = params;
    this.results = results;
    this.level = level;
    this.height = height;
  }

  /** What a branch to this label takes from the stack. */
  get wants(): Codes {
    return this.kind === "loop" ? this.params : this.results;
  }
}

/** (Fields that are open are so for body.ts, which does the commonest checks itself.) */
export class TypeStack {
  readonly name: string;
  readonly values: number[] = [];
  top = 0;
  /** The innermost block's height; past every height once the function has ended, so that nothing more fits. */
  floor = 0;
  /** The instruction at hand, and how many there were with it: for messages. */
  instruction = "";
  count = 0;
  readonly #blocks: Label[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** One instruction that takes `wants` and leaves `gives`. */
  apply(instruction: string, wants: Codes, gives: Codes): void {
    this.instruction = instruction;
    this.count++;
    this.#pop(wants);
    this.#push(gives);
  }

  /** Takes `wants` from the stack. */
  #pop(wants: Codes): void {
    const block = this.#innermost();
    let top = this.top;
    for (let i = wants.length - 1; i >= 0; i--) {
      if (top === block.height) {
        if (block.unreachable) break;
        this.#fail(wants);
      }
      top--;
      if (this.values[top] !== wants[i] && this.values[top] !== UNKNOWN) this.#fail(wants);
    }
    this.top = top;
  }

  #push(gives: Codes): void {
    for (let i = 0; i < gives.length; i++) this.values[this.top++] = gives[i];
  }

  #innermost(): Label {
    if (this.#blocks.length === 0) throw new TypeError(`${this.at()}: the function has ended`);
    return this.#blocks[this.#blocks.length - 1];
  }

  /** Where emission stands, for messages. */
  at(instruction: string = this.instruction): string {
    return `${this.name}, instruction ${this.count} (${instruction})`;
  }

  #fail(wants: Codes, more = ""): never {
    const block = this.#innermost();
    const inside = this.values.slice(block.height, this.top);
    const outside = this.values.slice(0, block.height);
    const unreachable = block.unreachable ? " after code that never ends here" : "";
    const below = outside.length === 0 ? "" : `, and [${namesOf(outside)}] out of reach, outside this ${block.kind}`;
    throw new TypeError(`${this.at()}: wants [${namesOf(wants)}]${more}, the stack has [${namesOf(inside)}]${unreachable}${below}`);
  }

  /** Opens a block. Its parameters must be on the stack, and stay there. */
  open(kind: Label["kind"], params: Codes, results: Codes): Label {
    if (kind === "if") this.apply(kind, I32, NONE);
    if (kind !== "function") {
      this.instruction = kind;
      if (kind !== "if") this.count++;
      this.#pop(params);
    }
    const label = new Label(this, kind, params, results, this.#blocks.length, this.top);
    this.#blocks.push(label);
    this.floor = this.top;
    if (kind !== "function") this.#push(params);
    return label;
  }

  /** From the first to the second half of the `if` that `label` names. */
  otherwise(label: Label): void {
    this.#finish("else", label);
    label.unreachable = false;
    this.#push(label.params);
  }

  /** Closes the innermost block, which `label` must name. Its results must be on the stack, and nothing else of it. */
  close(label: Label): void {
    this.#finish(`end of ${label.kind}`, label);
    label.open = false;
    this.#blocks.pop();
    this.floor = this.#blocks.length === 0 ? Infinity : this.#blocks[this.#blocks.length - 1].height;
    this.#push(label.results);
  }

  #finish(instruction: string, label: Label): void {
    this.instruction = instruction;
    if (this.#innermost() !== label) throw new TypeError(`${this.at()}: another block is open inside`);
    const top = this.top;
    this.#pop(label.results);
    if (this.top !== label.height) {
      this.top = top;
      this.#fail(label.results, " and nothing else");
    }
  }

  /** Nothing reaches what follows. */
  leave(): void {
    const block = this.#innermost();
    this.top = block.height;
    block.unreachable = true;
  }

  /** How many blocks `instruction` leaves by branching to `label`. */
  depth(label: Label, instruction: string): number {
    if (label.owner !== this || !label.open) {
      const place = `${this.name}, after instruction ${this.count} (${instruction})`;
      if (label.owner !== this) throw new TypeError(`${place}: wants a label of this function, got one of ${label.owner.name}`);
      throw new TypeError(`${place}: wants the label of an open block, this ${label.kind} has ended`);
    }
    return this.#blocks.length - 1 - label.level;
  }

  br(label: Label): void {
    this.apply("br", label.wants, NONE);
    this.leave();
  }

  brIf(label: Label): void {
    this.apply("br_if", I32, NONE);
    this.#pop(label.wants);
    this.#push(label.wants);
  }

  brTable(labels: readonly Label[], otherwise: Label): void {
    this.apply("br_table", I32, NONE);
    for (const label of labels) {
      if (label.wants.length !== otherwise.wants.length) {
        const counts = `${label.wants.length} and ${otherwise.wants.length}`;
        throw new TypeError(`${this.at()}: wants labels that take equally many values, got ${counts}`);
      }
      const top = this.top;
      this.#pop(label.wants);
      this.top = top;
    }
    this.#pop(otherwise.wants);
    this.leave();
  }

  /** Any one value. */
  drop(): void {
    this.instruction = "drop";
    this.count++;
    this.#any("one value of any type");
  }

  /** Two values of one type, and an i32 above them. */
  select(): void {
    this.apply("select", I32, NONE);
    const wanted = "two values of one type and an i32";
    const second = this.#any(wanted);
    const first = this.#any(wanted);
    if (first !== second && first !== UNKNOWN && second !== UNKNOWN) {
      throw new TypeError(`${this.at()}: wants ${wanted}, the stack had [${namesOf([first, second])} i32]`);
    }
    this.values[this.top++] = first === UNKNOWN ? second : first;
  }

  #any(wanted: string): number {
    const block = this.#innermost();
    if (this.top > block.height) return this.values[--this.top];
    if (!block.unreachable) throw new TypeError(`${this.at()}: wants ${wanted}, the stack has too few in this ${block.kind}`);
    return UNKNOWN;
  }
}

/**
 * The type check of a function while it is emitted: the validation algorithm of the WebAssembly Core Specification (appendix
 * "Validation Algorithm"). A stack of value types, and a stack of open blocks. After a branch nothing reaches what follows: the
 * block's values are gone, and whatever an instruction then wants beyond what was pushed since has an unknown type that fits.
 *
 * Every error is a TypeError that names the function, the instruction, what it wanted and what was there.
 */
import type { Block, TypeCheck, Written } from "./contract.ts";
import { checkOwner, placeOf } from "../handles.ts";
import { NONE, UNKNOWN, namesOf, single } from "../types.ts";
import type { Codes } from "../types.ts";

const I32: Codes = single("i32");

export class TypeStack implements TypeCheck {
  readonly values: number[] = [];
  top = 0;
  readonly #body: Written;
  readonly #blocks: Block[] = [];

  constructor(body: Written) {
    this.#body = body;
  }

  /** One instruction that takes `wants` and leaves `gives`. */
  apply(instruction: string, wants: Codes, gives: Codes): void {
    this.#body.instruction = instruction;
    this.#pop(wants);
    this.#push(gives);
  }

  /** @throws TypeError where another function or module made the handle */
  own(handle: { readonly owner: object; readonly name: string }, owner: object, kind: string): void {
    checkOwner(this.#body, handle, owner, kind);
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

  #innermost(): Block {
    if (this.#blocks.length === 0) throw new TypeError(`${placeOf(this.#body)}: the function has ended`);
    return this.#blocks[this.#blocks.length - 1];
  }

  #fail(wants: Codes, more = ""): never {
    const block = this.#innermost();
    const inside = this.values.slice(block.height, this.top);
    const outside = this.values.slice(0, block.height);
    const unreachable = block.unreachable ? " after code that never ends here" : "";
    const below = outside.length === 0 ? "" : `, and [${namesOf(outside)}] out of reach, outside this ${block.kind}`;
    const has = `[${namesOf(inside)}]${unreachable}${below}`;
    throw new TypeError(`${placeOf(this.#body)}: wants [${namesOf(wants)}]${more}, the stack has ${has}`);
  }

  /** Opens a block. Its parameters must be on the stack, and stay there. */
  open(label: Block): void {
    const { kind, params } = label;
    this.#body.instruction = kind;
    if (kind === "if") this.#pop(I32);
    if (kind !== "function") this.#pop(params);
    label.height = this.top;
    this.#blocks.push(label);
    if (kind !== "function") this.#push(params);
  }

  /** From the first to the second half of the `if` that `label` names. */
  otherwise(label: Block): void {
    this.#finish("else", label);
    label.unreachable = false;
    this.#push(label.params);
  }

  /** Closes the innermost block, which `label` must name. Its results must be on the stack, and nothing else of it. */
  close(label: Block): void {
    this.#finish(`end of ${label.kind}`, label);
    label.open = false;
    this.#blocks.pop();
    this.#push(label.results);
  }

  #finish(instruction: string, label: Block): void {
    this.#body.instruction = instruction;
    if (this.#innermost() !== label) throw new TypeError(`${placeOf(this.#body)}: another block is open inside`);
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

  /** @throws TypeError for a label that `instruction` cannot branch to */
  within(label: Block, instruction: string): void {
    const { name, count } = this.#body;
    if (label.owner === this.#body && label.open) return;
    const place = `${name}, after instruction ${count} (${instruction})`;
    if (label.owner !== this.#body) throw new TypeError(`${place}: wants a label of this function, got one of ${label.owner.name}`);
    throw new TypeError(`${place}: wants the label of an open block, this ${label.kind} has ended`);
  }

  brIf(label: Block): void {
    this.apply("br_if", I32, NONE);
    this.#pop(label.wants);
    this.#push(label.wants);
  }

  brTable(labels: readonly Block[], otherwise: Block): void {
    this.apply("br_table", I32, NONE);
    for (const label of labels) {
      if (label.wants.length !== otherwise.wants.length) {
        const counts = `${label.wants.length} and ${otherwise.wants.length}`;
        throw new TypeError(`${placeOf(this.#body)}: wants labels that take equally many values, got ${counts}`);
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
    this.#body.instruction = "drop";
    this.#any("one value of any type");
  }

  /** Two values of one type, and an i32 above them. */
  select(): void {
    this.apply("select", I32, NONE);
    const wanted = "two values of one type and an i32";
    const second = this.#any(wanted);
    const first = this.#any(wanted);
    if (first !== second && first !== UNKNOWN && second !== UNKNOWN) {
      throw new TypeError(`${placeOf(this.#body)}: wants ${wanted}, the stack had [${namesOf([first, second])} i32]`);
    }
    this.values[this.top++] = first === UNKNOWN ? second : first;
  }

  #any(wanted: string): number {
    const block = this.#innermost();
    if (this.top > block.height) return this.values[--this.top];
    if (!block.unreachable) throw new TypeError(`${placeOf(this.#body)}: wants ${wanted}, the stack has too few in this ${block.kind}`);
    return UNKNOWN;
  }
}

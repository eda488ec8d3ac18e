/**
 * What a kernel is written with: instructions by their names in the text format (`f.i32.add()`, `f.v128.load(16)`), control flow as
 * nested callbacks, each instruction checked and encoded at once.
 */
import { Body } from "./body.ts";
import type { Home, Label } from "./body.ts";
import { lengthOf } from "./encode.ts";
import type { Bytes } from "./encode.ts";
import type { Func, Local } from "./handles.ts";
import { group } from "./instructions.ts";
import type { Group } from "./instructions.ts";
import { CONTROL } from "./opcodes.ts";
import type { Core, InstructionTable } from "./opcodes.ts";
import { NONE, codesOf, single } from "./types.ts";
import type { Codes, FunctionType, ValueType } from "./types.ts";
import { LocalInstructions } from "./variables.ts";

/** What a block leaves on the stack (one type), or what it takes and leaves. */
export type BlockType = ValueType | FunctionType;

/** The contents of a block; a branch to the label leaves the block, or begins the loop again. */
export type BlockBody = (label: Label) => void;

/** Groups that few kernels use; they are read from the table when one does. */
type Rare = "i64" | "f64" | "i8x16" | "i16x8" | "i64x2" | "f64x2" | "atomic";

const EMPTY_BLOCK = 0x40;

export class FunctionBuilder<T extends InstructionTable = Core> {
  readonly name: string;
  readonly i32: Group<"i32", T>;
  readonly f32: Group<"f32", T>;
  readonly v128: Group<"v128", T>;
  readonly i32x4: Group<"i32x4", T>;
  readonly f32x4: Group<"f32x4", T>;
  readonly memory: Group<"memory", T>;
  readonly local: LocalInstructions;
  readonly #rare: { [G in Rare]?: Group<G, T> } = {};
  readonly #body: Body;
  readonly #outermost: Label;
  readonly #params: number;

  /** Functions are begun by the module's builder. `code` is an empty buffer to write to. */
  constructor(home: Home, name: string, params: Readonly<Record<string, ValueType>>, results: Codes, code: Bytes) {
    this.name = name;
    const body = new Body(home, name, code);
    this.#body = body;
    this.i32 = group("i32", body);
    this.f32 = group("f32", body);
    this.v128 = group("v128", body);
    this.i32x4 = group("i32x4", body);
    this.f32x4 = group("f32x4", body);
    this.memory = group("memory", body);
    this.local = new LocalInstructions(body);
    for (const [param, type] of Object.entries(params)) this.local.declare(type, param);
    this.#params = this.local.all().length;
    this.#outermost = body.open("function", NONE, results);
  }

  get i64(): Group<"i64", T> {
    return (this.#rare.i64 ??= group("i64", this.#body));
  }

  get f64(): Group<"f64", T> {
    return (this.#rare.f64 ??= group("f64", this.#body));
  }

  get i8x16(): Group<"i8x16", T> {
    return (this.#rare.i8x16 ??= group("i8x16", this.#body));
  }

  get i16x8(): Group<"i16x8", T> {
    return (this.#rare.i16x8 ??= group("i16x8", this.#body));
  }

  get i64x2(): Group<"i64x2", T> {
    return (this.#rare.i64x2 ??= group("i64x2", this.#body));
  }

  get f64x2(): Group<"f64x2", T> {
    return (this.#rare.f64x2 ??= group("f64x2", this.#body));
  }

  get atomic(): Group<"atomic", T> {
    return (this.#rare.atomic ??= group("atomic", this.#body));
  }

  /** How many instructions have been emitted. */
  get count(): number {
    return this.#body.count;
  }

  // ---- blocks -------------------------------------------------------------------------------------------------------

  /** A branch to the label leaves the block. */
  block(body: BlockBody): void;
  block(type: BlockType, body: BlockBody): void;
  block(type: BlockType | BlockBody, body?: BlockBody): void {
    this.#enclose("block", type, body);
  }

  /** A branch to the label begins the loop again; without one it ends after one pass. */
  loop(body: BlockBody): void;
  loop(type: BlockType, body: BlockBody): void;
  loop(type: BlockType | BlockBody, body?: BlockBody): void {
    this.#enclose("loop", type, body);
  }

  /** Takes an i32: `then` where it is not zero, else `otherwise`. */
  if(then: BlockBody, otherwise?: BlockBody): void;
  if(type: BlockType, then: BlockBody, otherwise?: BlockBody): void;
  if(first: BlockType | BlockBody, second?: BlockBody, third?: BlockBody): void {
    const [type, then, otherwise] = typeof first === "function" ? [undefined, first, second] : [first, second, third];
    const label = this.#begin("if", type);
    then?.(label);
    // Without an else its parameters are its results; the check of an empty one sees to that.
    if (otherwise !== undefined || label.params.length > 0 || label.results.length > 0) {
      this.#body.check?.otherwise(label);
      this.#body.code.byte(CONTROL.else);
      otherwise?.(label);
    }
    this.#end(label);
  }

  /** Runs `body` once, and again as long as the i32 that it leaves is not zero. */
  doWhile(body: BlockBody): void {
    this.loop((again) => {
      body(again);
      this.br_if(again);
    });
  }

  /**
   * Runs `body` as long as `condition` leaves an i32 that is not zero; the condition is emitted twice, so that each pass has one branch.
   */
  while(condition: () => void, body: () => void): void {
    condition();
    this.if(() => {
      this.doWhile(() => {
        body();
        condition();
      });
    });
  }

  /** Runs `body` as often as `counter` says, at least once, and leaves it zero. */
  countDown(counter: Local<"i32">, body: BlockBody): void {
    this.doWhile((again) => {
      body(again);
      this.local.decrease(counter, 1);
      this.local.get(counter);
    });
  }

  #enclose(kind: "block" | "loop", type: BlockType | BlockBody, body: BlockBody | undefined): void {
    const label = typeof type === "function" ? this.#begin(kind, undefined) : this.#begin(kind, type);
    if (typeof type === "function") type(label);
    else body?.(label);
    this.#end(label);
  }

  #begin(kind: "block" | "loop" | "if", type: BlockType | undefined): Label {
    const params = typeof type === "object" ? codesOf(type.params) : NONE;
    const results = typeof type === "object" ? codesOf(type.results) : type === undefined ? NONE : single(type);
    const label = this.#body.open(kind, params, results);
    this.#body.code.byte(CONTROL[kind]);
    if (params.length > 0 || results.length > 1) this.#body.code.s32(this.#body.home.signatures.intern(params, results).index);
    else this.#body.code.byte(results.length === 0 ? EMPTY_BLOCK : results[0]);
    return label;
  }

  #end(label: Label): void {
    this.#body.close(label);
    this.#body.code.byte(CONTROL.end);
  }

  // ---- branches and calls -------------------------------------------------------------------------------------------

  br(label: Label): void {
    const depth = this.#body.depth(label, "br");
    this.#body.leave("br", label.wants);
    this.#body.code.indexed(CONTROL.br, depth);
  }

  /** Takes an i32, and branches if it is not zero. */
  br_if(label: Label): void {
    const depth = this.#body.depth(label, "br_if");
    this.#body.count++;
    this.#body.check?.brIf(label);
    this.#body.code.indexed(CONTROL.br_if, depth);
  }

  /** Takes an i32, and branches to the label of that index, or to `otherwise` where there is none. */
  br_table(labels: readonly Label[], otherwise: Label): void {
    const depths = [...labels, otherwise].map((label) => this.#body.depth(label, "br_table"));
    this.#body.count++;
    this.#body.check?.brTable(labels, otherwise);
    this.#body.code.byte(CONTROL.br_table);
    this.#body.code.u32(labels.length);
    for (const depth of depths) this.#body.code.u32(depth);
  }

  return(): void {
    this.#body.leave("return", this.#outermost.results);
    this.#body.code.byte(CONTROL.return);
  }

  call(func: Func): void {
    this.#body.apply("call", func.signature.params, func.signature.results);
    this.#body.check?.own(func, this.#body.home, "module");
    this.#body.code.indexed(CONTROL.call, func.index);
  }

  // ---- the rest -----------------------------------------------------------------------------------------------------

  unreachable(): void {
    this.#body.leave("unreachable");
    this.#body.code.byte(CONTROL.unreachable);
  }

  nop(): void {
    this.#body.apply("nop", NONE, NONE);
    this.#body.code.byte(CONTROL.nop);
  }

  drop(): void {
    this.#body.count++;
    this.#body.check?.drop();
    this.#body.code.byte(CONTROL.drop);
  }

  /** Takes two values of one type and an i32; leaves the first where that is not zero, else the second. */
  select(): void {
    this.#body.count++;
    this.#body.check?.select();
    this.#body.code.byte(CONTROL.select);
  }

  /** Ends the function and appends it to a code section, its length first. The module's builder calls this. */
  finish(to: Bytes): void {
    this.#end(this.#outermost);
    const header = this.#declarations();
    const length = header.reduce((sum, number) => sum + lengthOf(number), 0);
    to.u32(length + this.#body.code.length);
    for (const number of header) to.u32(number);
    to.append(this.#body.code);
  }

  /** Locals that are no parameters: how many runs of one type, then each run's length and type (a byte, here a number below 128). */
  #declarations(): number[] {
    const locals = this.local.all();
    const numbers = [0];
    for (let i = this.#params, start = i; i < locals.length; i++) {
      if (i + 1 < locals.length && locals[i + 1].type === locals[i].type) continue;
      numbers[0]++;
      numbers.push(i + 1 - start, locals[i].codes[0]);
      start = i + 1;
    }
    return numbers;
  }
}

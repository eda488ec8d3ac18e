/** Local and global variables: `f.local.get(x)`, `f.global.set(g)`, and the making of locals. */
import type { Bytes } from "./encode.ts";
import { checkWhole } from "./encode.ts";
import { checkOwner } from "./handles.ts";
import type { Global, Local } from "./handles.ts";
import { CONTROL } from "./opcodes.ts";
import type { TypeStack } from "./type-stack.ts";
import { NONE, single } from "./types.ts";
import type { Codes, ValueType } from "./types.ts";

/** A function being written, as its variables see it. */
export interface Body {
  readonly code: Bytes;
  readonly types: TypeStack;
  /** The module's builder. */
  readonly module: object;
}

const I32: Codes = single("i32");
const ADD = 0x6a;
const SUB = 0x6b;
const I32_CONST = 0x41;

export class LocalInstructions {
  readonly #body: Body;
  readonly #all: Local[] = [];

  constructor(body: Body) {
    this.#body = body;
  }

  /** The parameters, then the others in the order of their making. */
  all(): readonly Local[] {
    return this.#all;
  }

  /** A new local variable; it is zero at first. The name is for profilers and disassembly. */
  declare<T extends ValueType>(type: T, name = ""): Local<T> {
    const local: Local<T> = { type, name, index: this.#all.length, owner: this.#body, codes: single(type) };
    this.#all.push(local);
    return local;
  }

  /** `count` new locals: name0, name1, ... */
  array<T extends ValueType>(type: T, name: string, count: number): Local<T>[] {
    return Array.from({ length: count }, (_, i) => this.declare(type, `${name}${i}`));
  }

  i32(name = ""): Local<"i32"> {
    return this.declare("i32", name);
  }

  i64(name = ""): Local<"i64"> {
    return this.declare("i64", name);
  }

  f32(name = ""): Local<"f32"> {
    return this.declare("f32", name);
  }

  f64(name = ""): Local<"f64"> {
    return this.declare("f64", name);
  }

  v128(name = ""): Local<"v128"> {
    return this.declare("v128", name);
  }

  get(local: Local): void {
    this.#write("local.get", NONE, local, local.codes);
  }

  set(local: Local): void {
    this.#write("local.set", local.codes, local, NONE);
  }

  tee(local: Local): void {
    this.#write("local.tee", local.codes, local, local.codes);
  }

  /** local += by, where `by` is a whole number or another local. */
  increase(local: Local<"i32">, by: number | Local<"i32">): void {
    this.#step(local, by, "i32.add", ADD);
  }

  /** local -= by */
  decrease(local: Local<"i32">, by: number | Local<"i32">): void {
    this.#step(local, by, "i32.sub", SUB);
  }

  #write(name: "local.get" | "local.set" | "local.tee", wants: Codes, local: Local, gives: Codes): void {
    const body = this.#body;
    body.types.apply(name, wants, gives);
    if (local.owner !== body) checkOwner(body.types.at(), local, body, "function");
    body.code.indexed(CONTROL[name], local.index);
  }

  #step(local: Local<"i32">, by: number | Local<"i32">, name: string, opcode: number): void {
    const { code, types } = this.#body;
    this.get(local);
    if (typeof by === "number") {
      types.apply("i32.const", NONE, I32);
      checkWhole(`${types.at()}: constant`, by, -0x80000000, 0xffffffff);
      code.byte(I32_CONST);
      code.s32(by);
    } else {
      this.get(by);
    }
    types.apply(name, [...I32, ...I32], I32);
    code.byte(opcode);
    this.set(local);
  }
}

export class GlobalInstructions {
  readonly #body: Body;

  constructor(body: Body) {
    this.#body = body;
  }

  get(global: Global): void {
    this.#write("global.get", NONE, global, global.codes);
  }

  set(global: Global): void {
    this.#write("global.set", global.codes, global, NONE);
  }

  #write(name: "global.get" | "global.set", wants: Codes, global: Global, gives: Codes): void {
    const { code, types, module } = this.#body;
    types.apply(name, wants, gives);
    checkOwner(types.at(), global, module, "module");
    if (name === "global.set" && !global.mutable) throw new TypeError(`${types.at()}: global "${global.name}" is constant`);
    code.indexed(CONTROL[name], global.index);
  }
}

/** Local variables: `f.local.get(x)`, and the making of them. */
import type { Body } from "./body.ts";
import type { Local } from "./handles.ts";
import { CONTROL } from "./opcodes.ts";
import { NONE, single } from "./types.ts";
import type { Codes, ValueType } from "./types.ts";

const I32: Codes = single("i32");
const TWO_I32: Codes = [...I32, ...I32];
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
    const codes = single(type);
    const local: Local<T> = { type, name, index: this.#all.length, owner: this.#body, code: codes[0], codes };
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
    this.#body.use("local.get", NONE, local, local.codes);
    this.#body.code.indexed(CONTROL["local.get"], local.index);
  }

  set(local: Local): void {
    this.#body.use("local.set", local.codes, local, NONE);
    this.#body.code.indexed(CONTROL["local.set"], local.index);
  }

  tee(local: Local): void {
    this.#body.use("local.tee", local.codes, local, local.codes);
    this.#body.code.indexed(CONTROL["local.tee"], local.index);
  }

  /** local += by, where `by` is a whole number or another local. */
  increase(local: Local<"i32">, by: number | Local<"i32">): void {
    this.#step(local, by, "i32.add", ADD);
  }

  /** local -= by */
  decrease(local: Local<"i32">, by: number | Local<"i32">): void {
    this.#step(local, by, "i32.sub", SUB);
  }

  #step(local: Local<"i32">, by: number | Local<"i32">, name: string, opcode: number): void {
    const body = this.#body;
    this.get(local);
    if (typeof by === "number") {
      body.apply("i32.const", NONE, I32);
      body.home.checks?.constant(body, undefined, by);
      body.code.byte(I32_CONST);
      body.code.s32(by);
    } else {
      this.get(by);
    }
    body.apply(name, TWO_I32, I32);
    body.code.byte(opcode);
    this.set(local);
  }
}

/**
 * The assembler: a module of WebAssembly, emitted by calls. One writes
 *
 *     const m = new ModuleBuilder("senet");
 *     m.importMemory("env", "memory", { minimum: 1 });
 *     m.func("f32_scale", { params: { y: "i32", x: "i32", end: "i32", by: "f32" }, export: true }, (f, { y, x, end, by }) => {
 *       const scale = f.local.v128("scale");
 *       f.local.get(by); f.f32x4.splat(); f.local.set(scale);
 *       f.doWhile(() => {
 *         f.local.get(y);
 *         f.local.get(x); f.v128.load(); f.local.get(scale); f.f32x4.mul();
 *         f.v128.store();
 *         f.local.increase(y, 16);
 *         f.local.increase(x, 16);
 *         f.local.get(x); f.local.get(end); f.i32.lt_u();
 *       });
 *     });
 *     const bytes = m.toBytes();
 *
 * An instruction has its name in the text format; opcodes.ts lists those of the kernels, opcodes-all.ts all (`new ModuleBuilder("name",
 * ALL)`). Operands are on the stack, in the order of the specification; the arguments of a method are immediates only (offset and alignment
 * in bytes, lane, constant). Locals, labels and functions are handles. Where checked.ts is imported, as in tests, each instruction is
 * checked as it is emitted, so that the JavaScript stack trace of an error points at the line that wrote it; elsewhere the engine checks
 * the module as a whole.
 *
 * The bytes depend on the calls alone. Memory and imported functions come first. A module that has a relaxed instruction is
 * refused as a whole where relaxed SIMD is missing (probe.ts), so relaxed kernels belong to a module of their own.
 *
 * Good to know: `increase` is four instructions; a name of a local costs its letters in the module and some time, so give one where it
 * helps a reader of the disassembly. Emission runs once, so mostly before the engine has compiled it: about 1,000 instructions per
 * millisecond of processor time then (Node 20, Zen 4: 16,110 instructions in 56 functions take 16 ms, of which 4 are a fixed start),
 * 18,000 when it is warm. What counts is therefore the number of instructions: emit one kernel for all layers that can share it.
 */
import type { Home } from "./body.ts";
import type { Checks } from "./checks/contract.ts";
import { Bytes } from "./encode.ts";
import { FunctionBuilder } from "./function-builder.ts";
import type { Func, Local, Locals, Memory, MemoryLimits, Params } from "./handles.ts";
import { SignatureTable, codesOf } from "./types.ts";
import type { Signature, ValueType } from "./types.ts";
import { writeNames } from "./names.ts";
import { CORE } from "./opcodes.ts";
import type { Core, InstructionTable } from "./opcodes.ts";
import type { Pace } from "../shared/pace.ts";

const SECTION = { type: 1, import: 2, function: 3, memory: 5, export: 7, code: 10 } as const;
const KIND = { function: 0, memory: 2 } as const;
const FUNCTION_TYPE = 0x60;

/** What a function takes and leaves; `export: true` exports it under its name. */
export interface FunctionSpec<P extends Params> {
  readonly params?: P;
  readonly results?: readonly ValueType[];
  readonly export?: boolean;
}

/** Emits the instructions of a function; gets the handles of its parameters by name. */
export type FunctionBody<P extends Params, T extends InstructionTable = Core> = (f: FunctionBuilder<T>, params: Locals<P>) => void;

type Handle = Func | Memory;

interface Definition {
  readonly func: Func;
  readonly imported: { readonly module: string; readonly name: string } | undefined;
  /** From where to where it stands in the builder's code; undefined until it is defined. */
  code: readonly [number, number] | undefined;
  locals: readonly Local[];
}

export class ModuleBuilder<T extends InstructionTable = Core> implements Home {
  readonly name: string;
  readonly instructions: InstructionTable;
  hasMemory = false;
  /** What is checked while modules are written (checked.ts). */
  static checks: Checks | undefined = undefined;
  readonly checks: Checks | undefined = ModuleBuilder.checks;
  /** What holds loops of unfused products and sums back (shared/pace.ts), where that is faster; it changes no bit. */
  pace: Pace | undefined = undefined;
  readonly signatures: SignatureTable = new SignatureTable();
  readonly #functions: Definition[] = [];
  readonly #names = new Set<string>();
  readonly #exports = new Map<string, Handle>();
  #memory: { readonly memory: Memory; readonly importedFrom: string | undefined } | undefined;
  /** Functions in the order in which they were finished, each with its length in front. */
  readonly #code = new Bytes(16384);
  /** Buffers that no function is being written to. */
  readonly #buffers: Bytes[] = [];

  /** @param instructions what its functions may have; by default CORE */
  constructor(name: string, instructions: T | Core = CORE) {
    this.name = name;
    this.instructions = instructions;
  }

  // ---- functions ----------------------------------------------------------------------------------------------------

  /** A function of the host. Imports come before the first function of the module's own. */
  importFunc<const P extends Params = Record<never, never>>(module: string, name: string, spec: FunctionSpec<P> = {}): Func<P> {
    this.checks?.importing(this, this.#functions, `${module}.${name}`);
    return this.#addFunction(`${module}.${name}`, spec, { module, name });
  }

  /** Defines a function: `m.func("name", { params: { a: "i32" }, results: ["i32"] }, (f, { a }) => { ... })`. */
  func<const P extends Params = Record<never, never>>(name: string, spec: FunctionSpec<P>, body: FunctionBody<P, T>): Func<P> {
    const func = this.declare(name, spec);
    this.define(func, body);
    return func;
  }

  /** A function that is defined later, and can be called before. */
  declare<const P extends Params = Record<never, never>>(name: string, spec: FunctionSpec<P> = {}): Func<P> {
    return this.#addFunction(name, spec, undefined);
  }

  define<P extends Params>(func: Func<P>, body: FunctionBody<P, T>): void {
    const definition = this.#functions[func.index];
    this.checks?.defining(this, func, definition);
    const buffer = this.#buffers.pop() ?? new Bytes(4096);
    buffer.clear();
    const builder = new FunctionBuilder<T>(this, func.name, func.params, func.signature.results, buffer);
    const locals = builder.local.all();
    const params = Object.fromEntries(Object.keys(func.params).map((name, i) => [name, locals[i]]));
    body(builder, params as Locals<P>);
    const start = this.#code.length;
    builder.finish(this.#code);
    definition.code = [start, this.#code.length];
    definition.locals = locals;
    this.#buffers.push(buffer);
  }

  #addFunction<P extends Params>(name: string, spec: FunctionSpec<P>, imported: Definition["imported"]): Func<P> {
    const params = spec.params ?? ({} as P);
    this.checks?.naming(this, this.#names.has(name), name, params, spec.results ?? []);
    const signature: Signature = this.signatures.intern(codesOf(Object.values(params)), codesOf(spec.results));
    const func: Func<P> = { kind: "function", name, index: this.#functions.length, owner: this, params, signature };
    this.#functions.push({ func, imported, code: undefined, locals: [] });
    this.#names.add(name);
    if (spec.export === true) this.export(func);
    return func;
  }

  // ---- memory, exports --------------------------------------------------------------------------------------------

  /** A memory of the host; `shared` where threads are to share it. */
  importMemory(module: string, name: string, limits: MemoryLimits): Memory {
    return this.#addMemory(`${module}.${name}`, limits, module);
  }

  /** A memory of the module's own. */
  memory(limits: MemoryLimits): Memory {
    return this.#addMemory("memory", limits, undefined);
  }

  #addMemory(name: string, limits: MemoryLimits, importedFrom: string | undefined): Memory {
    this.checks?.memory(this, this.#memory !== undefined, name, limits);
    const memory: Memory = { kind: "memory", name, index: 0, owner: this, limits };
    this.#memory = { memory, importedFrom };
    this.hasMemory = true;
    return memory;
  }

  export(handle: Handle, name: string = handle.name): void {
    this.checks?.exporting(this, handle, this.#exports.has(name), name);
    this.#exports.set(name, handle);
  }

  // ---- the binary ---------------------------------------------------------------------------------------------------

  /** The module; the same bytes each time. @throws TypeError where a function was declared and not defined. */
  toBytes(): Uint8Array<ArrayBuffer> {
    this.checks?.finishing(this, this.#functions);
    const own = this.#functions.filter(({ imported }) => imported === undefined);
    const memories = this.#memory === undefined ? [] : [this.#memory];
    const bytes = new Bytes(4096);
    bytes.append([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    bytes.list(SECTION.type, this.signatures.all(), (to, { params, results }) => {
      to.byte(FUNCTION_TYPE);
      for (const codes of [params, results]) {
        to.u32(codes.length);
        to.append(codes);
      }
    });
    this.#writeImports(bytes);
    bytes.list(SECTION.function, own, (to, { func }) => to.u32(func.signature.index));
    bytes.list(
      SECTION.memory, memories.filter(({ importedFrom }) => importedFrom === undefined), (to, { memory }) => writeLimits(to, memory.limits),
    );
    bytes.list(SECTION.export, [...this.#exports], (to, [name, handle]) => {
      to.name(name);
      to.byte(KIND[handle.kind]);
      to.u32(handle.index);
    });
    bytes.list(SECTION.code, own, (to, { code }) => {
      if (code !== undefined) to.append(this.#code.view(...code));
    });
    writeNames(bytes, this.name, this.#functions.map(({ func, locals }) => ({ name: func.name, locals })));
    return bytes.toBytes();
  }

  #writeImports(bytes: Bytes): void {
    const functions = this.#functions.flatMap(({ func, imported }) => (imported === undefined ? [] : [{ ...imported, func }]));
    const memory = this.#memory;
    const from = memory?.importedFrom;
    const imports = from === undefined || memory === undefined
      ? functions
      : [{ module: from, name: memory.memory.name.slice(from.length + 1), func: undefined }, ...functions];
    bytes.list(SECTION.import, imports, (to, { module, name, func }) => {
      to.name(module);
      to.name(name);
      to.byte(func === undefined ? KIND.memory : KIND.function);
      if (func !== undefined) to.u32(func.signature.index);
      else if (memory !== undefined) writeLimits(to, memory.memory.limits);
    });
  }
}

function writeLimits(to: Bytes, { minimum, maximum, shared }: MemoryLimits): void {
  to.byte((maximum === undefined ? 0 : 1) + (shared === true ? 2 : 0));
  to.u32(minimum);
  if (maximum !== undefined) to.u32(maximum);
}

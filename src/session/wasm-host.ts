/** Where the programs of one session run: its memory, and the kernels that are compiled for it. */
import type { ModuleBuilder } from "../../kernels/wasm/module-builder.ts";
import type { Operation } from "../graph/graph.ts";
import type { Step } from "./plain-steps.ts";
import { WasmMemory } from "./wasm-memory.ts";

type Exports = Readonly<Record<string, unknown>>;

export class WasmHost {
  readonly memory: WasmMemory;
  /** Threads that share a program, at most. */
  readonly mostThreads: number;
  /** Operations whose kernels did not compute what they should: the plain kernels do these. */
  readonly refused: ReadonlySet<Operation["kind"]>;
  readonly #exports: Record<string, unknown> = {};
  #names = 0;

  constructor(threads: number, refused: ReadonlySet<Operation["kind"]> = new Set()) {
    this.mostThreads = threads;
    this.refused = refused;
    this.memory = new WasmMemory(threads > 1);
  }

  importMemory(m: ModuleBuilder): void {
    m.importMemory("host", "memory", this.memory.shared ? { minimum: 1, maximum: 65536, shared: true } : { minimum: 1 });
  }

  /** Is there a kernel of this name already? */
  has(name: string): boolean {
    return Object.hasOwn(this.#exports, name);
  }

  newName(what: string): string {
    return `${what}_${this.#names++}`;
  }

  /** Compiles a module and takes its functions in. */
  install(m: ModuleBuilder): void {
    const wasm = WebAssembly!;
    const exports: Exports = this.#exports;
    const instance = new wasm.Instance(new wasm.Module(m.toBytes()), { host: { memory: this.memory.memory }, kernels: exports });
    Object.assign(this.#exports, instance.exports);
  }

  /** What calls the exported function that runs a part of a program. */
  runner(name: string): Step {
    return this.#exports[name] as Step;
  }
}

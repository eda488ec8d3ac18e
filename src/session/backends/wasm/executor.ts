/** Runs the programs of one session. It holds their memory, the kernels that were compiled for them, and the threads that share these. */
import type { ModuleBuilder } from "../../../../kernels/wasm/assembler/module-builder.ts";
import type { HostWasmInstance, HostWasmModule } from "../../../host-types.ts";
import { Refusal } from "../making.ts";
import type { Job } from "../making.ts";
import { giveMemory } from "./memories.ts";
import type { Arithmetic } from "../numerics.ts";
import type { Routine } from "../../../operations/record.ts";
import { emitRunsAlone } from "./run-function.ts";
import type { EmitRuns } from "./run-function.ts";
import type { Copies } from "../../threads/copies.ts";
import type { Pool } from "../../threads/pool.ts";
import type { AsynchronousRun, SessionCode } from "../../threads/session-code.ts";
import { LOST_ADDRESS, STAGE_ADDRESS, WasmMemory } from "./memory.ts";

type RunSpan = (thread: number, stage: number, sleeps: number) => number;

export interface WasmExecutorOptions {
  readonly arithmetic: Arithmetic;
  /** Threads that share a program, at most. */
  readonly threads: number;
  /** Where they come from; undefined for one thread. */
  readonly pool: Pool | undefined;
  /** Who does asynchronous runs where there is no pool; undefined where nobody does. */
  readonly copies?: Copies | undefined;
  /** Operations, and tasks of training, whose kernels did not compute what they should: the plain kernels do these. */
  readonly refused: ReadonlySet<string>;
  readonly compile: CompileWasm;
  /** Does each kernel have a module of its own? By default all of a program are in one. */
  readonly apart?: boolean;
  /** By default one of its own. */
  readonly memory?: WasmMemory;
  /** Is a memory of its own one to share? By default where there is a pool. */
  readonly shared?: boolean;
  /** By default the pool's, or for one thread. */
  readonly emitRuns?: EmitRuns;
  /** What the names of functions that run spans of programs begin with. */
  readonly runs?: string;
}

/** Makes a module of kernels of what `emit` writes. */
export type CompileWasm = (emit: () => ModuleBuilder) => HostWasmModule;

/** For executors that only adopt modules. */
export const compileNothing: CompileWasm = () => {
  throw new Error("session: a given module holds all kernels, and none is compiled");
};

/** Functions that run spans of programs are named so, with a number. */
const RUN = "run_";

function refusal(when: string, error: unknown): Refusal {
  return new Refusal(`this host does not compile kernels${when}: ${(error as Partial<Error>).message ?? String(error)}`);
}

/** Not where there is a memory in scope: functions hold all that any function beside them uses. */
function dropping(crew: Pick<Pool, "dropSession">, session: number): () => void {
  return () => crew.dropSession(session);
}

export class WasmExecutor {
  readonly memory: WasmMemory;
  readonly threads: number;
  readonly arithmetic: Arithmetic;
  readonly #refused: ReadonlySet<string>;
  readonly apart: boolean;
  readonly emitRuns: EmitRuns;
  /** Takes the memory back, if it is the executor's own; to be called once, when nothing runs in it any more. */
  readonly release: () => void;
  /**
   * The same, for owners that are collected without it; but most memories are left to the collector: what waits for a turn of the event
   * loop would keep those of all sessions that one turn makes.
   */
  readonly collected: (() => void) | undefined;
  readonly #compile: CompileWasm;
  readonly #pool: Pool | undefined;
  readonly #crew: Pool | Copies | undefined;
  readonly #code: SessionCode & { readonly modules: (HostWasmModule | undefined)[] };
  /** What each of the modules exports. */
  readonly #instances: (HostWasmInstance["exports"] | undefined)[] = [];
  readonly #exports: Record<string, unknown> = {};
  /** How many programs call a function. */
  readonly #uses = new Map<string, number>();
  readonly #runs: string;
  #names = 0;

  /** @throws Error where WebAssembly is missing, or no memory can be had */
  constructor(options: WasmExecutorOptions) {
    const { threads, pool, copies, refused, arithmetic, compile, apart = false, memory: given, runs = RUN, emitRuns } = options;
    const { shared = pool !== undefined } = options;
    this.threads = pool === undefined ? 1 : threads;
    this.#refused = refused;
    this.apart = apart;
    this.arithmetic = arithmetic;
    this.emitRuns = emitRuns ?? pool?.emitRuns ?? emitRunsAlone;
    this.#compile = compile;
    this.#pool = pool;
    this.#runs = runs;
    this.memory = given ?? new WasmMemory(shared);
    const { memory } = this.memory;
    const crew = (this.#crew = pool ?? copies);
    const session = crew?.newSession() ?? 0;
    const [stage, lost] = [STAGE_ADDRESS, LOST_ADDRESS].map((address) => new Int32Array(memory.buffer, address, 1));
    this.#code = { session, memory, stage, lost, modules: [] };
    // Holds nothing of this object.
    this.release = () => {
      crew?.dropSession(session);
      // A thread that was given up may still write to it.
      if (given === undefined && (pool === undefined || lost[0] === 0)) giveMemory(memory, shared);
    };
    // Pools of tests have no such method.
    this.collected = pool?.mayWait?.(session) ? this.release : crew && dropping(crew, session);
  }

  /** Other kernels in the same memory, for this thread alone. */
  beside(options: Pick<WasmExecutorOptions, "arithmetic" | "refused" | "compile" | "apart">): WasmExecutor {
    return new WasmExecutor({ ...options, threads: 1, pool: this.#pool, memory: this.memory });
  }

  /**
   * May these kernels be used: have they computed what they should? The one place that says so, for inference and training.
   * @param what a kind of operation, or a task of training
   */
  trusts(what: string): boolean {
    return !this.#refused.has(what);
  }

  /** Is there a kernel of this name already? */
  has(name: string): boolean {
    return Object.hasOwn(this.#exports, name);
  }

  /** All that modules export, by name. */
  get functions(): Readonly<Record<string, unknown>> {
    return this.#exports;
  }

  /** A program calls these functions. @returns takes that back: what no program calls is forgotten, and modules of which nothing is left */
  hold(names: readonly string[]): () => void {
    for (const name of names) this.#uses.set(name, (this.#uses.get(name) ?? 0) + 1);
    return () => {
      const gone = names.filter((name) => {
        const left = this.#uses.get(name)! - 1;
        this.#uses.set(name, left);
        return left === 0 && this.#uses.delete(name);
      });
      for (const name of gone) delete this.#exports[name];
      this.#instances.forEach((made, i) => {
        if (made === undefined || Object.keys(made).some((name) => made[name] === this.#exports[name])) return;
        this.#instances[i] = undefined;
        this.#code.modules[i] = undefined;
      });
      this.#crew?.forget(this.#code.session, gone);
    };
  }

  newRunName(): string {
    return `${this.#runs}${this.#names++}`;
  }

  /** Makes a module and takes its functions in. @throws Refusal (when it is done) where the host refuses to compile it */
  install(emit: () => ModuleBuilder): Job {
    const now = (write = emit): void => {
      let module: HostWasmModule;
      try {
        module = this.#compile(write);
      } catch (error) {
        throw refusal(" at once", error);
      }
      this.adopt(module);
    };
    return {
      now: () => now(),
      later: async () => {
        const builder = emit();
        try {
          now(() => builder);
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          await this.#adoptLater(builder.toBytes());
        }
      },
    };
  }

  async #adoptLater(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      const { module, instance } = await WebAssembly!.instantiate(bytes, this.#imports);
      this.#take(module, instance);
    } catch (error) {
      throw refusal("", error);
    }
  }

  get #imports(): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
    return { host: { memory: this.memory.memory }, kernels: this.#exports };
  }

  /** Takes the functions of a module in. */
  adopt(module: HostWasmModule): void {
    this.#take(module, new WebAssembly!.Instance(module, this.#imports));
  }

  #take(module: HostWasmModule, instance: HostWasmInstance): void {
    Object.assign(this.#exports, instance.exports);
    this.#instances.push(instance.exports);
    this.#code.modules.push(module);
    this.#pool?.prepare(this.#code, this.threads - 1, this.memory.staging);
  }

  /** What calls the exported function that runs a span of a program, on so many threads. */
  runner(name: string, threads: number = this.threads): Routine {
    const span = this.#exports[name] as RunSpan;
    const pool = this.#pool;
    if (pool === undefined) return span as unknown as Routine;
    const number = Number(name.slice(RUN.length));
    return () => pool.run(this.#code, number, span, threads);
  }

  /** Runs spans on workers only, where there are any. */
  runAsync<T>(run: AsynchronousRun<T>): Promise<T> {
    return this.#crew?.runAsync(this.#code, run, this.threads) ?? run.here();
  }
}

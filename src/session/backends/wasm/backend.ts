/** Kernels on WebAssembly SIMD: with which instructions, how many threads, and why. */
import { probe } from "../../../../kernels/wasm/probe/probe.ts";
import { Refusal } from "../making.ts";
import type { Backend, Program, ProgramRequest } from "../backend.ts";
import type { BackendKind } from "../kind.ts";
import type { Making } from "../making.ts";
import { arithmeticOf } from "../numerics.ts";
import type { Crew } from "../../threads/crew.ts";
import { PlainConstants, plainProgram } from "../plain/program.ts";
import { checkedKernels } from "./checks/checked.ts";
import { WasmExecutor } from "./executor.ts";
import type { CompileWasm } from "./executor.ts";
import type { WasmBackendOptions } from "./options.ts";
import { makeWasmProgram } from "./program.ts";

const compileHere: CompileWasm = (emit) => new WebAssembly!.Module(emit().toBytes());

export class WasmBackend implements Backend {
  readonly name = "wasm";
  readonly executor: WasmExecutor;
  readonly #options: WasmBackendOptions;
  readonly #constants = new PlainConstants();
  readonly #notes: string[];

  /** @param notes for people to read */
  constructor(options: WasmBackendOptions, ...notes: readonly string[]) {
    const { kernels, threads, pool, copies } = options;
    this.#options = options;
    this.executor = new WasmExecutor({ ...kernels, threads, copies, pool: threads > 1 ? pool : undefined });
    const failed = [...kernels.wrong].map(([kind, what]) => `plain for ${kind}: its kernels failed their check, ${what}`);
    this.#notes = [...notes, ...failed];
  }

  get reason(): string {
    const { kernels: { arithmetic }, pool, copies } = this.#options;
    const threads = Math.min(this.#options.threads, (pool?.workers ?? 0) + 1);
    const alone = threads < this.#options.threads ? pool?.missing : (this.#options.alone ?? (threads > 1 ? undefined : copies?.missing));
    const { fma, wide, tuned = "" } = arithmetic;
    const instructions = `simd${fma ? ", fused multiply-add" : ""}${wide ? ", vectors of 256 bits" : ""}${tuned}`;
    const crew = `${threads} thread${threads === 1 ? "" : "s"}${alone === undefined ? "" : ` (${alone})`}`;
    return [`${instructions}, ${crew}`, ...this.#notes].join("; ");
  }

  *program(request: ProgramRequest): Making<Program> {
    const { executor } = this;
    const { operations } = this.#options;
    const undo = executor.memory.mark();
    const options = { ...request, operations, constants: this.#constants };
    try {
      return yield* makeWasmProgram({ ...options, executor });
    } catch (error) {
      undo();
      if (!(error instanceof Refusal)) throw error;
      this.#notes.push(`plain for ${request.graph.inputs.map(({ shape }) => `[${shape.join()}]`).join()}: ${error.message}`);
      return plainProgram(options);
    }
  }

  refresh(): void {
    this.executor.memory.refresh();
    this.#constants.refresh();
  }

  release(): void {
    this.executor.release();
  }

  get collected(): (() => void) | undefined {
    return this.executor.collected;
  }
}

export const wasmKind: BackendKind = {
  name: "wasm",
  missing() {
    const { missing, simd } = probe();
    return missing ?? (simd ? undefined : "WebAssembly has no vectors (SIMD) here");
  },
  *make(wanted) {
    const { numerics = "fast", pace, tile, capabilities, operations, threads } = wanted;
    const alone: Crew = {
      threads: 1, pool: undefined, alone: (threads ?? 1) > 1 ? "compileSync starts no workers, compile does" : undefined,
    };
    const crew = capabilities.threads === undefined ? alone : yield* capabilities.threads.crew(threads);
    const arithmetic = arithmeticOf(numerics);
    const fewer = capabilities.fast?.(arithmetic, tile) ?? arithmetic;
    const kernels = yield* checkedKernels(capabilities.pace?.(fewer, pace) ?? fewer, compileHere, wanted);
    function* made(by: Crew): Making<Backend> {
      const options = { ...by, kernels, operations, copies: capabilities.threads?.copies };
      if (numerics !== "turbo") return new WasmBackend(options);
      if (capabilities.turbo === undefined) {
        return new WasmBackend(options, "fast instead of turbo: this compile has none (senet/session/lean)");
      }
      return yield* capabilities.turbo(options, wanted);
    }
    return capabilities.threads === undefined ? yield* made(crew) : yield* capabilities.threads.lasting(crew, made);
  },
};

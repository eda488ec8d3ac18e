/** Kernels on WebAssembly SIMD: with which instructions, how many threads, and why. */
import { probe } from "../../../../kernels/wasm/probe/probe.ts";
import { Refusal } from "../backend.ts";
import type { Backend, BackendKind, Making, Program, ProgramRequest } from "../backend.ts";
import { arithmeticOf, showPace } from "../numerics.ts";
import type { Operations } from "../operations.ts";
import type { Crew } from "../parts.ts";
import { PlainConstants, plainProgram } from "../plain/program.ts";
import { checkedKernels } from "./checks/checked.ts";
import type { Kernels } from "./checks/checked.ts";
import { WasmHost } from "./engine.ts";
import type { CompileModule } from "./engine.ts";
import { makeWasmProgram } from "./program.ts";

const compileHere: CompileModule = (emit) => new WebAssembly!.Module(emit().toBytes());

/** What a backend is made of. */
export interface WasmBackendOptions extends Crew {
  readonly kernels: Kernels;
  readonly operations: Operations;
}

export class WasmBackend implements Backend {
  readonly name = "wasm";
  readonly host: WasmHost;
  readonly #options: WasmBackendOptions;
  readonly #constants = new PlainConstants();
  readonly #notes: string[];

  /** @param notes for people to read */
  constructor(options: WasmBackendOptions, ...notes: readonly string[]) {
    const { kernels, threads, pool } = options;
    this.#options = options;
    this.host = new WasmHost({ ...kernels, threads, pool: threads > 1 ? pool : undefined });
    const failed = [...kernels.wrong].map(([kind, what]) => `plain for ${kind}: its kernels failed their check, ${what}`);
    this.#notes = [...notes, ...failed];
  }

  get reason(): string {
    const { kernels: { arithmetic }, pool } = this.#options;
    const threads = Math.min(this.#options.threads, (pool?.workers ?? 0) + 1);
    const alone = threads < this.#options.threads ? pool?.missing : this.#options.alone;
    const { fma, wide } = arithmetic;
    const instructions = `simd${fma ? ", fused multiply-add" : ""}${wide ? ", vectors of 256 bits" : ""}${showPace(arithmetic)}`;
    const crew = `${threads} thread${threads === 1 ? "" : "s"}${alone === undefined ? "" : ` (${alone})`}`;
    return [`${instructions}, ${crew}`, ...this.#notes].join("; ");
  }

  *program(request: ProgramRequest): Making<Program> {
    const { host } = this;
    const { operations } = this.#options;
    const undo = host.memory.mark();
    const options = { ...request, operations, constants: this.#constants };
    try {
      return yield* makeWasmProgram({ ...options, host });
    } catch (error) {
      undo();
      if (!(error instanceof Refusal)) throw error;
      this.#notes.push(`plain for ${request.graph.inputs.map(({ shape }) => `[${shape.join()}]`).join()}: ${error.message}`);
      return plainProgram(options);
    }
  }

  refresh(): void {
    this.host.memory.refresh();
    this.#constants.refresh();
  }

  release(): void {
    this.host.release();
  }

  get collected(): (() => void) | undefined {
    return this.host.collected;
  }
}

export const wasmKind: BackendKind = {
  name: "wasm",
  missing() {
    const { missing, simd } = probe();
    return missing ?? (simd ? undefined : "WebAssembly has no vectors (SIMD) here");
  },
  *make(wanted) {
    const { numerics = "fast", pace, parts, threads } = wanted;
    const alone: Crew = { threads: 1, pool: undefined, alone: (threads ?? 1) > 1 ? "compileSync starts no workers, compile does" : undefined };
    const crew = parts.threads === undefined ? alone : yield* parts.threads.crew(threads);
    const arithmetic = arithmeticOf(numerics);
    const fewer = parts.strassen?.(arithmetic) ?? arithmetic;
    const kernels = yield* checkedKernels(parts.pace?.(fewer, pace) ?? fewer, compileHere, wanted);
    function* made(by: Crew): Making<Backend> {
      const options = { ...by, kernels, operations: parts.operations };
      if (numerics !== "turbo") return new WasmBackend(options);
      if (parts.turbo === undefined) return new WasmBackend(options, "fast instead of turbo: this compile has none (senet/session/lean)");
      return yield* parts.turbo(options, wanted);
    }
    return parts.threads === undefined ? yield* made(crew) : yield* parts.threads.lasting(crew, made);
  },
};

/** Kernels on WebAssembly SIMD: with which instructions, how many threads, and why. */
import { probe } from "../../../../kernels/wasm/probe/probe.ts";
import type { Pool } from "../../threads/pool.ts";
import { processors } from "../../threads/spawn.ts";
import { Refusal } from "../backend.ts";
import type { Backend, BackendKind, Job, Making, Program, ProgramRequest } from "../backend.ts";
import { arithmeticOf, showPace } from "../numerics.ts";
import type { Operations } from "../operations.ts";
import type { Wanted } from "../parts.ts";
import { PlainConstants, plainProgram } from "../plain/program.ts";
import { checkedKernels } from "./checks/checked.ts";
import type { Kernels } from "./checks/checked.ts";
import { WasmHost } from "./engine.ts";
import type { CompileModule } from "./engine.ts";
import { makeWasmProgram } from "./program.ts";

/** Threads where nobody says how many: more than four seldom pay for one image, and of many processors half are no cores of their own. */
function usualThreads(): number {
  const count = processors();
  return Math.min(4, count <= 2 ? count : Math.ceil(count / 2));
}

const compileHere: CompileModule = (emit) => new WebAssembly!.Module(emit().toBytes());

/** Workers, and why there are none where some are wanted. */
interface Crew {
  readonly threads: number;
  readonly pool: Pool | undefined;
  readonly alone: string | undefined;
}

function* crew({ threads, parts }: Wanted): Making<Crew> {
  const wanted = threads ?? usualThreads();
  const found: { pool?: Pool | undefined; alone?: string } = {};
  const starting: Job = {
    now: () => {
      found.pool = parts.threads?.warm();
      if (found.pool === undefined && threads !== undefined) found.alone = "compileSync starts no workers, compile does";
    },
    later: async () => {
      try {
        found.pool = await parts.threads?.grow(wanted - 1);
      } catch (error) {
        found.alone = (error as Error).message;
      }
    },
  };
  if (wanted > 1) yield starting;
  const { pool, alone } = found;
  return { threads: pool === undefined ? 1 : Math.min(wanted, pool.workers + 1), pool, alone };
}

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
    const { kernels: { arithmetic }, threads, alone } = this.#options;
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
    const { numerics = "fast", pace, parts } = wanted;
    const people = yield* crew(wanted);
    const arithmetic = arithmeticOf(numerics);
    const fewer = parts.strassen?.(arithmetic) ?? arithmetic;
    const kernels = yield* checkedKernels(parts.pace?.(fewer, pace) ?? fewer, compileHere, wanted);
    const options = { ...people, kernels, operations: parts.operations };
    if (numerics !== "turbo") return new WasmBackend(options);
    if (parts.turbo === undefined) return new WasmBackend(options, "fast instead of turbo: this compile has none (senet/session/lean)");
    return yield* parts.turbo(options, wanted);
  },
};

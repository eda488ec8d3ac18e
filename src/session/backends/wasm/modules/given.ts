/**
 * Sessions whose kernels are in a module from `senet compile`. What would be emitted here is emitted all the same, in tens of milliseconds,
 * and compared with what the module says of itself, so that one for another model, shape or version is refused, not run; and where its
 * bytes are given, these with what it says of them. Its kernels are checked as any.
 */
import { show } from "../../../../errors.ts";
import type { HostWasmModule } from "../../../../host-types.ts";
import { version } from "../../../../version.ts";
import { bytesOf, checkUse, digestOf, inputOf, readWasmDescription } from "./file.ts";
import type { WasmModuleDescription, WasmModuleUse } from "./file.ts";
import { arithmeticOf } from "../../numerics.ts";
import { withPace } from "../pace.ts";
import { withFast, withTile } from "../fast.ts";
import type { Backend, Program, ProgramRequest } from "../../backend.ts";
import type { Making } from "../../making.ts";
import type { Operations } from "../../operations.ts";
import type { Wanted } from "../../capabilities.ts";
import { PlainConstants } from "../../plain/program.ts";
import { growPool, warmPool } from "../../../threads/pool.ts";
import type { Pool } from "../../../threads/pool.ts";
import { LastingBackend } from "../../../threads/lasting.ts";
import { WasmExecutor, compileNothing } from "../executor.ts";
import { runners } from "../install.ts";
import { planProgram } from "../program.ts";
import { planCheck, wholeModule } from "./whole.ts";

/** A module that says it is for what is wanted. */
export interface Given {
  readonly module: HostWasmModule;
  readonly description: WasmModuleDescription;
  readonly use: WasmModuleUse;
  readonly labels: ReadonlySet<string>;
}

/**
 * For compile and compileSync that take modules. @throws TypeError or FormatError for what is no such module, RangeError where it is for
 * another use, Error where the host refuses it, or has no workers and the module wants some
 */
export function* givenModules(asked: Wanted): Making<Backend> {
  const { module, network, graph, observe = [], override = [], labels, numerics, threads, pace, tile, kernels } = asked;
  if (kernels === "plain") throw new RangeError("compile: module wants wasm kernels, and plain ones are asked for");
  const description = readWasmDescription(module);
  if (network === undefined || graph === undefined) throw new RangeError("compile: module is for inference");
  const wanted = {
    model: network.title, observe, override, input: inputOf(graph), numerics: numerics ?? description.numerics,
    threads: threads ?? description.threads, pace: pace ?? description.pace === true, tile: tile ?? description.tile ?? "2x16",
  };
  checkUse(description, wanted);
  const bytes = bytesOf(module);
  const compiled = bytes === undefined ? (module as HostWasmModule) : yield* compiling(bytes, description);
  const given = { module: compiled, description, use: wanted, labels };
  const made = (pool: Pool | undefined): Backend => new GivenBackend(given, asked, pool);
  if (wanted.threads === 1) return made(undefined);
  const pool = yield* workers(given);
  return new LastingBackend(made(pool), function* () {
    return made(pool);
  });
}

function* compiling(bytes: Uint8Array<ArrayBuffer>, { relaxedSimd }: WasmModuleDescription): Making<HostWasmModule> {
  if (typeof WebAssembly === "undefined") throw new Error("compile: module wants WebAssembly, which is not available here");
  const wasm = WebAssembly;
  let module: HostWasmModule | undefined;
  const now = (): void => void (module = new wasm.Module(bytes));
  try {
    yield {
      now,
      later: async () => {
        try {
          now();
        } catch {
          module = await wasm.compile(bytes);
        }
      },
    };
  } catch (error) {
    const hint = !relaxedSimd ? "" : "; it has instructions of relaxed SIMD, which not every engine knows: " +
      "senet compile makes it without, unless asked for --relaxed-simd";
    throw new Error(
      `compile: this host does not compile the module's bytes: ${error instanceof Error ? error.message : show(error)}${hint}`,
    );
  }
  return module!;
}

/** Workers for a module that is for threads. @throws Error where there are none */
function* workers({ use, module }: Given): Making<Pool> {
  let pool: Pool | undefined;
  yield {
    now: () => void (pool = warmPool()),
    later: async () => {
      try {
        pool = await growPool(use.threads - 1, module);
      } catch (error) {
        throw new Error(`compile: the module was made for threads, and there are none here: ${(error as Error).message}`);
      }
    },
  };
  if (pool === undefined) throw new Error("compile: the module was made for threads; compileSync starts no workers, compile does");
  return pool;
}

class GivenBackend implements Backend {
  readonly name = "wasm";
  readonly reason: string;
  readonly executor: WasmExecutor;
  readonly #given: Given;
  readonly #operations: Operations;
  readonly #constants = new PlainConstants();
  #made = false;

  constructor(given: Given, { operations, capabilities }: Wanted, pool: Pool | undefined) {
    const { description, use } = given;
    const threads = pool === undefined ? 1 : Math.min(use.threads, pool.workers + 1);
    const fused = { fusedMultiplyAdd: description.relaxedSimd };
    const { numerics, pace = false, tile = "2x16" } = description;
    const arithmetic = withPace(withTile(withFast(arithmeticOf(numerics, fused)), tile), pace);
    const instructions = `simd${arithmetic.fma ? ", relaxed" : ""}${arithmetic.tuned ?? ""}`;
    this.#given = given;
    this.#operations = operations;
    const copies = capabilities.threads?.copies;
    this.executor = new WasmExecutor({ arithmetic, threads, pool, copies, refused: new Set(), compile: compileNothing });
    this.reason = `${instructions}, ${threads} thread${threads === 1 ? "" : "s"}, kernels of the given module`;
  }

  *program(request: ProgramRequest): Making<Program> {
    const { executor } = this;
    const { description, labels, module, use } = this.#given;
    if (this.#made) throw otherShape(request, use);
    this.#made = true;
    const { code, finish } = planProgram({ ...request, executor, operations: this.#operations, constants: this.#constants });
    const check = planCheck(labels, this.#operations, executor.arithmetic, executor.memory.shared);
    try {
      if (digestOf(wholeModule(code, check.code, executor.arithmetic, executor.memory.shared)) !== description.digest) {
        throw misfit(description, use);
      }
      adopt(executor, module);
      for (const [kind, what] of check.run(module)) {
        throw new Error(`compile: the module's kernel for ${kind} fails its check on this host: ${what} of the largest value`);
      }
    } finally {
      check.release();
    }
    return finish(runners(code.spans, executor));
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

function otherShape({ graph }: ProgramRequest, { input }: WasmModuleUse): RangeError {
  const came = JSON.stringify(inputOf(graph));
  return new RangeError(
    `session: its kernels come from a module for an input of shape ${JSON.stringify(input)}, and none are compiled here; ` +
    `got ${came}, which wants a module and a session of its own`,
  );
}

/** Some engines ask for the same permission once more before a compiled module may run (JavaScriptCore). */
function adopt(executor: WasmExecutor, module: HostWasmModule): void {
  try {
    executor.adopt(module);
  } catch (error) {
    throw new Error(`compile: this host does not let the module run: ${error instanceof Error ? error.message : show(error)}`);
  }
}

function misfit({ model, senet }: WasmModuleDescription, wanted: WasmModuleUse): RangeError {
  return new RangeError(
    `compile: the module does not fit: ${wanted.model} with senet ${version} is wanted, ` +
    `it was made for ${model} with senet ${senet}, whose kernels are others; make it anew with senet compile`,
  );
}

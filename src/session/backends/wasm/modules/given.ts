/**
 * Sessions whose kernels are in a module from `senet compile`. What would be emitted here is emitted all the same, in tens of milliseconds, and
 * compared with what the module says of itself, so that one for another model, shape or version is refused, not run. Its kernels are checked as any.
 */
import { show } from "../../../../errors.ts";
import type { HostWasmModule } from "../../../../host-types.ts";
import { version } from "../../../../version.ts";
import { checkUse, digestOf, inputOf, readDescription } from "./file.ts";
import type { ModuleDescription, ModuleUse } from "./file.ts";
import { arithmeticOf, showPace } from "../../numerics.ts";
import { withPace } from "../pace.ts";
import { withStrassen } from "../strassen.ts";
import type { Backend, ModulesPart, Wanted } from "../../parts.ts";
import type { Program } from "../../program.ts";
import { growPool, warmPool } from "../../../threads/pool.ts";
import type { Pool } from "../../../threads/pool.ts";
import { WasmHost, compileNothing } from "../engine.ts";
import { planProgram, runners } from "../program.ts";
import type { WasmProgramOptions } from "../program.ts";
import { planCheck, wholeModule } from "./whole.ts";

/** A module that says it is for what is wanted. */
export interface Given {
  readonly module: HostWasmModule;
  readonly description: ModuleDescription;
  readonly use: ModuleUse;
  readonly labels: ReadonlySet<string>;
}

/** For compile and compileSync that take modules. */
export const givenModules: ModulesPart = {
  backendSync: (wanted) => givenBackend(givenModule(wanted), warmPool()),
  backend: (wanted) => givenBackendWithThreads(givenModule(wanted)),
};

/** @throws TypeError or FormatError for what is no such module, RangeError where it is for another use, Error where the host refuses it */
function givenModule({ module, use, labels, numerics, threads, pace }: Wanted): Given {
  const description = readDescription(module);
  if (use === undefined) throw new RangeError("compile: module is for inference");
  const { graph, ...rest } = use;
  const wanted = { ...rest, input: inputOf(graph), numerics: numerics ?? description.numerics, threads: threads ?? description.threads, pace: pace ?? description.pace === true };
  checkUse(description, wanted);
  return { module: module instanceof Uint8Array ? compiled(module as Uint8Array<ArrayBuffer>, description) : (module as HostWasmModule), description, use: wanted, labels };
}

function compiled(bytes: Uint8Array<ArrayBuffer>, { relaxedSimd }: ModuleDescription): HostWasmModule {
  if (typeof WebAssembly === "undefined") throw new Error("compile: module wants WebAssembly, which is not available here");
  try {
    return new WebAssembly.Module(bytes);
  } catch (error) {
    const hint = relaxedSimd ? "; it has instructions of relaxed SIMD, which not every engine knows: senet compile makes it without, unless asked for --relaxed-simd" : "";
    throw new Error(`compile: this host does not compile the module's bytes: ${error instanceof Error ? error.message : show(error)}${hint}`);
  }
}

/** Starts workers first, where the module is for threads. @throws Error where the host has none */
async function givenBackendWithThreads(given: Given): Promise<Backend> {
  const { threads } = given.use;
  let pool: Pool | undefined;
  try {
    pool = threads > 1 ? await growPool(threads - 1, given.module) : undefined;
  } catch (error) {
    throw new Error(`compile: the module was made for threads, and there are none here: ${(error as Error).message}`);
  }
  return givenBackend(given, pool);
}

/** @param pool what workers there are @throws Error where the module wants some and there are none */
function givenBackend({ module, description, use, labels }: Given, pool: Pool | undefined): Backend {
  const shared = use.threads > 1;
  if (shared && pool === undefined) throw new Error("compile: the module was made for threads; compileSync starts no workers, compile does");
  const threads = shared ? Math.min(use.threads, pool!.workers + 1) : 1;
  const arithmetic = withPace(withStrassen(arithmeticOf(description.numerics, { fusedMultiplyAdd: description.relaxedSimd })), description.pace === true);
  const host = new WasmHost({ arithmetic, threads, pool: shared ? pool : undefined, refused: new Set(), compile: compileNothing });
  let made = false;
  const program = (options: WasmProgramOptions): Program => {
    if (made) throw otherShape(options, use);
    made = true;
    return givenProgram({ module, description, use, labels }, options);
  };
  const why = `wasm: simd${arithmetic.fma ? ", relaxed" : ""}${showPace(arithmetic)}, ${threads} thread${threads === 1 ? "" : "s"}, kernels of the given module`;
  return { host, why, program };
}

function otherShape({ graph }: WasmProgramOptions, { input }: ModuleUse): RangeError {
  const came = JSON.stringify(inputOf(graph));
  return new RangeError(`session: its kernels come from a module for an input of shape ${JSON.stringify(input)}, and none are compiled here; got ${came}, which wants a module and a session of its own`);
}

function givenProgram({ module, description, use, labels }: Given, options: WasmProgramOptions): Program {
  const { host } = options;
  const { code, finish } = planProgram(options);
  const check = planCheck(labels, options.operations, host.arithmetic, host.memory.shared);
  try {
    if (digestOf(wholeModule(code, check.code, host.arithmetic, host.memory.shared)) !== description.digest) throw misfit(description, use);
    adopt(host, module);
    for (const [kind, what] of check.run(module)) throw new Error(`compile: the module's kernel for ${kind} fails its check on this host: ${what} of the largest value`);
  } finally {
    check.release();
  }
  return finish(runners(code.parts, host));
}

/** Some engines ask for the same permission once more before a compiled module may run (JavaScriptCore). */
function adopt(host: WasmHost, module: HostWasmModule): void {
  try {
    host.adopt(module);
  } catch (error) {
    throw new Error(`compile: this host does not let the module run: ${error instanceof Error ? error.message : show(error)}`);
  }
}

function misfit({ model, senet }: ModuleDescription, wanted: ModuleUse): RangeError {
  return new RangeError(`compile: the module does not fit: ${wanted.model} with senet ${version} is wanted, it was made for ${model} with senet ${senet}, whose kernels are others; ` +
    "make it anew with senet compile");
}

/** Which kernels a session runs on, with how many threads, and why: what is asked for, as far as this host has it. */
import { probe } from "../../../kernels/wasm/probe/probe.ts";
import type { Operation } from "../../graph/graph.ts";
import { arithmeticOf, showPace } from "./numerics.ts";
import type { Arithmetic } from "./numerics.ts";
import type { Pool } from "../threads/pool.ts";
import { processors } from "../threads/spawn.ts";
import type { Backend, BackendOptions, ModulesPart, Wanted } from "./parts.ts";
import type { Program } from "./program.ts";
import type { Trusted } from "./wasm/checks/trial.ts";
import { checkOf, wrongKinds } from "./wasm/checks/verify.ts";
import { WasmHost } from "./wasm/engine.ts";
import type { CompileModule } from "./wasm/engine.ts";
import { wasmProgram } from "./wasm/program.ts";
import type { WasmProgramOptions } from "./wasm/program.ts";

/** Threads where nobody says how many: more than four seldom pay for one image, and of many processors half are no cores of their own. */
function usualThreads(): number {
  const count = processors();
  return Math.min(4, count <= 2 ? count : Math.ceil(count / 2));
}

function checkOptions({ threads, numerics, kernels, module }: BackendOptions): void {
  if (threads !== undefined && !(Number.isSafeInteger(threads) && threads >= 1 && threads <= 32)) {
    throw new RangeError(`compile: threads wants a whole number from 1 to 32, got ${threads}`);
  }
  const choices: [string, string | undefined, string[]][] = [["numerics", numerics, ["exact", "fast", "turbo"]], ["kernels", kernels, ["auto", "wasm", "plain"]]];
  for (const [name, given, known] of choices) {
    if (given !== undefined && !known.includes(given)) throw new RangeError(`compile: ${name} wants one of ${known.join(", ")}, got ${String(given)}`);
  }
  if (module !== undefined && kernels === "plain") throw new RangeError("compile: module wants wasm kernels, and plain ones are asked for");
}

const compileHere: CompileModule = (emit) => new WebAssembly!.Module(emit().toBytes());

/** What the kernels of each arithmetic got wrong on this host, and which of them were checked; once a process. */
const checks = new Map<string, { readonly done: Set<string>; readonly wrong: Map<Operation["kind"], string> }>();

function checked(arithmetic: Arithmetic, compile: CompileModule, apart: boolean, { labels, parts }: Wanted): ReadonlyMap<Operation["kind"], string> {
  const key = Object.keys(arithmetic).filter((name) => arithmetic[name as keyof Arithmetic]).join();
  const { done, wrong } = checks.get(key) ?? { done: new Set<string>(), wrong: new Map<Operation["kind"], string>() };
  checks.set(key, { done, wrong });
  const missing = new Set([...labels].filter((label) => !done.has(label)));
  if (missing.size === 0) return wrong;
  const host = new WasmHost({ arithmetic, threads: 1, pool: undefined, refused: new Set(), compile, apart });
  try {
    const check = checkOf(missing, parts.operations, arithmetic);
    for (const [kind, what] of wrongKinds(check, wasmProgram({ ...check, host }))) wrong.set(kind, what);
  } finally {
    host.release();
  }
  for (const label of missing) done.add(label);
  return wrong;
}

/** Kernels that have been checked, and what did not pass. */
interface Checked extends Trusted {
  readonly wrong: ReadonlyMap<Operation["kind"], string>;
}

function kernelsOf(arithmetic: Arithmetic, compile: CompileModule, wanted: Wanted, apart = false): Checked {
  const wrong = checked(arithmetic, compile, apart, wanted);
  return { arithmetic, compile, apart, wrong, refused: new Set(wrong.keys()) };
}

/** Turbo's kernels if there are any, and all of them pass; else why not. */
function turboKernels(fast: Arithmetic, wanted: Wanted): Checked | string {
  const found = wanted.parts.turbo?.find(fast) ?? "this compile has none (senet/session/lean)";
  if (typeof found === "string") return found;
  const kernels = kernelsOf(found.arithmetic, found.compile, wanted, true);
  for (const [kind, what] of kernels.wrong) return `its kernel for ${kind} failed its check, ${what}`;
  return kernels;
}

/**
 * @param pool undefined for one thread @param alone why no more, if more are wanted @param noTurbo why not, if it has been found to be wrong
 * @throws Error where wasm is asked for and not to be had
 */
function choose(options: Wanted, pool: Pool | undefined, alone: string | undefined, noTurbo?: string): Backend {
  const { kernels = "auto", numerics = "fast" } = options;
  if (kernels === "plain") return { host: undefined, why: "plain: asked for, one thread" };
  const features = probe();
  const missing = features.missing ?? (features.simd ? undefined : "WebAssembly has no vectors (SIMD) here");
  if (missing !== undefined) {
    if (kernels === "wasm") throw new Error(`compile: ${missing}`);
    return { host: undefined, why: `plain: ${missing}` };
  }
  const arithmetic = arithmeticOf(numerics, features);
  const fewer = options.parts.strassen?.(arithmetic) ?? arithmetic;
  const usual = kernelsOf(options.parts.pace?.(fewer, options.pace) ?? fewer, compileHere, options);
  const wanted = numerics !== "turbo" ? undefined : (noTurbo ?? turboKernels(usual.arithmetic, options));
  const used = typeof wanted === "object" ? wanted : usual;
  const threads = pool === undefined ? 1 : Math.min(options.threads ?? usualThreads(), pool.workers + 1);
  const host = new WasmHost({ ...used, threads, pool: threads > 1 ? pool : undefined });
  const { fma, wide } = used.arithmetic;
  const parts = [
    `wasm: simd${fma ? ", fused multiply-add" : ""}${wide ? ", vectors of 256 bits" : ""}${showPace(used.arithmetic)}, ${threads} thread${threads === 1 ? "" : "s"}${alone === undefined ? "" : ` (${alone})`}`,
    ...(typeof wanted === "string" ? [`fast instead of turbo: ${wanted}`] : []),
    ...[...used.wrong].map(([kind, what]) => `plain for ${kind}: its kernels failed their check, ${what}`),
  ];
  const why = parts.join("; ");
  if (used === usual) return { host, why };
  const failure = (program: Program, of: WasmProgramOptions): string | undefined => options.parts.turbo?.failure(program, of, usual);
  return { host, why, trial: { failure, instead: (reason) => choose(options, pool, alone, reason) } };
}

function modules({ parts }: Wanted): ModulesPart {
  if (parts.modules === undefined) throw new RangeError("compile: module wants the compile of senet/session/session; that of senet/session/lean takes none");
  return parts.modules;
}

/** Without waiting: one thread, unless workers are there already. */
export function backendSync(options: Wanted): Backend {
  checkOptions(options);
  if (options.module !== undefined) return modules(options).backendSync(options);
  const wanted = options.threads ?? usualThreads();
  const pool = wanted > 1 ? options.parts.threads?.warm() : undefined;
  return choose(options, pool, wanted > 1 && pool === undefined && options.threads !== undefined ? "compileSync starts no workers, compile does" : undefined);
}

/** Starts workers first, if more than one thread is wanted. */
export async function backend(options: Wanted): Promise<Backend> {
  checkOptions(options);
  if (options.module !== undefined) return modules(options).backend(options);
  const wanted = options.threads ?? usualThreads();
  if (wanted === 1 || options.kernels === "plain") return choose(options, undefined, undefined);
  try {
    return choose(options, await options.parts.threads?.grow(wanted - 1), undefined);
  } catch (error) {
    return choose(options, undefined, (error as Error).message);
  }
}

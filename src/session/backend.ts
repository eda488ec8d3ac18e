/** Which kernels a session runs on, with how many threads, and why: what is asked for, as far as this host has it. */
import { probe } from "../../kernels/wasm/probe.ts";
import type { Operation } from "../graph/graph.ts";
import { arithmeticOf, exactArithmetic } from "./numerics.ts";
import type { Arithmetic, Numerics } from "./numerics.ts";
import { growPool, warmPool } from "./threads/pool.ts";
import type { Pool } from "./threads/pool.ts";
import { processors } from "./threads/spawn.ts";
import { wrongKinds } from "./verify.ts";
import { WasmHost } from "./wasm-host.ts";
import type { CompileModule } from "./wasm-host.ts";

/** `auto` is wasm where the host has it, otherwise plain. */
export type KernelChoice = "auto" | "wasm" | "plain";

export interface BackendOptions {
  readonly kernels?: KernelChoice;
  readonly numerics?: Numerics;
  readonly threads?: number;
  readonly module?: HostWasmModule | Uint8Array<ArrayBuffer>;
}

export interface Backend {
  /** Undefined for the plain kernels. */
  readonly host: WasmHost | undefined;
  /** For people to read, as `session.kernels`. */
  readonly why: string;
}

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

/** A given module for the first program; further shapes want kernels of their own. */
function compileGiven(module: HostWasmModule | Uint8Array<ArrayBuffer>): CompileModule {
  let given: HostWasmModule | Uint8Array<ArrayBuffer> | undefined = module;
  return (emit) => {
    const first = given;
    given = undefined;
    if (first === undefined) return compileHere(emit);
    return first instanceof Uint8Array ? new WebAssembly!.Module(first) : first;
  };
}

/** What the kernels of each arithmetic got wrong on this host, found once. */
const checks = new Map<string, ReadonlyMap<Operation["kind"], string>>();

function checked(arithmetic: Arithmetic, compile: CompileModule): ReadonlyMap<Operation["kind"], string> {
  const key = JSON.stringify(arithmetic);
  const known = checks.get(key);
  if (known !== undefined) return known;
  const host = new WasmHost({ arithmetic, threads: 1, pool: undefined, refused: new Set(), compile });
  const wrong = wrongKinds(host);
  host.release();
  checks.set(key, wrong);
  return wrong;
}

/** @throws Error where wasm is asked for and not to be had */
function choose(options: BackendOptions, pool: Pool | undefined, alone: string | undefined): Backend {
  checkOptions(options);
  const { kernels = "auto", numerics = "fast", module } = options;
  if (kernels === "plain") return { host: undefined, why: "plain: asked for, one thread" };
  const features = module === undefined ? probe() : undefined;
  const missing = features === undefined ? undefined : (features.missing ?? (features.simd ? undefined : "WebAssembly has no vectors (SIMD) here"));
  if (missing !== undefined) {
    if (kernels === "wasm") throw new Error(`compile: ${missing}`);
    return { host: undefined, why: `plain: ${missing}` };
  }
  const arithmetic = features === undefined ? exactArithmetic : arithmeticOf(numerics, features);
  const wrong = module === undefined ? checked(arithmetic, compileHere) : new Map<Operation["kind"], string>();
  const threads = pool === undefined ? 1 : Math.min(options.threads ?? usualThreads(), pool.workers + 1);
  const host = new WasmHost({
    arithmetic, threads, pool: threads > 1 ? pool : undefined, refused: new Set(wrong.keys()),
    compile: module === undefined ? compileHere : compileGiven(module),
  });
  const parts = [
    `wasm: simd${arithmetic.fma ? ", fused multiply-add" : ""}, ${threads} thread${threads === 1 ? "" : "s"}${alone === undefined ? "" : ` (${alone})`}`,
    ...[...wrong].map(([kind, what]) => `plain for ${kind}: its kernels failed their check, ${what}`),
  ];
  return { host, why: parts.join("; ") };
}

/** Without waiting: one thread, unless workers are there already. */
export function backendSync(options: BackendOptions): Backend {
  const wanted = options.threads ?? usualThreads();
  const pool = wanted > 1 && options.module === undefined ? warmPool() : undefined;
  return choose(options, pool, wanted > 1 && pool === undefined && options.threads !== undefined ? "compileSync starts no workers, compile does" : undefined);
}

/** Starts workers first, if more than one thread is wanted. */
export async function backend(options: BackendOptions): Promise<Backend> {
  checkOptions(options);
  const wanted = options.threads ?? (options.module === undefined ? usualThreads() : 1);
  if (wanted === 1 || options.kernels === "plain") return choose(options, undefined, undefined);
  try {
    return choose(options, await growPool(wanted - 1), undefined);
  } catch (error) {
    if (error instanceof RangeError) throw error;
    return choose(options, undefined, (error as Error).message);
  }
}

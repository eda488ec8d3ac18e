/**
 * Turbo: what V8 has and does not yet switch on by itself, on Node, where flags can be set while it runs. They are set for no longer than
 * a module takes to compile, and the module is optimised at once, so that nothing of it is compiled later without them.
 *
 * Flags are the whole process's, and V8 may be optimising other modules on other threads at the same moment: so no flag will do that it reads more than
 * once while it compiles a function. (--no-liftoff is one of those: it ends the process now and then.)
 */
import { probeWide } from "../../kernels/wasm/probe-wide.ts";
import { probe } from "../../kernels/wasm/probe.ts";
import { builtin } from "./builtin.ts";
import type { Arithmetic } from "./numerics.ts";
import type { CompileModule } from "./wasm-host.ts";

interface Flag {
  readonly wanted: string;
  readonly usual: string;
}

/**
 * All code from the optimising compiler, none left for the first call. The mask has a bit for each of a module's first 32 functions: hence a
 * module for each kernel (`WasmHostOptions.apart`).
 */
const OPTIMISED: readonly Flag[] = [
  { wanted: "--wasm-tier-mask-for-testing=-1", usual: "--wasm-tier-mask-for-testing=0" },
  { wanted: "--no-wasm-lazy-compilation", usual: "--wasm-lazy-compilation" },
];

/** Fused multiply-adds; on by itself from V8 11.4. */
const RELAXED: Flag = { wanted: "--experimental-wasm-relaxed-simd", usual: "--no-experimental-wasm-relaxed-simd" };

/** Neighbouring vectors of 128 bits as one of 256, on x64. V8 12.4 (Node 22) has the flag, but computes few kernels so. */
const REVECTORISE: Flag = { wanted: "--experimental-wasm-revectorize", usual: "--no-experimental-wasm-revectorize" };

/** By V8's version, as `node --v8-options` lists them in Node 20, 24 and 26: of any other name stderr would have a complaint. */
const FLAGS: Readonly<Record<string, readonly Flag[]>> = {
  "11.3": [RELAXED, ...OPTIMISED],
  "13.6": [REVECTORISE, ...OPTIMISED],
  "14.6": [REVECTORISE, ...OPTIMISED],
};

interface Node {
  readonly versions: Readonly<Record<string, string | undefined>>;
  readonly config?: { readonly variables?: Readonly<Record<string, unknown>> };
  readonly execArgv?: readonly string[];
}

interface V8 {
  setFlagsFromString(flag: string): void;
}

/** Kernels compiled with this version's flags. */
export interface Turbo {
  readonly arithmetic: Arithmetic;
  readonly compile: CompileModule;
}

/** Deno and Bun have the same names, Bun even Node's V8 version: they are told by their own. */
function flagsHere(node: Node): readonly Flag[] | string {
  const { v8 = "unknown", deno, bun } = node.versions;
  if (deno !== undefined || bun !== undefined || !v8.includes("-node.")) return "this host is not Node";
  const flags = FLAGS[v8.split(".", 2).join(".")];
  if (flags === undefined) return `V8 ${v8} is none of those whose flags are known (${Object.keys(FLAGS).join(", ")})`;
  if (flags.includes(REVECTORISE) && node.config?.variables?.v8_enable_wasm_simd256_revec !== 1) return "this Node was built without vectors of 256 bits";
  return flags;
}

/** As the process was started, or as V8 has it by itself. */
function before({ wanted, usual }: Flag, { execArgv = [] }: Node): string {
  return execArgv.map((each) => each.replaceAll("_", "-")).filter((each) => each === wanted || each === usual).at(-1) ?? usual;
}

function withFlags<T>({ setFlagsFromString }: V8, node: Node, flags: readonly Flag[], work: () => T): T {
  for (const { wanted } of flags) setFlagsFromString(wanted);
  try {
    return work();
  } finally {
    for (const flag of flags) setFlagsFromString(before(flag, node));
  }
}

let known: Turbo | string | undefined;

/**
 * What turbo is on this host, found once.
 * @param plain the arithmetic of `fast` @returns why there is nothing to gain, for people to read, where that is so
 */
export function turbo(plain: Arithmetic): Turbo | string {
  return (known ??= find(plain));
}

function find(plain: Arithmetic): Turbo | string {
  const [v8, node] = [builtin("v8") as Partial<V8> | undefined, builtin("process") as Node | undefined];
  if (node === undefined || typeof v8?.setFlagsFromString !== "function") return "this host has no flags to set";
  const flags = flagsHere(node);
  if (typeof flags === "string") return flags;
  const { performance } = builtin("perf_hooks") as { readonly performance: { now(): number } };
  const during = <T>(work: () => T): T => withFlags(v8 as V8, node, flags, work);
  const arithmetic = during((): Arithmetic => {
    const fma = probe().fusedMultiplyAdd;
    return { ...plain, fma, wide: flags.includes(REVECTORISE) && probeWide(() => performance.now()) };
  });
  if (arithmetic.fma === plain.fma && arithmetic.wide === plain.wide) return "this processor has nothing more";
  return { arithmetic, compile: (emit) => during(() => new WebAssembly!.Module(emit().toBytes())) };
}

/**
 * Flags of V8 that compile kernels to faster code, by its version. They are the whole process's, and V8 may be optimising other modules on
 * other threads at the moment when they are set: so none is taken that V8 reads more than once while it compiles a function. (--no-liftoff
 * is one of those: set while another function is half compiled, it ends the process.)
 */

/** One flag, as turbo wants it and as V8 has it by itself. */
export interface Flag {
  readonly wanted: string;
  readonly usual: string;
}

/** What is asked of `process`. */
export interface NodeProcess {
  readonly versions: Readonly<Record<string, string | undefined>>;
  readonly execArgv?: readonly string[];
  readonly config?: { readonly variables?: Readonly<Record<string, unknown>> };
}

/** What is asked of `node:v8`. */
export interface V8 {
  setFlagsFromString(flag: string): void;
}

/**
 * All code from the optimising compiler, none left for the first call. The mask has a bit for each of a module's first 32 functions: hence
 * a module for each kernel (`WasmHostOptions.apart`).
 */
const OPTIMISED: readonly Flag[] = [
  { wanted: "--wasm-tier-mask-for-testing=-1", usual: "--wasm-tier-mask-for-testing=0" },
  { wanted: "--no-wasm-lazy-compilation", usual: "--wasm-lazy-compilation" },
];

/** Fused multiply-adds; on by itself from V8 11.4. */
const RELAXED: Flag = { wanted: "--experimental-wasm-relaxed-simd", usual: "--no-experimental-wasm-relaxed-simd" };

/** Neighbouring vectors of 128 bits as one of 256, on x64. V8 12.4 (Node 22) has the flag, but computes few kernels so. */
export const REVECTORISE: Flag = { wanted: "--experimental-wasm-revectorize", usual: "--no-experimental-wasm-revectorize" };

/** By V8's version, as `node --v8-options` lists them in Node 20, 24 and 26: of any other name stderr would have a complaint. */
const FLAGS: Readonly<Record<string, readonly Flag[]>> = {
  "11.3": [RELAXED, ...OPTIMISED],
  "13.6": [REVECTORISE, ...OPTIMISED],
  "14.6": [REVECTORISE, ...OPTIMISED],
};

/**
 * Deno and Bun have Node's names, Bun even its V8's version: they are told by their own.
 * @returns why there are none, for people to read, where that is so
 */
export function flagsOf({ versions, config }: NodeProcess): readonly Flag[] | string {
  const { v8 = "unknown", deno, bun } = versions;
  if (deno !== undefined || bun !== undefined || !v8.includes("-node.")) return "this host is not Node";
  const flags = FLAGS[v8.split(".", 2).join(".")];
  if (flags === undefined) return `V8 ${v8} is none of those whose flags are known (${Object.keys(FLAGS).join(", ")})`;
  if (flags.includes(REVECTORISE) && config?.variables?.v8_enable_wasm_simd256_revec !== 1) {
    return "this Node was built without vectors of 256 bits";
  }
  return flags;
}

/** As the process was started, or as V8 has it by itself. */
function before({ wanted, usual }: Flag, { execArgv = [] }: NodeProcess): string {
  return execArgv.map((each) => each.replaceAll("_", "-")).filter((each) => each === wanted || each === usual).at(-1) ?? usual;
}

/** Sets the flags while `work` runs. */
export function withFlags<T>({ setFlagsFromString }: V8, node: NodeProcess, flags: readonly Flag[], work: () => T): T {
  for (const { wanted } of flags) setFlagsFromString(wanted);
  try {
    return work();
  } finally {
    for (const flag of flags) setFlagsFromString(before(flag, node));
  }
}

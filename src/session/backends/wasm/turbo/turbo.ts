/**
 * Turbo: what V8 has and does not yet switch on by itself, on Node, where flags can be set while it runs. They are set for no longer than
 * a module takes to compile, and the module is optimised at once, so that nothing of it is compiled later without them.
 */
import { pairsVectors } from "../../../../../kernels/wasm/probe/vectors.ts";
import { probe } from "../../../../../kernels/wasm/probe/probe.ts";
import { builtin } from "../../../threads/builtin.ts";
import type { Arithmetic } from "../../numerics.ts";
import { REVECTORISE, flagsOf, withFlags } from "./v8-flags.ts";
import type { NodeProcess, V8 } from "./v8-flags.ts";
import type { CompileWasm } from "../executor.ts";

/** Kernels compiled with this version's flags. */
export interface Turbo {
  readonly arithmetic: Arithmetic;
  readonly compile: CompileWasm;
}

let known: Turbo | string | undefined;

/**
 * What turbo is on this host, found once.
 * @param fast the arithmetic of `fast` @returns why there is nothing to gain, for people to read, where that is so
 */
export function turbo(fast: Arithmetic): Turbo | string {
  return (known ??= find(fast));
}

function find(fast: Arithmetic): Turbo | string {
  const [v8, node] = [builtin("v8") as V8 | undefined, builtin("process") as NodeProcess | undefined];
  if (v8 === undefined || node === undefined) return "this host is not Node";
  const flags = flagsOf(node);
  if (typeof flags === "string") return flags;
  const { performance } = builtin("perf_hooks") as { readonly performance: { now(): number } };
  const during = <T>(work: () => T): T => withFlags(v8, node, flags, work);
  const arithmetic = during((): Arithmetic => {
    const wide = flags.includes(REVECTORISE) && pairsVectors(() => performance.now());
    const turbo = { ...fast, fma: probe().fusedMultiplyAdd, wide };
    return wide ? { ...turbo, tall: undefined, tuned: "" } : turbo;
  });
  if (arithmetic.fma === fast.fma && arithmetic.wide === fast.wide) return "this processor has nothing more";
  return { arithmetic, compile: (emit) => during(() => new WebAssembly!.Module(emit().toBytes())) };
}

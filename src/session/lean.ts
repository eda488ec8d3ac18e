/**
 * Sessions of few bytes, for programs that import this and not session.ts. On WebAssembly they are the same sessions, but that fast ones do
 * without Strassen's method. What has no kernel there, and hosts without it, have the textbook's kernels (kernels/reference), which are
 * slow; options that it does not know are left out; numerics "turbo" is fast, modules from `senet compile` are refused, and `compileSync`
 * has one thread.
 */
import { referenceInference } from "../../kernels/reference/inference.ts";
import type { Network } from "../graph/network.ts";
import type { Module } from "../nn/module.ts";
import { coreComputations } from "../operations/core.ts";
import type { Operations } from "./backends/operations.ts";
import { coreBindings } from "./backends/wasm/bindings/core.ts";
import { compileSyncWith, compileWith } from "./compile.ts";
import type { Capabilities } from "./backends/capabilities.ts";
import { poolThreads } from "./threads/threads.ts";
import type { CompileOptions } from "./compile.ts";
import type { Session } from "./inference-session.ts";

const operations: Operations = { kernels: referenceInference, computations: coreComputations, bindings: coreBindings };
const least: Capabilities = { operations };
const withThreads: Capabilities = { operations, threads: poolThreads };

/**
 * As `compile` of session.ts.
 * @example
 * const session = await compile(new Conv2d(1, 2, { kernel: 1 }), { input: [1, 1, 4, 4], threads: 1 });
 * session.run(Tensor.zeros([1, 1, 4, 4])).shape   // => [1,2,4,4]
 */
export function compile(source: Module | Network, options: CompileOptions = {}): Promise<Session> {
  return compileWith(withThreads, source, options);
}

/**
 * As `compileSync` of session.ts; a graph wants `fixedNetwork`.
 * @example
 * const session = compileSync(new Conv2d(1, 2, { kernel: 1 }), { input: [1, 1, 4, 4] });
 * session.run(Tensor.zeros([1, 1, 4, 4])).shape   // => [1,2,4,4]
 */
export function compileSync(source: Module | Network, options: CompileOptions = {}): Session {
  return compileSyncWith(least, source, options);
}

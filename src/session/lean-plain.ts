/**
 * The lean sessions (lean.ts) with the fast plain kernels in place of the textbook's: the same bits, for hosts without WebAssembly, where
 * the textbook is several times slower. A program that imports lean.ts does not load them.
 */
import { plainInference } from "../../kernels/plain/inference.ts";
import type { Network } from "../graph/network.ts";
import type { Module } from "../nn/module.ts";
import { coreComputations } from "../operations/core.ts";
import type { Capabilities } from "./backends/capabilities.ts";
import type { Operations } from "./backends/operations.ts";
import { coreBindings } from "./backends/wasm/bindings/core.ts";
import { compileSyncWith, compileWith } from "./compile.ts";
import type { CompileOptions } from "./compile.ts";
import type { Session } from "./inference-session.ts";
import { poolThreads } from "./threads/threads.ts";

const operations: Operations = { kernels: plainInference, computations: coreComputations, bindings: coreBindings };
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

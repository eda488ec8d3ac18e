/** Sessions of the page, with threads where it may have them; without turbo and given modules, which it has no use for. */
import type { Network } from "../../../src/graph/network.ts";
import type { Module } from "../../../src/nn/module.ts";
import { moduleOperations } from "../../../src/session/backends/module-operations.ts";
import { withPace } from "../../../src/session/backends/wasm/pace.ts";
import { compileWith } from "../../../src/session/compile.ts";
import type { CompileOptions } from "../../../src/session/compile.ts";
import type { Session } from "../../../src/session/inference-session.ts";
import { poolThreads } from "../../../src/session/threads/threads.ts";

/** As `compile` of src/session/session.ts. */
export function compile(source: Module | Network, options: CompileOptions): Promise<Session> {
  return compileWith({ operations: moduleOperations, threads: poolThreads, pace: withPace }, source, options);
}

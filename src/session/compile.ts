/** From a network and options to a session, with the capabilities that are given. */
import type { Network } from "../graph/network.ts";
import type { Module } from "../nn/module.ts";
import { atOnce, inTime } from "./backends/making.ts";
import type { Making } from "./backends/making.ts";
import { chosen } from "./backends/choose.ts";
import { withBrought } from "./backends/operations.ts";
import type { BackendOptions, Capabilities } from "./backends/capabilities.ts";
import { labelsOf } from "./backends/wasm/checks/verify.ts";
import { networkOf, sessionGraph, shapesOf } from "./optimise/session-graph.ts";
import type { GraphOptions } from "./optimise/session-graph.ts";
import { Session } from "./inference-session.ts";

/**
 * What `compile` may be told: which kernels, how exact, how many threads; the shapes of inputs, and what is observed or overridden.
 * @example
 * const options: CompileOptions = { input: [1, 4], numerics: "exact", kernels: "plain" };
 * compileSync(new Linear(4, 2), options).kernels   // => plain: asked for, one thread
 */
export interface CompileOptions extends BackendOptions, GraphOptions {}

function* making(capabilities: Capabilities, source: Module | Network, options: CompileOptions): Making<Session> {
  const { observe, override = [] } = options;
  const network = networkOf(source);
  const { graph, kept } = sessionGraph(network, shapesOf(network, options.input), observe, override);
  const operations = withBrought(capabilities.operations, network.operations);
  const backend = yield* chosen({ ...options, capabilities, operations, labels: labelsOf(graph, operations), graph, network });
  try {
    const overrides = new Map<string, Float32Array | undefined>(override.map((name) => [name, undefined]));
    const program = yield* backend.program({ graph, kept, overrides });
    return new Session({ network, backend, observed: new Set(observe), overrides, graph, program });
  } catch (error) {
    backend.release();
    throw error;
  }
}

/** `compile` with these capabilities. */
export async function compileWith(capabilities: Capabilities, source: Module | Network, options: CompileOptions): Promise<Session> {
  return inTime(making(capabilities, source, options));
}

/** `compileSync` with these capabilities. */
export function compileSyncWith(capabilities: Capabilities, source: Module | Network, options: CompileOptions): Session {
  return atOnce(making(capabilities, source, options));
}

/** Sessions with all that there is: every kind of numerics, threads, modules from files, the fast plain kernels. (lean.ts has less.) */
import type { Graph } from "../graph/graph.ts";
import type { Network } from "../graph/network.ts";
import type { Module } from "../nn/module.ts";
import type { Capabilities, OwnSessions, Wanted } from "./backends/capabilities.ts";
import { givenModules } from "./backends/wasm/modules/given.ts";
import { moduleOperations } from "./backends/module-operations.ts";
import { checkKnown, withBrought } from "./backends/operations.ts";
import { withPace } from "./backends/wasm/pace.ts";
import { withFastHere } from "./backends/wasm/fast.ts";
import { turboBackend } from "./backends/wasm/turbo/backend.ts";
import { smallFormats, smallSessions } from "./backends/wasm/small.ts";
import { check, oneOf } from "../checks.ts";
import { checkCompileOptions, checkInputOption } from "./check-options.ts";
import { compileSyncWith, compileWith } from "./compile.ts";
import type { CompileOptions } from "./compile.ts";
import type { Session } from "./inference-session.ts";
import { openedNetwork } from "./optimise/opened.ts";
import { poolThreads } from "./threads/threads.ts";

export { Session } from "./inference-session.ts";
export type { CompileOptions } from "./compile.ts";
export type { Named, RunOptions } from "./run-values.ts";

const all: Capabilities = {
  operations: moduleOperations, threads: poolThreads, turbo: turboBackend, fast: withFastHere, pace: withPace,
  modules: givenModules,
};

function opened(source: Module | Network | Graph, { input }: CompileOptions, { operations: own }: Capabilities): Network {
  const network = openedNetwork(source);
  checkInputOption(network, input);
  const known = withBrought(own, network.operations);
  return { ...network, lower: (shapes) => checkKnown(network.lower(shapes), known) };
}

/** Quantised networks bring their own, so that only programs with such a network load it. */
function whatFor(source: object, options: CompileOptions): readonly [Capabilities, CompileOptions & Pick<Wanted, "check">] {
  const { weights } = options;
  if (weights !== undefined) {
    check("compile", "weights", weights, oneOf(...smallFormats));
    if (options.module !== undefined) throw new RangeError(`compile: weights wants kernels of its own, and module has others`);
  }
  if (typeof source !== "object" || source === null || !("sessions" in source)) {
    if (weights === undefined) return [all, options];
    const { capabilities, ...own } = smallSessions(all, weights);
    return [capabilities, { ...options, ...own }];
  }
  if (weights !== undefined) {
    throw new RangeError("compile: weights is for networks of float32; those of a quantised one are bytes already");
  }
  const { capabilities, ...own } = source.sessions as OwnSessions;
  return [capabilities, { ...options, ...own }];
}

/**
 * Compiles a model, a network (an import) or a graph for inference, with as many threads as are asked for: by default the processor's
 * cores, at most 4, as far as the host has workers and memory to share; `session.kernels` says what came of it.
 * @throws TypeError for the wrong kind; RangeError where the model cannot take such an input, or an option makes no sense
 * @example
 * const session = await compile(createModel("se_resnet8", { classes: 3 }, 1), { input: [1, 3, 8, 8], threads: 1 });
 * session.run(Tensor.zeros([1, 3, 8, 8])).shape   // => [1,3]
 */
export async function compile(source: Module | Network | Graph, options: CompileOptions = {}): Promise<Session> {
  checkCompileOptions("compile", options);
  const [capabilities, asked] = whatFor(source, options);
  return compileWith(capabilities, opened(source, options, capabilities), asked);
}

/**
 * The same at once. It starts no workers, so the session has one thread, unless `compile` started some before.
 * @throws TypeError for the wrong kind; RangeError where the model cannot take such an input, or an option makes no sense
 * @example
 * const model = createModel("se_resnet8", { classes: 3 }, 1);
 * const session = compileSync(model, { input: [1, 3, 8, 8], numerics: "exact", observe: ["layer1.0.se.activation_2"] });
 * Object.keys(session.run({ input: Tensor.zeros([1, 3, 8, 8]) }))   // => ["output","layer1.0.se.activation_2"]
 */
export function compileSync(source: Module | Network | Graph, options: CompileOptions = {}): Session {
  checkCompileOptions("compileSync", options);
  const [capabilities, asked] = whatFor(source, options);
  return compileSyncWith(capabilities, opened(source, options, capabilities), asked);
}

/** What a training session asks of the backends: kernels that are checked forward and backward, no plain ones. */
import { allOperations } from "../backends/all-operations.ts";
import type { Capabilities, Wanted } from "../backends/capabilities.ts";
import { withPace } from "../backends/wasm/pace.ts";
import type { Trainee } from "../optimise/training-graph.ts";
import { poolThreads } from "../threads/threads.ts";
import { trainingCheck } from "./checks/verify.ts";
import type { TrainingOptions } from "./options.ts";
import { turboTraining } from "./turbo.ts";

const capabilities: Capabilities = { operations: allOperations, pace: withPace, threads: poolThreads };

/** @throws RangeError where plain kernels are asked for, or an operation has no gradient */
export function wanted(trainee: Trainee, options: TrainingOptions): Wanted {
  const { threads, kernels, pace, int8, numerics = int8 === undefined ? "fast" : "exact" } = options;
  if (kernels === "plain") {
    throw new RangeError("compile: training sessions want wasm kernels, and plain ones are asked for; the eager Trainer has those");
  }
  const { labels, run: check } = trainingCheck(trainee.graph, options);
  const asked = {
    ...(threads === undefined ? {} : { threads }), ...(kernels === undefined ? {} : { kernels }), ...(pace === undefined ? {} : { pace }),
  };
  const { operations } = capabilities;
  return { numerics, ...asked, labels, check, operations, capabilities: { ...capabilities, turbo: turboTraining(trainee, options) } };
}

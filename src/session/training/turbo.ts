/** Numerics "turbo" of training: turbo's kernels, each checked, and then the whole step on trial beside the usual ones. */
import type { Backend } from "../backends/backend.ts";
import type { Wanted } from "../backends/capabilities.ts";
import type { Making } from "../backends/making.ts";
import { WasmBackend } from "../backends/wasm/backend.ts";
import type { WasmBackendOptions } from "../backends/wasm/options.ts";
import { insteadOfTurbo, turboKernels } from "../backends/wasm/turbo/backend.ts";
import type { Trainee } from "../optimise/training-graph.ts";
import { stepFailure } from "./checks/trial.ts";
import type { TrainingOptions } from "./options.ts";

/** What makes the backend of this session. */
export function turboTraining(trainee: Trainee, options: TrainingOptions): (usual: WasmBackendOptions, wanted: Wanted) => Making<Backend> {
  return function* (usual, wanted) {
    const kernels = yield* turboKernels(usual, wanted);
    if (typeof kernels === "string") return insteadOfTurbo(usual, kernels);
    const tried = new WasmBackend({ ...usual, kernels });
    const failure = stepFailure(trainee, options, tried.executor, usual.kernels);
    if (failure === undefined) return tried;
    tried.release();
    return insteadOfTurbo(usual, failure);
  };
}

/** Training sessions on exact kernels, some of which are refused. */
import * as assert from "uvu/assert";
import type { Module } from "../../../src/nn/module.ts";
import type { Backend } from "../../../src/session/backends/backend.ts";
import { exactArithmetic } from "../../../src/session/backends/numerics.ts";
import { WasmExecutor } from "../../../src/session/backends/wasm/executor.ts";
import { traineeOf } from "../../../src/session/optimise/training-graph.ts";
import type { TrainingOptions } from "../../../src/session/training/options.ts";
import { TrainingSession } from "../../../src/session/training/training-session.ts";

function backendOf(refused: readonly string[]): Backend {
  const executor = new WasmExecutor({
    arithmetic: exactArithmetic, threads: 1, pool: undefined, refused: new Set(refused),
    compile: (emit) => new WebAssembly!.Module(emit().toBytes()),
  });
  const { memory } = executor;
  return {
    name: "wasm", reason: "a test's", executor, release: executor.release, refresh: () => memory.refresh(),
    program: () => assert.unreachable() as never,
  };
}

/** @param refused as executors refuse it: a kind, or "training KIND", or a task of training */
export function refusing(model: Module, options: TrainingOptions, refused: readonly string[]): TrainingSession {
  return new TrainingSession(traineeOf(model, options), options, backendOf(refused));
}

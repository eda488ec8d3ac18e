/** What sessions of quantised networks are made of: kernels of bytes, and only such of float32 as have the plain kernels' bits. */
import { ALL } from "../../../../kernels/wasm/assembler/opcodes-all.ts";
import { dots } from "../../../../kernels/wasm/probe/dots.ts";
import type { Dots } from "../../../../kernels/wasm/quantised/conv.ts";
import type { Kind } from "../../../graph/graph.ts";
import { quantisedComputations } from "../../../operations/quantised/index.ts";
import { allOperations } from "../all-operations.ts";
import type { Capabilities } from "../capabilities.ts";
import type { Operations } from "../operations.ts";
import { poolThreads } from "../../threads/threads.ts";
import { bindings } from "./bindings/index.ts";
import { quantisedBindings } from "./bindings/quantised.ts";
import { taken } from "./tuning.ts";

/** Kinds that only move numbers: all others of float32 are left to the plain kernels, so that bits are the same everywhere. */
const moves: readonly Kind[] = [
  "concat", "flatten", "channel_shuffle", "constant", "reshape", "transpose", "slice", "gather", "expand", "join",
];

export const byteOperations: Operations = {
  ...allOperations,
  computations: { ...allOperations.computations, ...quantisedComputations },
  bindings: { ...Object.fromEntries(moves.map((kind) => [kind, bindings[kind as keyof typeof bindings]])), ...quantisedBindings },
};

/** @param asked for tests; by default as a measurement of some milliseconds says. The bits are the same. */
export function byteCapabilities(asked?: Dots): Capabilities {
  return {
    operations: byteOperations,
    threads: poolThreads,
    pace(arithmetic) {
      const relaxedDots = (asked ?? taken(dots)) === "relaxed";
      return { ...arithmetic, instructions: ALL, relaxedDots, tuned: relaxedDots ? ", relaxed dots of bytes" : ", dots of 16 bits" };
    },
  };
}

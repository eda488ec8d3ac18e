/** What sessions of quantised networks are made of: kernels of bytes, and only such of float32 as have the plain kernels' bits. */
import { ALL } from "../../../../kernels/wasm/assembler/opcodes-all.ts";
import { probeDots } from "../../../../kernels/wasm/probe/dots.ts";
import type { Dots } from "../../../../kernels/wasm/quantised/conv.ts";
import type { Kind } from "../../../graph/graph.ts";
import { quantisedComputations } from "../../../operations/quantised/index.ts";
import { allOperations } from "../all-operations.ts";
import type { Capabilities } from "../capabilities.ts";
import type { Operations } from "../operations.ts";
import { poolThreads } from "../../threads/threads.ts";
import { bindings } from "./bindings/index.ts";
import { quantisedBindings } from "./bindings/quantised.ts";

/** Kinds that only move numbers: all others of float32 are left to the plain kernels, so that bits are the same everywhere. */
const moves: readonly Kind[] = [
  "concat", "flatten", "channel_shuffle", "constant", "reshape", "transpose", "slice", "gather", "expand", "join",
];

let known: Dots | undefined;

/** Found once a process. */
function fastestDots(): Dots {
  return (known ??= probeDots(typeof performance === "undefined" ? undefined : () => performance!.now()));
}

export const byteOperations: Operations = {
  ...allOperations,
  computations: { ...allOperations.computations, ...quantisedComputations },
  bindings: { ...Object.fromEntries(moves.map((kind) => [kind, bindings[kind as keyof typeof bindings]])), ...quantisedBindings },
};

/** @param dots for tests; by default as a measurement of some milliseconds says. The bits are the same. */
export function byteCapabilities(dots?: Dots): Capabilities {
  return {
    operations: byteOperations,
    threads: poolThreads,
    pace: (arithmetic) => ({ ...arithmetic, instructions: ALL, relaxedDots: (dots ?? fastestDots()) === "relaxed" }),
  };
}

/** What sessions of quantised networks are made of: kernels of bytes, and only such of float32 as have the plain kernels' bits. */
import { ALL } from "../../../../kernels/wasm/assembler/opcodes-all.ts";
import { dots } from "../../../../kernels/wasm/probe/dots.ts";
import type { Dots } from "../../../../kernels/wasm/quantised/conv.ts";
import { pointwiseKinds, rowKinds } from "../../../graph/operation.ts";
import type { PointwiseKind } from "../../../operations/general/pointwise.ts";
import type { RowKind } from "../../../operations/general/rows.ts";
import { quantisedComputations } from "../../../operations/quantised/index.ts";
import type { Capabilities } from "../capabilities.ts";
import { moduleOperations } from "../module-operations.ts";
import type { Operations } from "../operations.ts";
import { poolThreads } from "../../threads/threads.ts";
import type { Bindings } from "./bindings/binding.ts";
import { coreBindings } from "./bindings/core.ts";
import { moveBindings } from "./bindings/moves.ts";
import { quantisedBindings } from "./bindings/quantised.ts";
import { taken } from "./tuning.ts";

type FloatKind = PointwiseKind | RowKind;
/** Networks bring kernels for these; they are not taken. */
const plain = Object.fromEntries([...pointwiseKinds, ...rowKinds].map((kind) => [kind, "plain"])) as Record<FloatKind, "plain">;

/** Of float32 only what moves numbers has kernels: all else is left to the plain ones, so that bits are the same everywhere. */
const floatBindings: Pick<Bindings, "concat" | "flatten" | "channel_shuffle" | "constant" | "slice" | FloatKind> = {
  concat: coreBindings.concat, flatten: coreBindings.flatten, channel_shuffle: coreBindings.channel_shuffle,
  constant: moveBindings.constant, slice: moveBindings.slice,
  ...plain,
};

export const byteOperations: Operations = {
  ...moduleOperations,
  computations: { ...moduleOperations.computations, ...quantisedComputations },
  bindings: { ...floatBindings, ...quantisedBindings },
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

/** Which kernels a training step may use. */
import type { Kind } from "../../../graph/graph.ts";

/** What training has kernels for, besides operations. Sums are those of gradients. */
export type TrainingTask = "loss" | "sums" | "sgd" | "adamw" | "averages" | "clipping";

/** May these kernels be used: have they computed what they should? */
export type Trusts = (what: Kind | TrainingTask) => boolean;

/** Of an executor: kernels of an operation are used in training where those of inference have not failed either. */
export function trustsOf(executor: { trusts(what: string): boolean }): Trusts {
  return (what) => executor.trusts(what) && executor.trusts(`training ${what}`);
}

/** What workers are given to compute: a session's code and memory, and one of its runs. */
import type { Graph, Value } from "../../graph/graph.ts";
import type { HostWasmMemory, HostWasmModule } from "../../host-types.ts";
import type { PlacedMemory } from "../plan/plan.ts";
import type { Image } from "../plan/places.ts";

/** What workers must have of a session before they can run its programs. */
export interface SessionCode {
  readonly session: number;
  readonly memory: HostWasmMemory;
  /** One word of it each: what stands at STAGE_ADDRESS, and at LOST_ADDRESS. */
  readonly stage: Int32Array;
  readonly lost: Int32Array;
  /** In the order in which they were made; undefined for those that are of no use any more. */
  readonly modules: readonly (HostWasmModule | undefined)[];
}

/** A part of a memory. */
export interface Range {
  readonly address: number;
  readonly bytes: number;
}

/** A memory as far as it is copied. */
export interface CopiedMemory {
  /** What stays from run to run, the latest last. */
  readonly kept: readonly Range[];
  /** How often all of it was written anew. */
  readonly refreshes: number;
}

/** A run of a program, and where its values lie. */
export interface AsynchronousRun<T> {
  /** Of the functions that do it. */
  readonly names: readonly string[];
  /** Called on this thread when it is the run's turn. */
  readonly begin: () => void;
  /** Called on this thread when it is done; its result is the promise's. */
  readonly end: () => T;
  /** Does all that on this thread, where there is no worker. */
  readonly here: () => Promise<T>;
  readonly memory: CopiedMemory;
  readonly graph: Pick<Graph, "inputs" | "outputs">;
  /** Names of values that are readable afterwards. */
  readonly kept: ReadonlySet<string>;
  readonly images: ReadonlyMap<Value, Image>;
  /** Inputs and outputs as users see them. */
  readonly planar: ReadonlyMap<Value, Image>;
  readonly address: PlacedMemory["address"];
}

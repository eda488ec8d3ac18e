/** What a backend on WebAssembly is made of. */
import type { Copies } from "../../threads/copies.ts";
import type { Crew } from "../../threads/crew.ts";
import type { Operations } from "../operations.ts";
import type { WasmExecutorOptions } from "./executor.ts";

/** Kernels, and those of them that are never used, with what they got wrong. */
export interface CheckedKernels extends Pick<WasmExecutorOptions, "arithmetic" | "refused" | "compile" | "apart"> {
  readonly wrong: ReadonlyMap<string, string>;
}

export interface WasmBackendOptions extends Crew {
  readonly kernels: CheckedKernels;
  readonly operations: Operations;
  /** Who does asynchronous runs where there is one thread. */
  readonly copies?: Copies | undefined;
}

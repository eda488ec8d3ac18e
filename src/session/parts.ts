/** What sessions are put together from. Who imports a `compile` loads what that one names here, and no more: session.ts names all, lean.ts the least. */
import type { InferenceKernels } from "../../kernels/contract.ts";
import type { Backend, Wanted } from "./backend.ts";
import type { Arithmetic } from "./numerics.ts";
import type { Program } from "./program.ts";
import type { Pool } from "./threads/pool.ts";
import type { Trusted } from "./trial.ts";
import type { Turbo } from "./turbo.ts";
import type { WasmProgramOptions } from "./wasm-program.ts";

export interface SessionParts {
  /** What computes where WebAssembly does not, and knows the right answers. */
  readonly plain: InferenceKernels;
  /** Numerics "turbo"; where it is missing, fast takes its place. */
  readonly turbo?: TurboPart;
  /** Workers; where it is missing, one thread computes. */
  readonly threads?: ThreadsPart;
  /** Modules from `senet compile`; where it is missing, these are refused. */
  readonly modules?: ModulesPart;
}

export interface TurboPart {
  /** @param fast the arithmetic of `fast` @returns why there is nothing to gain, for people to read, where that is so */
  readonly find: (fast: Arithmetic) => Turbo | string;
  /** @returns which output of a program on trial differs from what trusted kernels compute, and by how much; undefined where all agree */
  readonly failure: (program: Program, options: WasmProgramOptions, trusted: Trusted) => string | undefined;
}

export interface ThreadsPart {
  /** The pool as it is; undefined where no worker has been started. */
  readonly warm: () => Pool | undefined;
  /** With at least so many workers. @throws Error where the host has no shared memory or no workers */
  readonly grow: (workers: number) => Promise<Pool>;
}

export interface ModulesPart {
  /** @throws TypeError, FormatError, RangeError or Error where the module is none, or none for this */
  readonly backendSync: (wanted: Wanted) => Backend;
  /** Starts workers first, where the module is for threads. */
  readonly backend: (wanted: Wanted) => Promise<Backend>;
}

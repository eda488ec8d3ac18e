/** What sessions are put together from, and what comes of it. Who imports a `compile` loads what that one names here, and no more: session.ts names all, lean.ts the least. */
import type { Graph } from "../../graph/graph.ts";
import type { ModuleUse } from "./wasm/modules/file.ts";
import type { Arithmetic, Numerics } from "./numerics.ts";
import type { Operations } from "./operations.ts";
import type { Program } from "./program.ts";
import type { Pool } from "../threads/pool.ts";
import type { Trusted } from "./wasm/checks/trial.ts";
import type { Turbo } from "./wasm/turbo/turbo.ts";
import type { WasmHost } from "./wasm/engine.ts";
import type { WasmProgramOptions } from "./wasm/program.ts";

/** `auto` is wasm where the host has it, otherwise plain. */
export type KernelChoice = "auto" | "wasm" | "plain";

export interface BackendOptions {
  readonly kernels?: KernelChoice;
  readonly numerics?: Numerics;
  readonly threads?: number;
  /**
   * Are loops of unfused products and sums held back (kernels/wasm/shared/pace.ts)? The same bits; a little faster on some processors, much slower on others.
   * By default as a measurement of some milliseconds says, once a process.
   */
  readonly pace?: boolean;
  /**
   * What `senet compile` wrote for this very use: a WebAssembly.Module, or its bytes as Uint8Array. Then nothing is compiled here (but the bytes),
   * which some hosts forbid; the session takes inputs of the module's shape only. Numerics and threads are the module's, unless given.
   */
  readonly module?: object | undefined;
}

/** With what the network has in it: `labelsOf` (verify.ts). */
export interface Wanted extends BackendOptions {
  readonly labels: ReadonlySet<string>;
  readonly parts: SessionParts;
  /** What a given module must be for. */
  readonly use?: Pick<ModuleUse, "model" | "observe" | "override"> & { readonly graph: Graph };
}

export interface Backend {
  /** Undefined for the plain kernels. */
  readonly host: WasmHost | undefined;
  /** For people to read, as `session.kernels`. */
  readonly why: string;
  /** Where kernels are on trial: what is wrong with a program of theirs, and what takes over then. */
  readonly trial?: { readonly failure: (program: Program, options: WasmProgramOptions) => string | undefined; readonly instead: (reason: string) => Backend };
  /** What makes a program; by default `wasmProgram`. */
  readonly program?: (options: WasmProgramOptions) => Program;
}

export interface SessionParts {
  readonly operations: Operations;
  /** Adds Strassen's method to the arithmetic of "fast" and "turbo" (strassen.ts); where it is missing, they do without. */
  readonly strassen?: (arithmetic: Arithmetic) => Arithmetic;
  /** Adds the pace where unfused kernels are faster with it on this host, or as is asked (pace.ts); where it is missing, they do without. */
  readonly pace?: (arithmetic: Arithmetic, asked: boolean | undefined) => Arithmetic;
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

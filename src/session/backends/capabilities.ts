/**
 * What the `compile` of a bundle can do. A program loads only what its `compile` names here: that of session.ts names everything, that of
 * lean.ts the least.
 */
import type { Tile } from "../../../kernels/wasm/probe/tiles.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Network } from "../../graph/network.ts";
import type { Backend } from "./backend.ts";
import type { Making } from "./making.ts";
import type { Arithmetic, Numerics } from "./numerics.ts";
import type { Operations } from "./operations.ts";
import type { Copies } from "../threads/copies.ts";
import type { Crew } from "../threads/crew.ts";
import type { WasmExecutor } from "./wasm/executor.ts";
import type { WasmBackendOptions } from "./wasm/options.ts";

/** `auto` is the first that the host has: wasm, else plain. */
export type KernelChoice = "auto" | "wasm" | "plain";

export interface BackendOptions {
  readonly kernels?: KernelChoice;
  readonly numerics?: Numerics;
  readonly threads?: number;
  /**
   * Are loops of unfused products and sums held back (kernels/wasm/shared/pace.ts)? The same bits; a little faster on some processors, much
   * slower on others. By default as a measurement of some milliseconds says, once a process.
   */
  readonly pace?: boolean;
  /**
   * Pixels by channels of the tiles that sums are held in: the same bits. By default as a measurement of some milliseconds says, once a
   * process, where products and sums are fused; else 2x16.
   */
  readonly tile?: Tile;
  /**
   * How weights are held on WebAssembly: as halves ("f16") or as bytes with a scale for each output channel ("int8"), a half or a quarter
   * of the memory; by default as they are. They are rounded to these, and nothing else is: sums stay float32.
   */
  readonly weights?: "f16" | "int8";
  /**
   * What `senet compile` wrote for this very use: its bytes, or a WebAssembly.Module. Then nothing is compiled here (but the bytes), which
   * some hosts forbid; the session takes inputs of the module's shape only. Numerics and threads are the module's, unless given. Damaged
   * bytes are refused; of a module that the host has compiled the code cannot be seen, only what it computes is checked.
   */
  readonly module?: object | undefined;
}

/** With what the network has in it: `labelsOf` (verify.ts). */
export interface Wanted extends BackendOptions {
  readonly labels: ReadonlySet<string>;
  readonly capabilities: Capabilities;
  /** Those of the capabilities, with what the network brings. */
  readonly operations: Operations;
  /**
   * What checks these labels, on an executor that trusts everything; by default verify.ts.
   * @returns what does not pass, as executors refuse it, and how
   */
  readonly check?: (labels: ReadonlySet<string>, executor: WasmExecutor, operations: Operations) => Making<ReadonlyMap<string, string>>;
  /** For inference: what a given module must be for. */
  readonly network?: Network;
  readonly graph?: Graph;
  readonly observe?: readonly string[];
  readonly override?: readonly string[];
}

/** What a `compile` can do; what is missing is done without, or refused. */
export interface Capabilities {
  readonly operations: Operations;
  /**
   * Adds Strassen's method and short activations to the arithmetic of "fast" and "turbo" (wasm/fast.ts), and to any the tiles that are
   * asked for or faster on this host; where it is missing, they do without.
   */
  readonly fast?: (arithmetic: Arithmetic, tile: Tile | undefined) => Arithmetic;
  /**
   * Adds the pace where unfused kernels are faster with it on this host, or as is asked (pace.ts); where it is missing, they do without.
   */
  readonly pace?: (arithmetic: Arithmetic, asked: boolean | undefined) => Arithmetic;
  /** Numerics "turbo", around the usual kernels (turbo/backend.ts); where it is missing, fast takes its place. */
  readonly turbo?: (usual: WasmBackendOptions, wanted: Wanted) => Making<Backend>;
  /** Workers; where it is missing, one thread computes. */
  readonly threads?: ThreadsCapability;
  /**
   * Modules from `senet compile`; where it is missing, these are refused.
   * @throws TypeError, FormatError, RangeError or Error where the module is none, or none for this
   */
  readonly modules?: (wanted: Wanted) => Making<Backend>;
}

/** What a network brings for its sessions, instead of what `compile` has: what is asked of the backend besides. */
export interface OwnSessions extends Pick<Wanted, "numerics" | "check"> {
  readonly capabilities: Capabilities;
}

export interface ThreadsCapability {
  /** @param threads that are wanted; by default as many as seem good */
  readonly crew: (threads: number | undefined) => Making<Crew>;
  /** A backend that goes on where workers end. @param made makes it with those that there are */
  readonly lasting: (crew: Crew, made: (crew: Crew) => Making<Backend>) => Making<Backend>;
  /** Who does the asynchronous runs of sessions with one thread. */
  readonly copies: Copies;
}

/**
 * What sessions compute on: the one interface of all families of kernels. A family is a folder here with a `BackendKind` (kind.ts), and
 * a line in choose.ts. One that computes around another (kernels on trial, modules from a file) is a `Backend` too.
 */
import type { Graph, Value } from "../../graph/graph.ts";
import type { Routine } from "../../operations/record.ts";
import type { Making } from "./making.ts";
import type { WasmExecutor } from "./wasm/executor.ts";

/** What a program is to compute. */
export interface ProgramRequest {
  readonly graph: Graph;
  /** Names of values that are readable after each run. */
  readonly kept: ReadonlySet<string>;
  /** Values of these names are written over, where the map has numbers for them, as soon as they are computed. */
  readonly overrides: ReadonlyMap<string, Float32Array | undefined>;
}

/** A graph of fixed shapes, bound to kernels. */
export interface Program {
  /** Copies an input in. */
  setInput(index: number, data: Float32Array): void;
  /** Computes on this thread, until it is done. @throws Error where only `runAsync` can */
  run(): void;
  /**
   * Computes while this thread goes on, where that can be.
   * @param begin called on this thread when it is the run's turn, to set inputs
   * @param end called on this thread when it is done; its result is the promise's
   */
  runAsync<T>(begin: () => void, end: () => T): Promise<T>;
  /** Copies an output, or a kept value, out, as the last run left it. */
  read(value: Value, into: Float32Array): void;
  /** Gives back what the program has of its own; it is not used again. */
  drop?(): void;
  /** Memory of activations, in bytes. */
  readonly arenaBytes: number;
  /** One line an operation, for `session.plan`. */
  readonly lines: readonly string[];
}

/** Kernels on this host for one session: weights, memory, and the programs that share them. */
export interface Backend {
  /** Of the family, as the option `kernels` has it. */
  readonly name: string;
  /** What it has of the host, and why no more: with the name, `session.kernels`. */
  readonly reason: string;
  /** @throws RangeError for what it has no memory for, or no kernels */
  program(request: ProgramRequest): Making<Program>;
  /** Takes the present values of the network's constants over, for all programs. */
  refresh(): void;
  /** Gives everything back; to be called once, when nothing runs any more. */
  release(): void;
  /** To be called once a session was collected that did not `release`; holds nothing of the session. */
  readonly collected?: (() => void) | undefined;
  /** Where a worker was lost: another executor takes over, with those that are left. */
  recover?(): void;
  /** Where programs that train can be planned. */
  readonly executor?: WasmExecutor | undefined;
}

/** Milliseconds that a thread computes before others have their turns. */
const TURN = 10;

/** Timers, signals and events that are due come first; on hosts that have none this one goes on at once. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => void (typeof setTimeout === "function" ? setTimeout(resolve, 0) : resolve()));
}

/** Computes on this thread, for programs that no other thread can compute; before and between its routines others have their turns. */
export async function onThisThread<T>(routines: readonly Routine[], begin: () => void, end: () => T): Promise<T> {
  await nextTurn();
  begin();
  let until = Date.now() + TURN;
  for (const routine of routines) {
    routine();
    if (Date.now() < until) continue;
    await nextTurn();
    until = Date.now() + TURN;
  }
  return end();
}

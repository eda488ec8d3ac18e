/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Sessions: a model compiled for inference. The tree is lowered to a graph, the graph optimised, its memory planned once, and every
 * operation bound to a kernel. A session answers for any batch and image size: each gets a program of its own on first use, all share
 * the weights.
 */
import { PlainConstants, plainProgram } from "./backends/plain/program.ts";
import { modelTitle } from "../nn/lower.ts";
import type { Module } from "../nn/module.ts";
import type { Graph } from "../graph/graph.ts";
import { didYouMean, show } from "../errors.ts";
import { Tensor, isDouble, showShape, sizeOf } from "../tensor.ts";
import type { Shape } from "../tensor.ts";
import { allOperations } from "./backends/all-operations.ts";
import { backend, backendSync } from "./backends/choose.ts";
import { givenModules } from "./backends/wasm/modules/given.ts";
import type { Backend, BackendOptions, SessionParts, Wanted } from "./backends/parts.ts";
import type { Program } from "./backends/program.ts";
import { sessionGraph, valueOf } from "./optimise/session-graph.ts";
import type { GraphOptions } from "./optimise/session-graph.ts";
import { growPool, warmPool } from "./threads/pool.ts";
import { trialFailure } from "./backends/wasm/checks/trial.ts";
import { turbo } from "./backends/wasm/turbo/turbo.ts";
import type { WasmHost } from "./backends/wasm/engine.ts";
import { labelsOf } from "./backends/wasm/checks/verify.ts";
import { wasmProgram } from "./backends/wasm/program.ts";
import { withPace } from "./backends/wasm/pace.ts";
import { withStrassen } from "./backends/wasm/strassen.ts";

export interface CompileOptions extends BackendOptions, GraphOptions {}

/** Arrays for outputs, instead of new ones. */
export interface RunOptions<Into> {
  readonly into?: Into;
}

/** Values by name: `input` and overridden values go in, `output` and observed values come out. */
export type Named<T> = Readonly<Record<string, T>>;

/** How many input shapes keep their programs at the same time; the one unused for longest is dropped. */
const mostPrograms = 4;

interface Compiled {
  readonly graph: Graph;
  readonly program: Program;
}

/** A run that was checked: nothing in it can fail any more for what the caller gave. */
interface Prepared {
  readonly compiled: Compiled;
  begin(): void;
  end(): Record<string, Tensor<Float32Array>>;
}

export class Session implements Disposable {
  readonly #model: Module;
  readonly #operations: SessionParts["operations"];
  readonly #observed: ReadonlySet<string>;
  readonly #overrides = new Map<string, Float32Array | undefined>();
  readonly #constants = new PlainConstants();
  #programs: Map<string, Compiled> | undefined = new Map();
  #latest: Compiled | undefined;
  #ran = false;
  /** Runs that workers do at present. */
  #pending = 0;
  #running: Promise<unknown> = Promise.resolve();
  #backend: Backend;

  /** Sessions are made by `compile` and `compileSync`. @param parts the operations it knows */
  constructor(model: Module, options: CompileOptions, backend: Backend, { operations }: Pick<SessionParts, "operations">) {
    this.#model = model;
    this.#operations = operations;
    this.#observed = new Set(options.observe ?? []);
    for (const name of options.override ?? []) this.#overrides.set(name, undefined);
    this.#backend = this.#registered(backend);
    try {
      this.#latest = this.#compiled(options.input);
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  #registered(backend: Backend): Backend {
    backend.host?.releaseWith(this);
    return backend;
  }

  #release(): void {
    this.#host?.release();
  }

  get #host(): WasmHost | undefined {
    return this.#backend.host;
  }

  /** Which kernels run, and why. */
  get kernels(): string {
    return this.#backend.why;
  }

  /**
   * Runs the network on x, of any batch and image size that it can take.
   * @param into receives the output instead of a new array; it must have its length
   * @throws RangeError for a shape that the network cannot take; TypeError for another precision; then nothing has changed
   */
  run(x: Tensor<Float32Array>, options?: RunOptions<Float32Array>): Tensor<Float32Array>;
  /** The same with `{ input: x }` and values for any of the names in `override`; gives `output` and every value in `observe`. */
  run(x: Named<Tensor<Float32Array>>, options?: RunOptions<Named<Float32Array>>): Record<string, Tensor<Float32Array>>;
  run(x: Tensor<Float32Array> | Named<Tensor<Float32Array>>, options: RunOptions<Float32Array | Named<Float32Array>> = {}): unknown {
    this.#idle("run");
    const run = this.#prepare("run", x, options);
    run.begin();
    run.compiled.program.run();
    const outputs = run.end();
    return x instanceof Tensor ? outputs.output : outputs;
  }

  /**
   * The same, computed by workers while this thread goes on; on hosts without workers, or for a program with steps in JavaScript, by this
   * thread. Several runs are done one after the other; each reads its inputs when it begins, so leave them as they are until it has ended.
   */
  runAsync(x: Tensor<Float32Array>, options?: RunOptions<Float32Array>): Promise<Tensor<Float32Array>>;
  runAsync(x: Named<Tensor<Float32Array>>, options?: RunOptions<Named<Float32Array>>): Promise<Record<string, Tensor<Float32Array>>>;
  async runAsync(x: Tensor<Float32Array> | Named<Tensor<Float32Array>>, options: RunOptions<Float32Array | Named<Float32Array>> = {}): Promise<unknown> {
    // A program that is new and on trial is run at once, in the memory in which workers may be at work.
    while (this.#backend.trial !== undefined && this.#pending > 0) await this.#running;
    const run = this.#prepare("runAsync", x, options);
    const { parts } = run.compiled.program;
    this.#pending++;
    try {
      const working = parts === undefined ? undefined : this.#host?.runAsync(parts, run.begin, run.end);
      this.#running = Promise.allSettled([working]);
      if (working === undefined) {
        run.begin();
        run.compiled.program.run();
      }
      const outputs = working === undefined ? run.end() : await working;
      return x instanceof Tensor ? outputs.output : outputs;
    } finally {
      this.#pending--;
      if (this.#pending === 0 && this.#programs === undefined) this.#release();
    }
  }

  /** A value named in `observe`, as the last run left it. @throws RangeError for a name that is not observed; Error before the first run */
  observed(name: string): Tensor<Float32Array> {
    if (!this.#observed.has(name)) {
      throw new RangeError(`session.observed: "${name}" is not observed${didYouMean(name, this.#observed)}; compile with observe: ["${name}"]`);
    }
    this.#idle("observed");
    const latest = this.#open();
    if (!this.#ran) throw new Error("session.observed: nothing has run yet");
    return this.#read(latest, name);
  }

  /** Takes changed parameters of the model over. */
  refresh(): void {
    this.#open();
    this.#idle("refresh");
    this.#host?.memory.refresh();
    for (const { program } of this.#programs!.values()) program.refresh();
  }

  /** Memory of activations of the largest program, in bytes. */
  get arenaBytes(): number {
    this.#open();
    return Math.max(...[...this.#programs!.values()].map(({ program }) => program.arenaBytes));
  }

  /** The steps of the latest run's program, one a line: operation, shape, kernel, name. */
  get plan(): string {
    return this.#open().program.lines.join("\n");
  }

  /** Frees everything at once. Not needed for correctness: a session that is dropped is collected. */
  close(): void {
    if (this.#programs === undefined) return;
    this.#programs = undefined;
    this.#latest = undefined;
    if (this.#pending === 0) this.#release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #open(): Compiled {
    if (this.#latest === undefined) throw new Error("session: it is closed");
    return this.#latest;
  }

  /** @throws Error while workers compute in the session's memory */
  #idle(method: string): void {
    if (this.#pending > 0) throw new Error(`session.${method}: an asynchronous run is under way; await it first`);
  }

  #read({ graph, program }: Compiled, name: string, into?: Float32Array): Tensor<Float32Array> {
    const value = valueOf(graph, name)!;
    const data = into ?? new Float32Array(sizeOf(value.shape));
    program.read(value, data);
    return new Tensor(data, value.shape);
  }

  /** Checks all that goes in and comes out. */
  #prepare(method: string, x: Tensor<Float32Array> | Named<Tensor<Float32Array>>, options: RunOptions<Float32Array | Named<Float32Array>>): Prepared {
    const at = `session.${method}`;
    const inputs = x instanceof Tensor ? { input: x } : x;
    if (typeof inputs !== "object" || inputs === null || !(inputs.input instanceof Tensor) || isDouble(inputs.input.data)) {
      throw new TypeError(`${at}: x wants a Tensor of Float32Array, or an object with such a Tensor as input; got ${show(inputs)}`);
    }
    const compiled = this.#compiled(inputs.input.shape);
    const { graph, program } = compiled;
    for (const [name, tensor] of Object.entries(inputs)) {
      if (name === "input") continue;
      if (!this.#overrides.has(name)) throw new RangeError(`${at}: "${name}" is no input${didYouMean(name, ["input", ...this.#overrides.keys()])}; compile with override: ["${name}"]`);
      const { shape } = valueOf(graph, name)!;
      if (!(tensor instanceof Tensor) || isDouble(tensor.data)) throw new TypeError(`${at}: ${name} wants a Tensor of Float32Array, got ${show(tensor)}`);
      if (tensor.shape.join() !== shape.join()) throw new RangeError(`${at}: ${name} wants shape ${showShape(shape)}, got ${showShape(tensor.shape)}`);
    }
    const [output] = graph.outputs;
    const into: Named<Float32Array> = options.into === undefined ? {} : options.into instanceof Float32Array ? { output: options.into } : options.into;
    for (const [name, data] of Object.entries(into)) {
      if (name !== "output" && !this.#observed.has(name)) throw new RangeError(`${at}: into names "${name}", which is no output${didYouMean(name, ["output", ...this.#observed])}`);
      const { shape } = name === "output" ? output : valueOf(graph, name)!;
      if (!(data instanceof Float32Array)) throw new TypeError(`${at}: into wants a Float32Array, got ${show(data)}`);
      if (data.length !== sizeOf(shape)) throw new RangeError(`${at}: into wants ${sizeOf(shape)} elements for an output of shape ${showShape(shape)}, got ${data.length}`);
    }
    return {
      compiled,
      begin: () => {
        program.setInput(0, inputs.input.data);
        for (const name of this.#overrides.keys()) this.#overrides.set(name, inputs[name]?.data);
      },
      end: () => {
        this.#latest = this.#programs === undefined ? undefined : compiled;
        this.#ran = true;
        const data = into.output ?? new Float32Array(sizeOf(output.shape));
        program.read(output, data);
        const outputs: Record<string, Tensor<Float32Array>> = { output: new Tensor(data, output.shape) };
        if (!(x instanceof Tensor)) for (const name of this.#observed) outputs[name] = this.#read(compiled, name, into[name]);
        return outputs;
      },
    };
  }

  #compiled(input: Shape): Compiled {
    if (this.#programs === undefined) throw new Error("session: it is closed");
    const key = input.join();
    const found = this.#programs.get(key);
    if (found !== undefined) {
      // Again the latest, in the map's order of insertion.
      this.#programs.delete(key);
      this.#programs.set(key, found);
      return found;
    }
    const { graph, kept } = sessionGraph(this.#model, { input, observe: [...this.#observed], override: [...this.#overrides.keys()] });
    const compiled = { graph, program: this.#program(graph, kept) };
    this.#programs.set(key, compiled);
    if (this.#programs.size > mostPrograms) this.#programs.delete(this.#programs.keys().next().value!);
    return compiled;
  }

  #program(graph: Graph, kept: ReadonlySet<string>): Program {
    const { host, trial, program: make = wasmProgram } = this.#backend;
    const options = { graph, operations: this.#operations, kept, constants: this.#constants, overrides: this.#overrides };
    if (host === undefined) return plainProgram(options);
    const undo = host.memory.mark();
    try {
      const program = make({ ...options, host });
      if (trial === undefined) return program;
      for (const name of this.#overrides.keys()) this.#overrides.set(name, undefined);
      const failure = trial.failure(program, { ...options, host });
      if (failure === undefined) return program;
      this.#programs?.clear();
      this.#release();
      this.#backend = this.#registered(trial.instead(failure));
    } catch (error) {
      undo();
      throw error;
    }
    return this.#program(graph, kept);
  }
}

/** What the network has in it, as its first program will have it, and what it is for. */
function wanted(model: Module, options: CompileOptions, parts: SessionParts): Wanted {
  const { input, observe = [], override = [] } = options;
  return { ...options, parts, labels: labelsOf(sessionGraph(model, options).graph, parts.operations), use: { model: modelTitle(model), input, observe, override } };
}

/** `compile` of these parts. */
export async function compileWith(parts: SessionParts, model: Module, options: CompileOptions): Promise<Session> {
  return new Session(model, options, await backend(wanted(model, options, parts)), parts);
}

/** `compileSync` of these parts. */
export function compileSyncWith(parts: SessionParts, model: Module, options: CompileOptions): Session {
  return new Session(model, options, backendSync(wanted(model, options, parts)), parts);
}

const all: SessionParts = { operations: allOperations, threads: { warm: warmPool, grow: growPool }, turbo: { find: turbo, failure: trialFailure }, strassen: withStrassen, pace: withPace, modules: givenModules };

/**
 * Compiles a model for inference, with as many threads as are asked for: by default the processor's cores, at most 4, as far as the host has
 * workers and memory to share; `session.kernels` says what came of it.
 * @throws RangeError where the model cannot take such an input, or an option makes no sense
 */
export function compile(model: Module, options: CompileOptions): Promise<Session> {
  return compileWith(all, model, options);
}

/**
 * The same at once. It starts no workers, so the session has one thread, unless `compile` started some before.
 * @throws RangeError where the model cannot take such an input, or an option makes no sense
 */
export function compileSync(model: Module, options: CompileOptions): Session {
  return compileSyncWith(all, model, options);
}

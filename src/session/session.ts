/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Sessions: a model compiled for inference. The tree is lowered to a graph, the graph optimised, its memory planned once, and every
 * operation bound to a kernel. A session answers for any batch and image size: each gets a program of its own on first use, all share
 * the weights.
 */
import { PlainConstants, plainProgram } from "./backends/plain/program.ts";
import type { Module } from "../nn/module.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { fixedNetwork } from "../graph/network.ts";
import type { Network } from "../graph/network.ts";
import { didYouMean, show } from "../errors.ts";
import { Tensor, isDouble, sameShape, showShape, sizeOf } from "../tensor.ts";
import type { Shape } from "../tensor.ts";
import { allOperations } from "./backends/all-operations.ts";
import { backend, backendSync } from "./backends/choose.ts";
import { givenModules } from "./backends/wasm/modules/given.ts";
import type { Backend, BackendOptions, SessionParts, Wanted } from "./backends/parts.ts";
import type { Program } from "./backends/program.ts";
import { networkOf, sessionGraph, shapesOf, valueOf } from "./optimise/session-graph.ts";
import type { GraphOptions, SessionGraph } from "./optimise/session-graph.ts";
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

/** Values by name: inputs and overridden values go in, outputs and observed values come out. A model has one `input` and one `output`, a graph its own names. */
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
  readonly #network: Network;
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
  constructor(network: Network, options: CompileOptions, first: SessionGraph, backend: Backend, { operations }: Pick<SessionParts, "operations">) {
    this.#network = network;
    this.#operations = operations;
    this.#observed = new Set(options.observe ?? []);
    for (const name of options.override ?? []) this.#overrides.set(name, undefined);
    this.#backend = this.#registered(backend);
    try {
      this.#latest = this.#compiled(first);
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
   * Runs a network of one input and one output on x, of any batch and image size that it can take.
   * @param into receives the output instead of a new array; it must have its length
   * @throws RangeError for a shape that the network cannot take; TypeError for another precision; then nothing has changed
   */
  run(x: Tensor<Float32Array>, options?: RunOptions<Float32Array>): Tensor<Float32Array>;
  /** The same with every input by its name (`{ input: x }`), and values for any of the names in `override`; gives every output and every value in `observe`. */
  run(x: Named<Tensor<Float32Array>>, options?: RunOptions<Named<Float32Array>>): Record<string, Tensor<Float32Array>>;
  run(x: Tensor<Float32Array> | Named<Tensor<Float32Array>>, options: RunOptions<Float32Array | Named<Float32Array>> = {}): unknown {
    this.#idle("run");
    const run = this.#prepare("run", x, options);
    run.begin();
    run.compiled.program.run();
    const outputs = run.end();
    return x instanceof Tensor ? outputs[this.#network.outputs[0]] : outputs;
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
      return x instanceof Tensor ? outputs[this.#network.outputs[0]] : outputs;
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
    return read(latest.program, valueOf(latest.graph, name)!);
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

  /** Checks all that goes in and comes out. */
  #prepare(method: string, x: Tensor<Float32Array> | Named<Tensor<Float32Array>>, options: RunOptions<Float32Array | Named<Float32Array>>): Prepared {
    const at = `session.${method}`;
    const [ins, outs] = [this.#network.inputs.map(({ name }) => name), this.#network.outputs];
    const lone = x instanceof Tensor;
    if (lone && ins.length + outs.length > 2) throw new RangeError(`${at}: x wants { ${ins.map((name) => `${name}: Tensor`).join(", ")} }: there are ${ins.length} inputs and ${outs.length} outputs, which have names`);
    const inputs = lone ? { [ins[0]]: x } : x;
    if (typeof inputs !== "object" || inputs === null || Array.isArray(inputs)) throw new TypeError(`${at}: x wants a Tensor of Float32Array, or an object with such a Tensor as ${ins.join(", ")}; got ${show(inputs)}`);
    const known = [...ins, ...this.#overrides.keys()];
    for (const [name, tensor] of [...ins.map((name) => [name, inputs[name]] as const), ...Object.entries(inputs)]) {
      if (!known.includes(name)) throw new RangeError(`${at}: "${name}" is no input${didYouMean(name, known)}; compile with override: ["${name}"]`);
      if (!(tensor instanceof Tensor) || isDouble(tensor.data)) throw new TypeError(`${at}: ${lone ? "x" : name} wants a Tensor of Float32Array, got ${show(tensor)}`);
    }
    const compiled = this.#compiled(ins.map((name) => inputs[name].shape));
    const { graph, program } = compiled;
    const values = new Map(outs.map((name, i) => [name, graph.outputs[i]]));
    for (const [name, tensor] of Object.entries(inputs)) {
      const value = this.#overrides.has(name) ? valueOf(graph, name) : undefined;
      if (value !== undefined && !sameShape(tensor.shape, value.shape)) throw new RangeError(`${at}: ${name} wants shape ${showShape(value.shape)}, got ${showShape(tensor.shape)}`);
    }
    if (!lone) for (const name of this.#observed) if (!values.has(name)) values.set(name, valueOf(graph, name)!);
    const into: Named<Float32Array> = options.into === undefined ? {} : options.into instanceof Float32Array ? { [outs[0]]: options.into } : options.into;
    for (const [name, data] of Object.entries(into)) {
      const value = values.get(name);
      if (value === undefined) throw new RangeError(`${at}: into names "${name}", which is no output${didYouMean(name, values.keys())}`);
      const { shape } = value;
      if (!(data instanceof Float32Array)) throw new TypeError(`${at}: into wants a Float32Array, got ${show(data)}`);
      if (data.length !== sizeOf(shape)) throw new RangeError(`${at}: into wants ${sizeOf(shape)} elements for an output of shape ${showShape(shape)}, got ${data.length}`);
    }
    return {
      compiled,
      begin: () => {
        ins.forEach((name, i) => program.setInput(i, inputs[name].data));
        for (const name of this.#overrides.keys()) this.#overrides.set(name, inputs[name]?.data);
      },
      end: () => {
        this.#latest = this.#programs === undefined ? undefined : compiled;
        this.#ran = true;
        const outputs: Record<string, Tensor<Float32Array>> = {};
        for (const [name, value] of values) outputs[name] = read(program, value, into[name]);
        return outputs;
      },
    };
  }

  /** @param wanted shapes of the inputs in their order, or the graph for these */
  #compiled(wanted: readonly Shape[] | SessionGraph): Compiled {
    if (this.#programs === undefined) throw new Error("session: it is closed");
    const shapes = "graph" in wanted ? wanted.graph.inputs.map(({ shape }) => shape) : wanted;
    const key = shapes.join(";");
    const found = this.#programs.get(key);
    if (found !== undefined) {
      // Again the latest, in the map's order of insertion.
      this.#programs.delete(key);
      this.#programs.set(key, found);
      return found;
    }
    const named = Object.fromEntries(this.#network.inputs.map(({ name }, i) => [name, shapes[i]]));
    const { graph, kept } = "graph" in wanted ? wanted : sessionGraph(this.#network, named, [...this.#observed], [...this.#overrides.keys()]);
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

function read(program: Program, value: Value, into: Float32Array = new Float32Array(sizeOf(value.shape))): Tensor<Float32Array> {
  program.read(value, into);
  return new Tensor(into, value.shape);
}

/** What a session is made of, but for its backend. */
interface Begun {
  readonly network: Network;
  readonly options: CompileOptions;
  readonly first: SessionGraph;
  readonly wanted: Wanted;
}

function begin(parts: SessionParts, source: Module | Network, options: CompileOptions): Begun {
  const { observe = [], override = [] } = options;
  const network = networkOf(source);
  const first = sessionGraph(network, shapesOf(network, options.input), observe, override);
  return { network, options, first, wanted: { ...options, parts, labels: labelsOf(first.graph, parts.operations), use: { model: network.title, graph: first.graph, observe, override } } };
}

/** `compile` of these parts. */
export async function compileWith(parts: SessionParts, source: Module | Network, options: CompileOptions): Promise<Session> {
  const { network, first, wanted } = begin(parts, source, options);
  return new Session(network, options, first, await backend(wanted), parts);
}

/** `compileSync` of these parts. */
export function compileSyncWith(parts: SessionParts, source: Module | Network, options: CompileOptions): Session {
  const { network, first, wanted } = begin(parts, source, options);
  return new Session(network, options, first, backendSync(wanted), parts);
}

const all: SessionParts = { operations: allOperations, threads: { warm: warmPool, grow: growPool }, turbo: { find: turbo, failure: trialFailure }, strassen: withStrassen, pace: withPace, modules: givenModules };

/** A graph is a network for its own shapes only. */
function opened(source: Module | Network | Graph): Module | Network {
  return typeof source === "object" && source !== null && "nodes" in source ? fixedNetwork(source) : source;
}

/**
 * Compiles a model, a network (an import) or a graph for inference, with as many threads as are asked for: by default the processor's cores, at most 4, as
 * far as the host has workers and memory to share; `session.kernels` says what came of it.
 * @throws TypeError for the wrong kind; RangeError where the model cannot take such an input, or an option makes no sense
 */
export async function compile(source: Module | Network | Graph, options: CompileOptions = {}): Promise<Session> {
  return compileWith(all, opened(source), options);
}

/**
 * The same at once. It starts no workers, so the session has one thread, unless `compile` started some before.
 * @throws TypeError for the wrong kind; RangeError where the model cannot take such an input, or an option makes no sense
 */
export function compileSync(source: Module | Network | Graph, options: CompileOptions = {}): Session {
  return compileSyncWith(all, opened(source), options);
}

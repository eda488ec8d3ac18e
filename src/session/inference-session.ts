/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Sessions: a network compiled for inference. It is lowered to a graph, the graph optimised, its memory planned once, and every
 * operation bound to a kernel. A session answers for any batch and image size: each gets a program of its own on first use, all share
 * the weights.
 */
import { didYouMean, show } from "../errors.ts";
import type { Graph, Value } from "../graph/graph.ts";
import type { Network } from "../graph/network.ts";
import { Tensor, sizeOf } from "../tensor.ts";
import type { Shape } from "../tensor.ts";
import { atOnce, inTime } from "./backends/making.ts";
import type { Backend, Program } from "./backends/backend.ts";
import type { Making } from "./backends/making.ts";
import { whenDropped } from "./backends/dropped.ts";
import { sessionGraph, valueOf } from "./optimise/session-graph.ts";
import { checkInputs, checkInto, checkOverride } from "./run-values.ts";
import type { Input, Named, RunOptions } from "./run-values.ts";

/** How many input shapes keep their programs at the same time; the one unused for longest is dropped. */
const MOST_PROGRAMS = 4;

type Overrides = Map<string, Float32Array | undefined>;

interface Compiled {
  readonly graph: Graph;
  readonly program: Program;
}

/** What a session begins with. */
export interface SessionStart extends Compiled {
  readonly network: Network;
  readonly backend: Backend;
  readonly observed: ReadonlySet<string>;
  /** By the names of the values: what the first program asks for them. */
  readonly overrides: Overrides;
}

/** A run whose inputs were checked. */
interface Asked {
  readonly at: string;
  readonly inputs: Named<Input>;
  /** Of the inputs in their order. */
  readonly shapes: readonly Shape[];
  readonly lone: boolean;
  readonly into: Float32Array | Named<Float32Array> | undefined;
}

type Outputs = Record<string, Tensor<Float32Array>>;

/** A run that was checked: nothing in it can fail any more for what the caller gave. */
interface Prepared {
  readonly program: Program;
  begin(): void;
  end(): Outputs;
}

/**
 * A network compiled for inference, made by `compile` or `compileSync`. `run` takes tensors in the shapes that the network was compiled for
 * or others that fit (another batch, another image size), and returns copies of the outputs. `close` gives its memory back at once.
 * @example
 * const session: Session = compileSync(createModel("se_resnet8", { classes: 3 }, 1), { input: [1, 3, 8, 8] });
 * session.run(Tensor.zeros([1, 3, 8, 8])).shape   // => [1,3]
 * session.close();
 */
export class Session implements Disposable {
  readonly #network: Network;
  readonly #backend: Backend;
  readonly #observed: ReadonlySet<string>;
  readonly #overrides: Overrides;
  /** By input shapes, the latest last. */
  readonly #programs: Map<string, Compiled>;
  /** Undefined once the session is closed. */
  #latest: Compiled | undefined;
  #ran = false;
  /** Asynchronous runs that are under way, and when they are over. */
  #pending = 0;
  #running: Promise<unknown> = Promise.resolve();
  readonly #released: () => void;

  /** Sessions are made by `compile` and `compileSync`. */
  constructor({ network, backend, observed, overrides, graph, program }: SessionStart) {
    this.#network = network;
    this.#backend = backend;
    this.#observed = observed;
    this.#overrides = overrides;
    this.#latest = { graph, program };
    this.#programs = new Map([[keyOf(graph.inputs.map(({ shape }) => shape)), this.#latest]]);
    this.#released = whenDropped(this, backend.collected);
  }

  /** Which kernels run, and why. */
  get kernels(): string {
    return `${this.#backend.name}: ${this.#backend.reason}`;
  }

  /**
   * Runs a network of one input and one output on x, of any batch and image size that it can take.
   * @param into receives the output instead of a new array; it must have its length
   * @throws RangeError for a shape that the network cannot take; TypeError for another precision; then nothing has changed
   */
  run(x: Input, options?: RunOptions<Float32Array>): Tensor<Float32Array>;
  /**
   * The same with every input by its name (`{ input: x }`), and values for any of the names in `override`; gives every output and every
   * value in `observe`.
   */
  run(x: Named<Input>, options?: RunOptions<Named<Float32Array>>): Outputs;
  run(x: Input | Named<Input>, options: RunOptions<Float32Array | Named<Float32Array>> = {}): unknown {
    this.#idle("run");
    const asked = this.#asked("run", x, options);
    const { program, begin, end } = this.#prepared(atOnce(this.#compiled(asked.shapes)), asked);
    begin();
    program.run();
    return this.#result(asked, end());
  }

  /**
   * The same, computed by workers while this thread goes on: by the session's, or for one thread by a worker that has a copy of its memory.
   * On hosts without workers (`kernels` says so then), on the plain kernels, and for a program with routines in JavaScript this
   * thread computes, and others have their turns between them. Several runs are done one after the other; each reads its inputs when it
   * begins, so leave them as they are until it has ended.
   * @throws (as a rejection) as `run`; Error where a worker ends in the middle, and then the next run goes on without it
   */
  runAsync(x: Input, options?: RunOptions<Float32Array>): Promise<Tensor<Float32Array>>;
  runAsync(x: Named<Input>, options?: RunOptions<Named<Float32Array>>): Promise<Outputs>;
  async runAsync(x: Input | Named<Input>, options: RunOptions<Float32Array | Named<Float32Array>> = {}): Promise<unknown> {
    const asked = this.#asked("runAsync", x, options);
    const before = this.#running;
    const run = async (): Promise<Outputs> => {
      // It makes its program, and computes, in the memory in which others may be at work.
      await before;
      const { program, begin, end } = this.#prepared(await inTime(this.#compiled(asked.shapes)), asked);
      return program.runAsync(begin, end);
    };
    this.#pending++;
    const outputs = run();
    this.#running = outputs.catch(() => undefined);
    try {
      return this.#result(asked, await outputs);
    } finally {
      this.#pending--;
      if (this.#pending === 0 && this.#latest === undefined) this.#release();
    }
  }

  /** A value named in `observe`, as the last run left it. @throws RangeError for a name that is not observed; Error before the first run */
  observed(name: string): Tensor<Float32Array> {
    if (!this.#observed.has(name)) {
      const hint = `${didYouMean(name, this.#observed)}; compile with observe: ["${name}"]`;
      throw new RangeError(`session.observed: "${name}" is not observed${hint}`);
    }
    this.#idle("observed");
    const { graph, program } = this.#open();
    if (!this.#ran) throw new Error("session.observed: nothing has run yet");
    return read(program, valueOf(graph, name)!);
  }

  /** Takes changed parameters of the model over. */
  refresh(): void {
    this.#open();
    this.#idle("refresh");
    this.#backend.refresh();
  }

  /** Memory of activations of the largest program, in bytes. */
  get arenaBytes(): number {
    this.#open();
    return Math.max(...[...this.#programs.values()].map(({ program }) => program.arenaBytes));
  }

  /** The operations of the latest run's program, one a line: operation, shape, kernel, name. */
  get plan(): string {
    return this.#open().program.lines.join("\n");
  }

  /** Frees everything at once. Not needed for correctness: a session that is dropped is collected. */
  close(): void {
    if (this.#latest === undefined) return;
    this.#latest = undefined;
    if (this.#pending === 0) this.#release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #release(): void {
    this.#released();
    this.#backend.release();
  }

  #open(): Compiled {
    if (this.#latest === undefined) throw new Error("session: it is closed");
    return this.#latest;
  }

  /** @throws Error while workers compute in the session's memory */
  #idle(method: string): void {
    if (this.#pending > 0) throw new Error(`session.${method}: an asynchronous run is under way; await it first`);
  }

  #asked(method: string, x: Input | Named<Input>, options: RunOptions<Float32Array | Named<Float32Array>>): Asked {
    const at = `session.${method}`;
    if (typeof options !== "object") throw new TypeError(`${at}: options wants { into }, got ${show(options)}`);
    const { into, ...others } = options ?? {};
    for (const name in others) throw new RangeError(`${at}: "${name}" is no option; into is the only one`);
    const inputs = checkInputs(at, this.#network, this.#overrides.keys(), x);
    this.#open();
    return { at, inputs, shapes: this.#network.inputs.map(({ name }) => inputs[name].shape), lone: inputs !== x, into };
  }

  #prepared(compiled: Compiled, { at, inputs, lone, into }: Asked): Prepared {
    const { graph, program } = compiled;
    for (const name of this.#overrides.keys()) if (name in inputs) checkOverride(at, valueOf(graph, name)!, name, inputs[name]);
    const values = new Map<string, Value>(this.#network.outputs.map((name, i) => [name, graph.outputs[i]]));
    if (!lone) for (const name of this.#observed) if (!values.has(name)) values.set(name, valueOf(graph, name)!);
    const arrays = checkInto(at, values, into);
    return {
      program,
      begin: () => {
        this.#network.inputs.forEach(({ name }, i) => program.setInput(i, inputs[name].data));
        for (const name of this.#overrides.keys()) this.#overrides.set(name, inputs[name]?.data);
      },
      end: () => {
        if (this.#latest !== undefined) this.#latest = compiled;
        this.#ran = true;
        const outputs: Outputs = {};
        for (const [name, value] of values) outputs[name] = read(program, value, arrays[name]);
        return outputs;
      },
    };
  }

  #result({ lone }: Asked, outputs: Outputs): unknown {
    return lone ? outputs[this.#network.outputs[0]] : outputs;
  }

  /** The program for inputs of these shapes; the latest from now on. */
  *#compiled(shapes: readonly Shape[]): Making<Compiled> {
    const key = keyOf(shapes);
    let compiled = this.#programs.get(key);
    if (compiled === undefined) {
      const named = Object.fromEntries(this.#network.inputs.map(({ name }, i) => [name, shapes[i]]));
      const { graph, kept } = sessionGraph(this.#network, named, [...this.#observed], [...this.#overrides.keys()]);
      for (const name of this.#overrides.keys()) this.#overrides.set(name, undefined);
      compiled = { graph, program: yield* this.#backend.program({ graph, kept, overrides: this.#overrides }) };
    }
    // Maps keep the order of insertion.
    this.#programs.delete(key);
    this.#programs.set(key, compiled);
    for (const [old, { program }] of this.#programs) {
      if (this.#programs.size <= MOST_PROGRAMS) break;
      this.#programs.delete(old);
      program.drop?.();
    }
    return compiled;
  }
}

function keyOf(shapes: readonly Shape[]): string {
  return shapes.join(";");
}

function read(program: Program, value: Value, into: Float32Array = new Float32Array(sizeOf(value.shape))): Tensor<Float32Array> {
  program.read(value, into);
  return new Tensor(into, value.shape);
}

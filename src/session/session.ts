/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Sessions: a model compiled for inference. The tree is lowered to a graph, the graph optimised, its memory planned once, and every
 * operation bound to a kernel. A session answers for any batch and image size: each gets a program of its own on first use, all share
 * the weights.
 */
import { lower } from "../nn/lower.ts";
import type { Module } from "../nn/module.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { didYouMean } from "../errors.ts";
import { Tensor, isDouble, showShape, sizeOf } from "../tensor.ts";
import type { Shape } from "../tensor.ts";
import { optimise } from "./optimise.ts";
import { PlainConstants, plainProgram } from "./plain-program.ts";
import type { Program } from "./program.ts";
import { WasmHost } from "./wasm-host.ts";
import { wasmProgram } from "./wasm-program.ts";

/** `auto` is wasm where the host has it, otherwise plain. */
export type KernelChoice = "auto" | "wasm" | "plain";

export interface CompileOptions {
  /** Shape of the first input that will come; others may follow. */
  readonly input: Shape;
  readonly kernels?: KernelChoice;
  /** Names of values that stay readable by `observed` after each run, such as "layer1.0.se.activation_2", a gate. */
  readonly observe?: readonly string[];
}

/** How many input shapes keep their programs at the same time; the one unused for longest is dropped. */
const mostPrograms = 4;

/** An input of more values than this is refused: it is a mistake, and memory for it would not be had. */
const largestInput = 1073741824;

interface Compiled {
  readonly graph: Graph;
  readonly program: Program;
}

export class Session implements Disposable {
  readonly #model: Module;
  readonly #kept: ReadonlySet<string>;
  readonly #constants = new PlainConstants();
  #programs: Map<string, Compiled> | undefined = new Map();
  #latest: Compiled | undefined;

  readonly #host: WasmHost | undefined;
  /** Which kernels run, and why. */
  readonly kernels: string;

  constructor(model: Module, options: CompileOptions) {
    this.#model = model;
    this.#kept = new Set(options.observe ?? []);
    const { host, why } = chooseKernels(options.kernels ?? "auto");
    this.#host = host;
    this.kernels = why;
    this.#latest = this.#compiled(options.input);
  }

  /**
   * Runs the network on x, of any batch and image size that it can take.
   * @param into receives the output instead of a new array; it must have its length
   * @throws RangeError for a shape that the network cannot take; TypeError for another precision; then nothing has changed
   */
  run(x: Tensor<Float32Array>, options: { readonly into?: Float32Array } = {}): Tensor<Float32Array> {
    if (!(x instanceof Tensor) || isDouble(x.data)) throw new TypeError("session.run: x wants a Tensor of Float32Array");
    const compiled = this.#compiled(x.shape);
    const [output] = compiled.graph.outputs;
    const data = options.into ?? new Float32Array(sizeOf(output.shape));
    if (data.length !== sizeOf(output.shape)) {
      throw new RangeError(`session.run: into wants ${sizeOf(output.shape)} elements for an output of shape ${showShape(output.shape)}, got ${data.length}`);
    }
    compiled.program.setInput(0, x.data);
    compiled.program.run();
    compiled.program.read(output, data);
    this.#latest = compiled;
    return new Tensor(data, output.shape);
  }

  /** A value named in `observe`, as the last run left it. @throws RangeError for a name that is not observed */
  observed(name: string): Tensor<Float32Array> {
    if (!this.#kept.has(name)) throw new RangeError(`session.observed: "${name}" is not observed${didYouMean(name, this.#kept)}; compile with observe: ["${name}"]`);
    const { graph, program } = this.#open();
    const value = valueOf(graph, name)!;
    const data = new Float32Array(sizeOf(value.shape));
    program.read(value, data);
    return new Tensor(data, value.shape);
  }

  /** Takes changed parameters of the model over. */
  refresh(): void {
    this.#open();
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
    this.#programs = undefined;
    this.#latest = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #open(): Compiled {
    if (this.#latest === undefined) throw new Error("session: it is closed");
    return this.#latest;
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
    if (sizeOf(input) > largestInput) throw new RangeError(`session: an input of shape ${showShape(input)} is more than this engine takes (${largestInput} values)`);
    const lowered = lower(this.#model, input);
    for (const name of this.#kept) {
      if (valueOf(lowered, name) === undefined) {
        const names = lowered.nodes.map((node) => node.output.name);
        throw new RangeError(`compile: observe names "${name}", which is no value of this model${didYouMean(name, names)}`);
      }
    }
    const graph = optimise(lowered, this.#kept);
    const program = this.#host === undefined
      ? plainProgram(graph, this.#constants, this.#kept)
      : wasmProgram({ graph, kept: this.#kept, constants: this.#constants, host: this.#host, overrides: new Map() });
    const compiled = { graph, program };
    this.#programs.set(key, compiled);
    if (this.#programs.size > mostPrograms) this.#programs.delete(this.#programs.keys().next().value!);
    return compiled;
  }
}

/** A memory for wasm kernels, or none; and what to say of it. @throws Error where wasm is asked for and not there */
function chooseKernels(choice: KernelChoice): { readonly host: WasmHost | undefined; readonly why: string } {
  if (choice === "plain") return { host: undefined, why: "plain: asked for, one thread" };
  try {
    return { host: new WasmHost(1), why: "wasm: simd, 1 thread" };
  } catch (error) {
    if (choice === "wasm") throw error;
    return { host: undefined, why: `plain: ${(error as Error).message}` };
  }
}

function valueOf(graph: Graph, name: string): Value | undefined {
  return graph.nodes.find((node) => node.output.name === name)?.output;
}

/**
 * Compiles a model for inference.
 * @throws RangeError where the model cannot take such an input, or `observe` names no value of it
 */
export function compileSync(model: Module, options: CompileOptions): Session {
  return new Session(model, options);
}

/**
 * A network as operations in single-assignment form: every operation makes one value, of a known shape, from earlier ones.
 * Modules lower to it (`Module.lower`); ONNX is written from it. It is what they do in inference: dropout is gone, normalisation uses its
 * running statistics. A graph for training is the same with dropout in it.
 */
import type { Floats, Shape, Tensor } from "../tensor.ts";

/** What an operation makes, or what goes into the graph. */
export interface Value {
  /** Unique in its graph; made of the path of the module that computes it. */
  readonly name: string;
  readonly shape: Shape;
}

/** A tensor of the state dict. `read` gives what the parameter holds now, not what it held when the graph was made. */
export interface Constant {
  readonly name: string;
  read(): Tensor;
  /** Where it is another one times a factor for each index of the first dimension: these, so that who copies it anyway multiplies on the way. */
  readonly scaled?: { readonly of: Constant; readonly factors: () => Float64Array };
}

type Two = readonly [number, number];

/** Sizes of a window that moves over an image, [height, width] each. */
export interface Window {
  readonly kernel: Two;
  readonly stride: Two;
  readonly padding: Two;
}

export type ActivationKind = "relu" | "relu6" | "leaky_relu" | "sigmoid" | "hard_sigmoid" | "silu" | "hard_swish" | "tanh";

/** A function of one number, with the slope and offset of those that have them. */
export interface Activation {
  readonly activation: ActivationKind;
  readonly slope: number;
  readonly offset: number;
}

/**
 * What a convolution does with a result before it is stored, in this order: times the gate of its channel, plus the residual,
 * then the activation. The gate and the residual are the node's further inputs: [x, gate?, residual?].
 */
export interface Epilogue {
  readonly gate: boolean;
  readonly residual: boolean;
  readonly activation: Activation | undefined;
  /** Is the bias added after the gate? Then the gate is as good as one of the input's channels, where each output channel has its own of them (depthwise). */
  readonly biasLast?: boolean;
}

/** What is computed. Inputs stand in the operation's node; their meaning is said here. */
export type Operation =
  /** [x, gate?, residual?]; modules lower to it without an epilogue, the passes of a session give it one. */
  | (Window & {
      readonly kind: "conv2d"; readonly dilation: Two; readonly groups: number;
      readonly weight: Constant; readonly bias: Constant | undefined; readonly epilogue?: Epilogue;
    })
  /** [x]. */
  | (Window & {
      readonly kind: "conv_transpose2d"; readonly dilation: Two; readonly groups: number; readonly outputPadding: Two;
      readonly weight: Constant; readonly bias: Constant | undefined;
    })
  /** [x of two dimensions]. */
  | { readonly kind: "linear"; readonly weight: Constant; readonly bias: Constant | undefined }
  /** [x]. */
  | {
      readonly kind: "batch_norm"; readonly epsilon: number;
      readonly gamma: Constant; readonly beta: Constant; readonly mean: Constant; readonly variance: Constant;
      /** In training: the share of a new batch in the running statistics, and are these used, and left as they are, there too? */
      readonly momentum?: number; readonly frozen?: boolean;
      /** Of the result; passes put it there. */
      readonly activation?: Activation;
    }
  /** [x]; `slope` of leaky_relu and hard_sigmoid, `offset` of hard_sigmoid. */
  | (Activation & { readonly kind: "activation" })
  /** [x] to [N,C,1,1]. */
  | { readonly kind: "global_pool"; readonly by: "mean" | "max" }
  | { readonly kind: "adaptive_average_pool"; readonly size: Two }
  | (Window & { readonly kind: "max_pool"; readonly ceilMode: boolean })
  | (Window & { readonly kind: "average_pool"; readonly ceilMode: boolean; readonly countPadding: boolean })
  /** [a, b]. */
  | { readonly kind: "add" }
  /** [x, gate [N,C,1,1]]. */
  | { readonly kind: "scale" }
  /** [x, gate [N,1,H,W]]. */
  | { readonly kind: "pixel_scale" }
  /** [a, b]. */
  | { readonly kind: "multiply" }
  /** [x] to [N,1,H,W]. */
  | { readonly kind: "channel_pool"; readonly by: "mean" | "max" }
  /** [x [N,C,1,1]]: a kernel [1,1,k] along the channels, zeros beyond them. */
  | { readonly kind: "channel_conv"; readonly weight: Constant }
  /** [x] to images of this size. */
  | { readonly kind: "resize_nearest"; readonly size: Two }
  /** [x, ...]: channels one after the other. */
  | { readonly kind: "concat" }
  | { readonly kind: "flatten" }
  /** [x], in graphs for training only; `draw` fills a mask of x's size, in the order of its shape, with what x is multiplied by. */
  | { readonly kind: "dropout"; readonly draw: (mask: Floats) => void }
  | { readonly kind: "channel_shuffle"; readonly groups: number }
  | { readonly kind: "upsample"; readonly method: "nearest" | "bilinear"; readonly factor: number; readonly alignCorners: boolean };

export interface Node {
  readonly operation: Operation;
  readonly inputs: readonly Value[];
  readonly output: Value;
}

export interface Graph {
  readonly inputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly Value[];
}

/** Collects operations while modules lower themselves. */
export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #inputs: Value[] = [];
  readonly #taken = new Set<string>();
  readonly #names: ReadonlyMap<object, string>;
  /** Is the graph one for training? */
  readonly training: boolean;
  #path = "";

  /** @param names paths of modules, and state-dict names of what holds their tensors */
  constructor(names: ReadonlyMap<object, string>, training: boolean = false) {
    this.#names = names;
    this.training = training;
  }

  input(name: string, shape: Shape): Value {
    const value = { name: this.#unique(name), shape };
    this.#inputs.push(value);
    return value;
  }

  /** The state-dict entry that `holder` (a Parameter or Statistic) stands for. @throws Error for one that the model does not name */
  constant(holder: { readonly value: Tensor }): Constant {
    const name = this.#names.get(holder);
    if (name === undefined) throw new Error(`lower: a tensor of ${this.#path || "the model"} has no name: is its module a field of the composite?`);
    return { name, read: () => holder.value };
  }

  /** Adds an operation of `module`; its value is named by the module's path, or by the enclosing one's where it has none. */
  add(module: object, operation: Operation, inputs: readonly Value[], shape: Shape): Value {
    const own = this.#names.get(module);
    const base = own ?? (this.#path === "" ? operation.kind : `${this.#path}.${operation.kind}`);
    const output = { name: this.#unique(base), shape };
    this.#nodes.push({ operation, inputs, output });
    return output;
  }

  /** Runs `lower` with the names of unnamed operations under `composite`'s path. */
  within(composite: object, lower: () => Value): Value {
    const outer = this.#path;
    this.#path = this.#names.get(composite) ?? outer;
    const value = lower();
    this.#path = outer;
    return value;
  }

  finish(...outputs: Value[]): Graph {
    return { inputs: this.#inputs, nodes: this.#nodes, outputs };
  }

  #unique(base: string): string {
    let name = base;
    for (let i = 2; this.#taken.has(name); i++) name = `${base}_${i}`;
    this.#taken.add(name);
    return name;
  }
}

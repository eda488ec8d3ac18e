/**
 * What graphs compute. `Operation` has an entry for each kind, with its attributes; the comment before it lists the inputs of a node, in
 * order. Everything else about a kind is in its record (src/operations).
 */
import type { Activation } from "../../kernels/activations.ts";
import type { Floats, Shape } from "../tensor.ts";
import type { Constant, Window } from "./attributes.ts";
import type { QuantisedOperation } from "./quantised.ts";

export type { Constant, Window } from "./attributes.ts";
export type { Activation, ActivationKind } from "../../kernels/activations.ts";

type Two = readonly [number, number];

/**
 * What a convolution does with a result before it is stored, in this order: times the gate of its channel, plus the residual,
 * then the activation. The gate and the residual are the node's further inputs: [x, gate?, residual?].
 */
export interface Epilogue {
  readonly gate: boolean;
  readonly residual: boolean;
  readonly activation: Activation | undefined;
  /**
   * Is the bias added after the gate? Then the gate is as good as one of the input's channels, where each output channel has its own of
   * them (depthwise).
   */
  readonly biasLast?: boolean;
}

/** Functions of one number; `not` is 1 for 0 and 0 for all else. */
export type UnaryFunction =
  | "abs" | "ceil" | "erf" | "exp" | "floor" | "log" | "mish" | "negative" | "not" | "reciprocal" | "round" | "sign" | "softplus"
  | "sqrt" | "truncate";

/** Functions of two numbers. Comparisons give 1 or 0; modulo has the sign of the second, remainder that of the first. */
export type BinaryFunction =
  | "add" | "subtract" | "multiply" | "divide" | "power" | "minimum" | "maximum" | "modulo" | "remainder"
  | "equal" | "less" | "less_or_equal" | "greater" | "greater_or_equal" | "and" | "or" | "xor";

export type Reduction = "sum" | "mean" | "max" | "min" | "product";

/** Output i of an axis is the sum of weights[k] times number places[k] of it, for k from starts[i] to before starts[i + 1]. */
export interface Taps {
  readonly starts: Int32Array;
  readonly places: Int32Array;
  readonly weights: Float64Array;
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
  /** [x]. Epsilon and momentum may be getters: loaded weights change them, and programs ask anew when they are refreshed. */
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
  /** [x]: what is not above 0 times the slope [C] of its channel. */
  | { readonly kind: "prelu"; readonly slope: Constant }
  /** [x of two dimensions]: rows to length 1. */
  | { readonly kind: "l2_normalise" }
  /** [x] to [N,C,1,1]. */
  | { readonly kind: "global_pool"; readonly by: "mean" | "max" }
  | { readonly kind: "adaptive_average_pool"; readonly size: Two }
  | (Window & { readonly kind: "max_pool"; readonly dilation?: Two; readonly ceilMode: boolean })
  | (Window & { readonly kind: "average_pool"; readonly dilation?: Two; readonly ceilMode: boolean; readonly countPadding: boolean })
  /** [a, b]; passes put an activation of the sum there. */
  | { readonly kind: "add"; readonly activation?: Activation }
  /** [a, b of at most as many channels]: b is added to the first channels. */
  | { readonly kind: "partial_add" }
  /** [x, gate [N,C,1,1]]; passes put an activation of the product there. */
  | { readonly kind: "scale"; readonly activation?: Activation }
  /** [x, gate [N,1,H,W]]. */
  | { readonly kind: "pixel_scale" }
  /** [a, b]. */
  | { readonly kind: "multiply" }
  /** [x] to [N,1,H,W]. */
  | { readonly kind: "channel_pool"; readonly by: "mean" | "max" }
  /** [x [N,C,1,1]]: a kernel [1,1,k] along the channels, zeros beyond them. */
  | { readonly kind: "channel_conv"; readonly weight: Constant }
  /** [x, ...]: channels one after the other. */
  | { readonly kind: "concat" }
  | { readonly kind: "flatten" }
  /** [x], in graphs for training only; `draw` fills a mask of x's size, in the order of its shape, with what x is multiplied by. */
  | { readonly kind: "dropout"; readonly draw: (mask: Floats) => void }
  /**
   * [x], in graphs for training only: whole steps of x, rounded in single precision as bytes are, straight through on the way back
   * (kernels/reference/quantised/fake-quantise.ts). offset and factor [C], limits [3]: least and most byte, and the zero point.
   */
  | { readonly kind: "fake_quantise"; readonly offset: Constant; readonly limits: Constant; readonly factor: Constant | undefined }
  | { readonly kind: "channel_shuffle"; readonly groups: number }
  /** [x] to images of this size. */
  | { readonly kind: "resize"; readonly method: "nearest" | "bilinear"; readonly size: Two; readonly alignCorners: boolean }
  // Of tensors of any rank, as networks from files have them.
  /** []: a tensor of the state dict as a value. */
  | { readonly kind: "constant"; readonly value: Constant }
  /** [x]. */
  | { readonly kind: "unary"; readonly by: UnaryFunction }
  | { readonly kind: "elu"; readonly alpha: number }
  | { readonly kind: "clip"; readonly least: number; readonly most: number }
  /** [a, b], as numpy stretches them. */
  | { readonly kind: "binary"; readonly by: BinaryFunction }
  /** [condition, a, b]: a where the condition is not 0. */
  | { readonly kind: "select" }
  /** [x]: the same numbers in the same order. */
  | { readonly kind: "reshape"; readonly shape: Shape }
  /** [x]: axis i of the output is axis order[i] of x. */
  | { readonly kind: "transpose"; readonly order: readonly number[] }
  /** [x]: x[starts[0] + i steps[0], ...]. */
  | { readonly kind: "slice"; readonly starts: readonly number[]; readonly steps: readonly number[]; readonly shape: Shape }
  /** [x]: numbers of an axis by their places. */
  | { readonly kind: "gather"; readonly axis: number; readonly rows: readonly number[] }
  /** [x]: sizes of 1 become others. */
  | { readonly kind: "expand"; readonly shape: Shape }
  /** [x]: numbers before and after each axis. */
  | {
      readonly kind: "pad"; readonly before: readonly number[]; readonly after: readonly number[];
      readonly mode: "constant" | "reflect" | "edge" | "wrap"; readonly value: number;
    }
  /** [x, ...]: one after the other along an axis. */
  | { readonly kind: "join"; readonly axis: number }
  /** [x]: over the axes from `axis` to before `end`, which stay with size 1. */
  | { readonly kind: "reduce"; readonly by: Reduction; readonly axis: number; readonly end: number }
  /** [x]: the place of the largest along an axis, which stays with size 1. */
  | { readonly kind: "arg_max"; readonly axis: number }
  /** [x]: along an axis; `logarithm` of it. */
  | { readonly kind: "softmax"; readonly axis: number; readonly logarithm: boolean }
  /** [x]: each output of an axis a sum over some of its numbers. */
  | { readonly kind: "resample"; readonly axis: number; readonly taps: Taps }
  /** [a, b]: the last two axes are matrices, the others as numpy stretches them. */
  | { readonly kind: "matrix_product" }
  // Of bytes.
  | QuantisedOperation;

export type Kind = Operation["kind"];

/**
 * How operations are computed that no module lowers to: what a graph or network brings where it has some. `generalOperations` are all there
 * are; what is in it is senet's own affair.
 * @example
 * const set: OperationSet = generalOperations;
 * const graph: Graph = { ...lower(new ReLU(), [1, 4]), operations: set };
 * compileSync(graph).run(Tensor.of([-1, 2, -3, 4], [1, 4])).data   // => [0,2,0,4]
 */
export interface OperationSet {
  readonly computations: object;
  readonly bindings: object;
}

/** The operation of one kind. */
export type Of<K extends Kind> = Extract<Operation, { kind: K }>;

/** General kinds that are functions of numbers: networks of bytes leave them to the plain kernels. */
export const pointwiseKinds = ["unary", "elu", "clip", "binary", "select"] as const;
/** Those that add up or choose along an axis, so too. */
export const rowKinds = ["reduce", "arg_max", "softmax", "resample", "matrix_product"] as const;

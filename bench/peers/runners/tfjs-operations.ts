/** senet's operations in TensorFlow.js, NHWC; bias and activation fused into convolutions wherever it can. */
import type { Activation, Constant, Epilogue, Node, Operation, Window } from "../../../src/graph/graph.ts";

export interface TfTensor {
  readonly shape: readonly number[];
  dataSync(): Float32Array;
  dispose(): void;
}

type Padding = readonly (readonly [number, number])[];
type Rounding = "floor" | "ceil";

interface FusedConvolution {
  readonly x: TfTensor;
  readonly filter: TfTensor;
  readonly strides: readonly [number, number];
  readonly pad: Padding;
  readonly dilations: readonly [number, number];
  readonly dimRoundingMode: Rounding;
  readonly bias?: TfTensor;
  readonly activation: string;
  readonly leakyreluAlpha: number;
}

/** What is used of the package. */
export interface TensorFlow {
  setBackend(name: string): Promise<boolean>;
  tidy(run: () => TfTensor): TfTensor;
  tensor(data: Float32Array, shape: readonly number[]): TfTensor;
  transpose(x: TfTensor, order: readonly number[]): TfTensor;
  reshape(x: TfTensor, shape: readonly number[]): TfTensor;
  add(a: TfTensor, b: TfTensor | number): TfTensor;
  mul(a: TfTensor, b: TfTensor | number): TfTensor;
  relu(x: TfTensor): TfTensor;
  relu6(x: TfTensor): TfTensor;
  leakyRelu(x: TfTensor, slope: number): TfTensor;
  sigmoid(x: TfTensor): TfTensor;
  tanh(x: TfTensor): TfTensor;
  clipByValue(x: TfTensor, least: number, most: number): TfTensor;
  concat(parts: readonly TfTensor[], axis: number): TfTensor;
  max(x: TfTensor, axes: readonly number[], keep: boolean): TfTensor;
  maxPool(x: TfTensor, size: readonly number[], strides: readonly number[], pad: Padding | "valid", rounding?: Rounding): TfTensor;
  avgPool(x: TfTensor, size: readonly number[], strides: number, pad: "valid"): TfTensor;
  readonly fused: {
    conv2d(options: FusedConvolution): TfTensor;
    depthwiseConv2d(options: FusedConvolution): TfTensor;
    matMul(options: { a: TfTensor; b: TfTensor; bias?: TfTensor }): TfTensor;
  };
}

/** Computes one node from its inputs. */
type Step = (inputs: readonly TfTensor[]) => TfTensor;

/** Activations that a convolution applies itself, by the package's names. */
const fusedNames: Partial<Record<Activation["activation"], string>> = {
  relu: "relu", relu6: "relu6", leaky_relu: "leakyrelu", sigmoid: "sigmoid",
};

function padding(window: Window): Padding {
  const [top, left] = window.padding;
  return [[0, 0], [top, top], [left, left], [0, 0]];
}

export class TfjsOperations {
  readonly #tf: TensorFlow;
  readonly #constants = new Map<string, TfTensor>();

  constructor(tf: TensorFlow) {
    this.#tf = tf;
  }

  /** @throws Error for an operation that no network of this benchmark has */
  step({ operation, inputs }: Node): Step {
    const tf = this.#tf;
    switch (operation.kind) {
      case "conv2d":
        return this.#convolution(operation, inputs[0].shape[1]);
      case "linear": {
        // Turned here: with transposeB the wasm backend of 4.22 gives wrong sums.
        const [b, bias] = [this.#constant(operation.weight, [1, 0]), this.#bias(operation.bias)];
        return ([a]) => tf.fused.matMul({ a, b, ...bias });
      }
      case "activation":
        return ([x]) => this.#activate(x, operation);
      case "global_pool": {
        const size = inputs[0].shape.slice(2);
        // The mean over two axes would turn the tensor first; the pooling kernel does not.
        return ([x]) => (operation.by === "mean" ? tf.avgPool(x, size, 1, "valid") : tf.max(x, [1, 2], true));
      }
      case "max_pool": {
        const { kernel, stride, ceilMode } = operation;
        return ([x]) => tf.maxPool(x, kernel, stride, padding(operation), ceilMode ? "ceil" : "floor");
      }
      case "add":
        return ([a, b]) => tf.add(a, b);
      case "scale":
        return ([x, gate]) => tf.mul(x, gate);
      case "concat":
        return (parts) => tf.concat(parts, 3);
      case "flatten": {
        const [batch, ...rest] = inputs[0].shape;
        const turn = rest.length === 3 && rest[1] * rest[2] > 1;
        const size = rest.reduce((a, b) => a * b, 1);
        return ([x]) => tf.reshape(turn ? tf.transpose(x, [0, 3, 1, 2]) : x, [batch, size]);
      }
      default:
        throw new Error(`tfjs: ${operation.kind} is not written for this benchmark`);
    }
  }

  #convolution(operation: Extract<Operation, { kind: "conv2d" }>, channels: number): Step {
    const tf = this.#tf;
    const { groups, stride, dilation } = operation;
    const epilogue: Epilogue = operation.epilogue ?? { gate: false, residual: false, activation: undefined };
    const depthwise = groups > 1;
    if (epilogue.biasLast === true) throw new Error("tfjs: a gate before the bias is not written for this benchmark");
    if (depthwise && groups !== channels) throw new Error("tfjs: it has no grouped convolution");
    const filter = this.#constant(operation.weight, depthwise ? [2, 3, 0, 1] : [2, 3, 1, 0]);
    // A gate or a residual stands between the sum and the activation, so the package cannot fuse that one.
    const fused = epilogue.gate || epilogue.residual ? undefined : fusedNames[epilogue.activation?.activation ?? "tanh"];
    const run = depthwise ? tf.fused.depthwiseConv2d : tf.fused.conv2d;
    const fixed = {
      filter, strides: stride, pad: padding(operation), dilations: dilation, dimRoundingMode: "floor" as const,
      ...this.#bias(operation.bias), activation: fused ?? "linear", leakyreluAlpha: epilogue.activation?.slope ?? 0,
    };
    return ([x, ...more]) => {
      let y = run({ x, ...fixed });
      if (epilogue.gate) y = tf.mul(y, more[0]);
      if (epilogue.residual) y = tf.add(y, more[epilogue.gate ? 1 : 0]);
      return epilogue.activation === undefined || fused !== undefined ? y : this.#activate(y, epilogue.activation);
    };
  }

  #activate(x: TfTensor, { activation, slope, offset }: Activation): TfTensor {
    const tf = this.#tf;
    switch (activation) {
      case "relu": return tf.relu(x);
      case "relu6": return tf.relu6(x);
      case "leaky_relu": return tf.leakyRelu(x, slope);
      case "sigmoid": return tf.sigmoid(x);
      case "hard_sigmoid": return tf.clipByValue(tf.add(tf.mul(x, slope), offset), 0, 1);
      case "silu": return tf.mul(x, tf.sigmoid(x));
      case "hard_swish": return tf.mul(tf.mul(x, 1 / 6), tf.relu6(tf.add(x, 3)));
      case "tanh": return tf.tanh(x);
      case "gelu":
      case "gelu_tanh": throw new Error(`tfjs: ${activation} is not written for this benchmark`);
    }
  }

  /** Uploaded once, turned once. */
  #constant(constant: Constant, order?: readonly number[]): TfTensor {
    let tensor = this.#constants.get(constant.name);
    if (tensor === undefined) {
      const { data, shape } = constant.read();
      const upload = this.#tf.tensor(data as Float32Array, shape);
      tensor = order === undefined ? upload : this.#tf.transpose(upload, order);
      if (order !== undefined) upload.dispose();
      this.#constants.set(constant.name, tensor);
    }
    return tensor;
  }

  #bias(constant: Constant | undefined): { readonly bias?: TfTensor } {
    return constant === undefined ? {} : { bias: this.#constant(constant) };
  }
}

/** What computes element by element, as ONNX. */
import { Tensor } from "../../../tensor.ts";
import type { Activation } from "../../../graph/graph.ts";
import type { NodeSink, Writers, Written } from "./writer.ts";

function number(sink: NodeSink, name: string, value: number): string {
  return sink.floats(name, Tensor.of([value], []));
}

/** x half (1 + inner): opset 17 has no GELU. */
function halved(sink: NodeSink, x: string, inner: string, name: string): void {
  sink.node("Add", [inner, number(sink, `${name}.one`, 1)], `${name}.share`);
  sink.node("Mul", [x, `${name}.share`], `${name}.twice`);
  sink.node("Mul", [`${name}.twice`, number(sink, `${name}.half`, 0.5)], name);
}

function geluNodes(sink: NodeSink, x: string, name: string): void {
  sink.node("Mul", [x, number(sink, `${name}.root`, Math.SQRT1_2)], `${name}.scaled`);
  sink.node("Erf", [`${name}.scaled`], `${name}.erf`);
  halved(sink, x, `${name}.erf`, name);
}

function geluTanhNodes(sink: NodeSink, x: string, name: string): void {
  sink.node("Pow", [x, number(sink, `${name}.three`, 3)], `${name}.cube`);
  sink.node("Mul", [`${name}.cube`, number(sink, `${name}.small`, 0.044715)], `${name}.bent`);
  sink.node("Add", [x, `${name}.bent`], `${name}.sum`);
  sink.node("Mul", [`${name}.sum`, number(sink, `${name}.root`, 0.7978845608028654)], `${name}.scaled`);
  sink.node("Tanh", [`${name}.scaled`], `${name}.tanh`);
  halved(sink, x, `${name}.tanh`, name);
}

/** Numbers of the channels of an image. */
export function perChannel(sink: NodeSink, name: string, data: ArrayLike<number>): string {
  return sink.floats(name, new Tensor(Float32Array.from(data), [data.length, 1, 1]));
}

/** The name of what an activation, if there is one, is applied to. */
function beforeOf(activation: Activation | undefined, name: string): string {
  return activation === undefined ? name : `${name}/before`;
}

/** The activation that a session's graph has behind a node. */
export function activated(
  sink: NodeSink, activation: Activation | undefined, { inputs, output, name }: Pick<Written<"activation">, "inputs" | "output" | "name">,
): void {
  if (activation === undefined) return;
  const operation = { kind: "activation", ...activation } as const;
  elementwiseWriters.activation(sink, { operation, inputs, output, names: [beforeOf(activation, name)], name });
}

type Elementwise =
  | "batch_norm" | "activation" | "prelu" | "add" | "partial_add" | "scale" | "pixel_scale" | "multiply" | "dropout" | "fake_quantise"
  | "l2_normalise";

export const elementwiseWriters: Pick<Writers, Elementwise> = {
  batch_norm(sink, { operation: { gamma, beta, mean, variance, epsilon, activation }, inputs, output, names, name }) {
    const constants = sink.constants(gamma, beta, mean, variance);
    sink.node("BatchNormalization", [...names, ...constants], beforeOf(activation, name), { epsilon: { float: epsilon } });
    activated(sink, activation, { inputs, output, name });
  },

  activation(sink, { operation, names, name }) {
    switch (operation.activation) {
      case "relu":
        return sink.node("Relu", names, name);
      case "relu6": {
        const bounds = [sink.floats("relu6.least", Tensor.of([0], [])), sink.floats("relu6.most", Tensor.of([6], []))];
        return sink.node("Clip", [...names, ...bounds], name);
      }
      case "leaky_relu":
        return sink.node("LeakyRelu", names, name, { alpha: { float: operation.slope } });
      case "sigmoid":
        return sink.node("Sigmoid", names, name);
      case "hard_sigmoid":
        return sink.node("HardSigmoid", names, name, { alpha: { float: operation.slope }, beta: { float: operation.offset } });
      case "silu":
        sink.node("Sigmoid", names, `${name}.gate`);
        return sink.node("Mul", [...names, `${name}.gate`], name);
      case "hard_swish":
        return sink.node("HardSwish", names, name);
      case "tanh":
        return sink.node("Tanh", names, name);
      case "gelu":
        return geluNodes(sink, names[0], name);
      case "gelu_tanh":
        return geluTanhNodes(sink, names[0], name);
    }
  },

  prelu(sink, { operation: { slope }, inputs: [input], names: [x], name }) {
    // A slope for each channel stretches over the image from its own end only.
    const shape = [slope.read().size, ...input.shape.slice(2).map(() => 1)];
    sink.node("Reshape", [...sink.constants(slope), sink.integers(`${name}.slopes`, shape)], `${name}.slope`);
    sink.node("PRelu", [x, `${name}.slope`], name);
  },

  l2_normalise(sink, { names: [x], name }) {
    sink.node("ReduceL2", [x], `${name}.length`, { axes: [1], keepdims: 1 });
    sink.node("Max", [`${name}.length`, number(sink, `${name}.least`, 1e-12)], `${name}.divisor`);
    sink.node("Div", [x, `${name}.divisor`], name);
  },

  /** What is added becomes as many channels by zeros. */
  partial_add(sink, { inputs: [a, b], names, name }) {
    const behind = [0, a.shape[1] - b.shape[1], ...a.shape.slice(2).map(() => 0)];
    sink.node("Pad", [names[1], sink.integers(`${name}.pads`, [...behind.map(() => 0), ...behind])], `${name}.padded`);
    sink.node("Add", [names[0], `${name}.padded`], name);
  },

  add(sink, { operation: { activation }, inputs, output, names, name }) {
    sink.node("Add", names, beforeOf(activation, name));
    activated(sink, activation, { inputs, output, name });
  },

  scale(sink, { operation: { activation }, inputs, output, names, name }) {
    sink.node("Mul", names, beforeOf(activation, name));
    activated(sink, activation, { inputs, output, name });
  },

  pixel_scale: (sink, { names, name }) => sink.node("Mul", names, name),
  multiply: (sink, { names, name }) => sink.node("Mul", names, name),

  dropout(_, { name }) {
    throw new RangeError(`writeOnnx: ${name} drops values: the graph is one for training`);
  },

  fake_quantise(_, { name }) {
    throw new RangeError(`writeOnnx: ${name} is rounded as in int8 training; the network of bytes can be written`);
  },
};

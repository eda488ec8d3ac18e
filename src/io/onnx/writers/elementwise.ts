/** What computes element by element, as ONNX. */
import { Tensor } from "../../../tensor.ts";
import type { Writers } from "./writer.ts";

export const elementwiseWriters: Pick<Writers, "batch_norm" | "activation" | "add" | "scale" | "pixel_scale" | "multiply" | "dropout"> = {
  batch_norm(sink, { operation: { gamma, beta, mean, variance, epsilon }, names, name }) {
    sink.node("BatchNormalization", [...names, ...sink.constants(gamma, beta, mean, variance)], name, { epsilon: { float: epsilon } });
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
    }
  },

  add: (sink, { names, name }) => sink.node("Add", names, name),
  scale: (sink, { names, name }) => sink.node("Mul", names, name),
  pixel_scale: (sink, { names, name }) => sink.node("Mul", names, name),
  multiply: (sink, { names, name }) => sink.node("Mul", names, name),

  dropout(_, { name }) {
    throw new RangeError(`writeOnnx: ${name} drops values: the graph is one for training`);
  },
};

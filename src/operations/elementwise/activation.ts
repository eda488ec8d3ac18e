/** Functions of one number: x of any shape. */
import type { InferenceKernels } from "../../../kernels/contract.ts";
import { elementwiseShape } from "../../../kernels/shapes.ts";
import type { Activation, ActivationKind } from "../../graph/graph.ts";
import { sameShape } from "../record.ts";
import type { Computation, Declaration } from "../record.ts";

/** The kernels of those without slope or offset. */
const functions = {
  relu: "reluForward", relu6: "relu6Forward", sigmoid: "sigmoidForward", silu: "siluForward", hard_swish: "hardSwishForward", tanh: "tanhForward",
} as const satisfies Record<Exclude<ActivationKind, "leaky_relu" | "hard_sigmoid">, keyof InferenceKernels>;

export const relu: Activation = { activation: "relu", slope: 0, offset: 0 };

/** y may be x. */
export function activate(kernels: InferenceKernels, y: Float32Array, { activation, slope, offset }: Activation, x: Float32Array): void {
  const shape = elementwiseShape(y.length);
  if (activation === "leaky_relu") kernels.leakyReluForward(y, x, slope, shape);
  else if (activation === "hard_sigmoid") kernels.hardSigmoidForward(y, x, slope, offset, shape);
  else kernels[functions[activation]](y, x, shape);
}

export const activation: Declaration<"activation"> = { shape: sameShape };

export const activationComputation: Computation<"activation"> = {
  step({ operation, inputs, output }, { array, kernels }) {
    const [y, x] = [array(output), array(inputs[0])];
    return () => activate(kernels, y, operation, x);
  },

  label: (operation) => `activation ${operation.activation}`,

  check({ x, add }) {
    for (const name of [...Object.keys(functions), "leaky_relu", "hard_sigmoid"] as ActivationKind[]) {
      add({ kind: "activation", activation: name, slope: 0.2, offset: 0.5 }, x.shape, x);
    }
  },
};

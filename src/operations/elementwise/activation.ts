/** Functions of one number: x of any shape. */
import type { InferenceKernels } from "../../../kernels/contract.ts";
import type { Activation, ActivationKind, Node } from "../../graph/graph.ts";
import { sameShape } from "../record.ts";
import type { Computation, Declaration, Routine, RoutineContext } from "../record.ts";

/** Their kernels. */
const functions = {
  relu: "reluForward", relu6: "relu6Forward", sigmoid: "sigmoidForward", silu: "siluForward", hard_swish: "hardSwishForward",
  tanh: "tanhForward",
  gelu: "geluForward", gelu_tanh: "geluTanhForward",
  leaky_relu: "leakyReluForward", hard_sigmoid: "hardSigmoidForward",
} as const satisfies Record<ActivationKind, keyof InferenceKernels>;

export const relu: Activation = { activation: "relu", slope: 0, offset: 0 };

/** Has this family of kernels the function? */
export function hasActivation(kernels: InferenceKernels, { activation }: Activation): boolean {
  return kernels[functions[activation]] !== undefined;
}

/** y may be x. */
export function activate(kernels: InferenceKernels, y: Float32Array, { activation, slope, offset }: Activation, x: Float32Array): void {
  const shape = { size: y.length };
  const given = activation === "leaky_relu" ? [slope] : activation === "hard_sigmoid" ? [slope, offset] : [];
  (kernels[functions[activation]] as (...given: readonly unknown[]) => void)(y, x, ...given, shape);
}

/** The routine of a kind after which passes may put an activation. */
export function withActivation<N extends Node & { readonly operation: { readonly activation?: Activation } }>(
  routineOf: (node: N, context: RoutineContext) => Routine,
): (node: N, context: RoutineContext) => Routine {
  return (node, context) => {
    const routine = routineOf(node, context);
    const { operation, output } = node;
    const y = context.array(output);
    return () => {
      routine();
      if (operation.activation !== undefined) activate(context.kernels, y, operation.activation, y);
    };
  };
}

export const activation: Declaration<"activation"> = { shape: sameShape };

export const activationComputation: Computation<"activation"> = {
  routine({ operation, inputs, output }, { array, kernels }) {
    const [y, x] = [array(output), array(inputs[0])];
    return () => activate(kernels, y, operation, x);
  },

  label: (operation) => `activation ${operation.activation}`,

  check({ x, add }) {
    for (const name of Object.keys(functions) as ActivationKind[]) {
      add({ kind: "activation", activation: name, slope: 0.2, offset: 0.5 }, x.shape, x);
    }
  },
};

/** The activations that there are: functions of one number, by the names that graphs, kernels and options of models give them. */
export type ActivationKind =
  | "relu" | "relu6" | "leaky_relu" | "sigmoid" | "hard_sigmoid" | "silu" | "hard_swish" | "tanh" | "gelu" | "gelu_tanh";

/** One of them. `slope` is of leaky_relu and hard_sigmoid, `offset` of hard_sigmoid; of no meaning for the others. */
export interface Activation {
  readonly activation: ActivationKind;
  readonly slope: number;
  readonly offset: number;
}

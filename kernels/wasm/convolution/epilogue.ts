import type { Activation } from "../shared/activation.ts";
import type { Layout } from "../shared/layout.ts";

/** What happens to a sum before it is stored, in this order: y = activation(gate * sum + residual). */
export interface ConvEpilogue {
  /** A factor for each output channel. */
  readonly gate: boolean;
  /** How the image lies that is added: as many channels, rows and columns as the output, any halo. */
  readonly residual: Layout | undefined;
  readonly activation: Activation | undefined;
  /** y = activation(gate * sum without bias + bias + residual) instead: depthwise kernels alone have it, as a gate of their input. */
  readonly biasLast?: boolean;
}

export const noEpilogue: ConvEpilogue = { gate: false, residual: undefined, activation: undefined };

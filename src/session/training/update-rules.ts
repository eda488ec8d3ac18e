/** The optimisers that there are, their defaults and what they keep: the same for eager models (src/train/optimisers) and sessions. */
import type { Shape } from "../../tensor.ts";

/**
 * Gradient descent with momentum, as PyTorch has it: v = momentum * v + g, p -= rate * v, with Nesterov's rule p -= rate * (g + momentum *
 * v).
 * @example
 * const optimiser: SgdRule = { method: "sgd", nesterov: true, weightDecay: 5e-4, decays: (name) => name.endsWith("weight") };
 * compileTrainingSync(new Sequential(new Flatten(), new Linear(4, 3)), { input: [2, 1, 2, 2], optimiser }).updates   // => 0
 */
export interface SgdRule {
  readonly method: "sgd";
  /** Default 0.9. */
  readonly momentum?: number;
  readonly nesterov?: boolean;
  /** Strength, default 0. */
  readonly weightDecay?: number;
  /** Which parameters decay. By default those of two dimensions and more. */
  readonly decays?: (name: string, shape: Shape) => boolean;
}

/**
 * AdamW (arXiv 1711.05101, algorithm 2): the weights themselves decay.
 * @example
 * const optimiser: AdamWRule = { method: "adamw", betas: [0.9, 0.99], weightDecay: 0.01 };
 * compileTrainingSync(new Sequential(new Flatten(), new Linear(4, 3)), { input: [2, 1, 2, 2], optimiser }).updates   // => 0
 */
export interface AdamWRule {
  readonly method: "adamw";
  /** Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly epsilon?: number;
  readonly weightDecay?: number;
  readonly decays?: (name: string, shape: Shape) => boolean;
}

export type UpdateRule = SgdRule | AdamWRule;

export const sgdDefaults = { momentum: 0.9, nesterov: false } as const;
export const adamDefaults = { betas: [0.9, 0.999], epsilon: 1e-8 } as const;

/** What each method keeps for every parameter, by the names that checkpoints have. */
export const slotNames: Readonly<Record<UpdateRule["method"], readonly string[]>> = { sgd: ["momentum"], adamw: ["first", "second"] };

/** Does a parameter of this shape decay where nothing else is said? Weights do; biases, and gamma and beta of a normalisation, do not. */
export function decaysByDefault(shape: Shape): boolean {
  return shape.length > 1;
}

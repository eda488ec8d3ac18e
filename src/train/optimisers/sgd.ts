/** Stochastic gradient descent with momentum, as PyTorch defines it (torch.optim.SGD). */
import { checkFields, flag } from "../../checks.ts";
import type { ArgumentKind } from "../../checks.ts";
import type { Parameter } from "../../nn/parameter.ts";
import { sgdDefaults, slotNames } from "../../session/training/update-rules.ts";
import type { Floats } from "../../tensor.ts";
import { Optimiser, checkRate } from "./optimiser.ts";
import type { OptimiserOptions } from "./optimiser.ts";

export interface SgdOptions extends OptimiserOptions {
  /** Default 0.9. */
  readonly momentum?: number;
  /** Nesterov's look-ahead. Default false. */
  readonly nesterov?: boolean;
}

/**
 * Stochastic gradient descent with momentum, as PyTorch's SGD has it:
 *
 *   g = gradient + decay * w,  v = momentum * v + g,  w = w - rate * v
 *
 * with Nesterov w = w - rate * (g + momentum * v). The rate stands outside v, so that a schedule acts at once (Goyal et
 * al., arXiv 1706.02677, equation 9 and remark 2).
 * @throws RangeError for a momentum that is not from 0 to below 1, or a negative decay
 * @example
 * const model = new Linear(1, 1, { bias: false });
 * model.weight.gradient.data[0] = 2;
 * new Sgd(model.namedParameters(), { momentum: 0.9 }).step(0.5);
 * model.weight.value.data   // => [-1]
 */
export class Sgd extends Optimiser {
  readonly slotNames: readonly string[] = slotNames.sgd;
  readonly momentum: number;
  readonly nesterov: boolean;

  constructor(parameters: ReadonlyMap<string, Parameter>, options: SgdOptions = {}) {
    const known: Record<keyof SgdOptions, ArgumentKind | null> = { momentum: null, nesterov: flag, weightDecay: null, decays: null };
    checkFields("Sgd", options, known);
    super(parameters, options);
    this.momentum = checkRate("Sgd: momentum", options.momentum === undefined ? sgdDefaults.momentum : options.momentum, 0, 1);
    this.nesterov = options.nesterov ?? sgdDefaults.nesterov;
  }

  protected update(w: Floats, gradient: Floats, slots: readonly Floats[], rate: number, decay: number): void {
    const v = slots[0];
    const { momentum, nesterov } = this;
    for (let i = 0; i < w.length; i++) {
      const g = gradient[i] + decay * w[i];
      const velocity = momentum * v[i] + g;
      v[i] = velocity;
      w[i] -= rate * (nesterov ? g + momentum * velocity : velocity);
    }
  }
}

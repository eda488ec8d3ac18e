/** Adam (Kingma and Ba, arXiv 1412.6980, algorithm 1) and AdamW (Loshchilov and Hutter, arXiv 1711.05101, algorithm 2). */
import { checkFields, flag } from "../../checks.ts";
import type { ArgumentKind } from "../../checks.ts";
import { pow } from "../../../kernels/math.ts";
import type { Parameter } from "../../nn/parameter.ts";
import { adamDefaults, slotNames } from "../../session/training/update-rules.ts";
import type { Floats } from "../../tensor.ts";
import { Optimiser, checkRate } from "./optimiser.ts";
import type { OptimiserOptions } from "./optimiser.ts";

export interface AdamOptions extends OptimiserOptions {
  /** Decay rates of the two means. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Added to the root of the second mean. Default 1e-8. */
  readonly epsilon?: number;
  /** Decay the weights themselves (AdamW) instead of adding the decay to the gradient (Adam). Default false. */
  readonly decoupled?: boolean;
}

const pair: ArgumentKind = { wanted: "two numbers", is: Array.isArray, fits: (value: readonly unknown[]) => value.length === 2 };

/** What is null is checked where it is used. */
const known: Record<keyof AdamOptions, ArgumentKind | null> = {
  betas: pair, epsilon: null, decoupled: flag, weightDecay: null, decays: null,
};

/**
 * Adam (Kingma and Ba, arXiv 1412.6980, algorithm 1):
 *
 *   m = b1 * m + (1 - b1) * g,  v = b2 * v + (1 - b2) * g^2
 *   w = w - rate * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)
 *
 * where g = gradient + decay * w (Adam), or w is first multiplied by 1 - rate * decay (AdamW).
 * @throws RangeError for betas that are not from 0 to below 1, or a negative epsilon or decay
 * @example
 * const model = new Linear(1, 1, { bias: false });
 * model.weight.gradient.data[0] = 2;
 * new Adam(model.namedParameters()).step(0.5);
 * model.weight.value.data   // => [-0.5]
 */
export class Adam extends Optimiser {
  readonly slotNames: readonly string[] = slotNames.adamw;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly decoupled: boolean;

  constructor(parameters: ReadonlyMap<string, Parameter>, options: AdamOptions = {}) {
    checkFields("Adam", options, known);
    super(parameters, options);
    const [first, second] = options.betas ?? adamDefaults.betas;
    this.betas = [checkRate("Adam: betas[0]", first, 0, 1), checkRate("Adam: betas[1]", second, 0, 1)];
    this.epsilon = checkRate("Adam: epsilon", options.epsilon === undefined ? adamDefaults.epsilon : options.epsilon);
    this.decoupled = options.decoupled ?? false;
  }

  protected update(w: Floats, gradient: Floats, slots: readonly Floats[], rate: number, decay: number, update: number): void {
    const [m, v] = slots;
    const [beta1, beta2] = this.betas;
    const { epsilon } = this;
    const correction1 = 1 - pow(beta1, update);
    const correction2 = 1 - pow(beta2, update);
    const inGradient = this.decoupled ? 0 : decay;
    const kept = this.decoupled ? 1 - rate * decay : 1;
    for (let i = 0; i < w.length; i++) {
      const g = gradient[i] + inGradient * w[i];
      const mean = beta1 * m[i] + (1 - beta1) * g;
      const square = beta2 * v[i] + (1 - beta2) * g * g;
      m[i] = mean;
      v[i] = square;
      w[i] = w[i] * kept - (rate * (mean / correction1)) / (Math.sqrt(square / correction2) + epsilon);
    }
  }
}

/**
 * Adam with decoupled weight decay. PyTorch's default decay is 0.01; here, as everywhere, it is 0 unless given.
 * @example
 * const model = new Linear(1, 1, { bias: false });
 * new AdamW(model.namedParameters(), { weightDecay: 0.01 }).decoupled   // => true
 */
export class AdamW extends Adam {
  constructor(parameters: ReadonlyMap<string, Parameter>, options: AdamOptions = {}) {
    checkFields("Adam", options, known);
    super(parameters, { ...options, decoupled: true });
  }
}

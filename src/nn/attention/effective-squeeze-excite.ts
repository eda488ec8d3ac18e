/**
 * Effective Squeeze-and-Excitation (Lee and Park: "CenterMask", arXiv 1911.06667, section 2.4): SE without the narrow hidden layer,
 * which loses information about the channels.
 *
 *   y = gate(W mean(x) + b) * x      W: (C, C), the gate a hard sigmoid
 *
 * Names as timm's EffectiveSEModule (timm/layers/squeeze_excite.py).
 */
import { flag } from "../../checks.ts";
import { checkExcitation } from "./options.ts";
import { activation } from "../layers/activations.ts";
import type { ActivationName } from "../layers/activations.ts";
import { Recalibrate, Sequential } from "../combinators.ts";
import { Conv2d } from "../layers/conv.ts";
import type { Module } from "../module.ts";
import { GlobalAveragePool } from "../layers/pooling.ts";
import { Attention } from "./attention.ts";

export interface EffectiveSqueezeExciteOptions {
  /** Default "hard_sigmoid". */
  readonly gate?: ActivationName;
  /** Default true. */
  readonly bias?: boolean;
}

/**
 * x [N,C,H,W] to y [N,C,H,W] (Lee and Park, arXiv 1911.06667). State dict: fc.weight [C,C,1,1], fc.bias [C].
 * @example
 * new EffectiveSqueezeExcite(64).parameterCount()   // => 4160
 */
export class EffectiveSqueezeExcite extends Attention {
  readonly fc: Conv2d;
  readonly body: Module;

  constructor(channels: number, options: EffectiveSqueezeExciteOptions = {}) {
    super();
    checkExcitation("EffectiveSqueezeExcite", channels, options, { gate: null, bias: flag });
    this.fc = new Conv2d(channels, channels, { kernel: 1, bias: options.bias ?? true });
    this.body = new Recalibrate(new Sequential(new GlobalAveragePool(), this.fc, activation(options.gate ?? "hard_sigmoid")));
  }

  override describe(): string {
    return `EffectiveSqueezeExcite ${this.fc.outChannels}`;
  }
}

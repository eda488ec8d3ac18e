/**
 * Spatial squeeze and excitation, sSE (Roy, Navab, Wachinger: "Concurrent Spatial and Channel Squeeze & Excitation in Fully
 * Convolutional Networks", arXiv 1803.02579, section 2.2): the channels are squeezed into one, and every pixel gets a gate.
 *
 *   y[c,i,j] = sigmoid(sum over c of w[c] * x[c,i,j] + b) * x[c,i,j]
 */
import { flag } from "../../checks.ts";
import { checkExcitation } from "./options.ts";
import { activation } from "../layers/activations.ts";
import type { ActivationName } from "../layers/activations.ts";
import { Sequential } from "../combinators.ts";
import { Conv2d } from "../layers/conv.ts";
import type { Module } from "../module.ts";
import { Attention } from "./attention.ts";
import { ScalePixels } from "./scale.ts";

export interface SpatialSqueezeExciteOptions {
  /** Default "sigmoid". */
  readonly gate?: ActivationName;
  /** Default true, as in the authors' code (ai-med/squeeze_and_excitation); the paper's formula has none. */
  readonly bias?: boolean;
}

/**
 * x [N,C,H,W] to y [N,C,H,W] (Roy et al., arXiv 1803.02579). State dict: conv.weight [1,C,1,1], conv.bias [1].
 * @example
 * new SpatialSqueezeExcite(64).parameterCount()   // => 65
 */
export class SpatialSqueezeExcite extends Attention {
  readonly conv: Conv2d;
  readonly body: Module;

  constructor(channels: number, options: SpatialSqueezeExciteOptions = {}) {
    super();
    checkExcitation("SpatialSqueezeExcite", channels, options, { gate: null, bias: flag });
    this.conv = new Conv2d(channels, 1, { kernel: 1, bias: options.bias ?? true });
    this.body = new ScalePixels(new Sequential(this.conv, activation(options.gate ?? "sigmoid")));
  }

  override describe(): string {
    return `SpatialSqueezeExcite ${this.conv.inChannels}`;
  }
}

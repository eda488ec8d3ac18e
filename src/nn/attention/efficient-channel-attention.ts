/**
 * Efficient Channel Attention (Wang et al.: "ECA-Net", arXiv 1910.03151, equations 9 to 12): a gate sees its own squeezed channel and
 * its neighbours, through one short kernel for all channels.
 *
 *   y = sigmoid(conv1d_k(mean(x))) * x       no bias;  k = |log2(C) / 2 + 1 / 2| to an odd number
 *
 * Names and kernel sizes as timm's EcaModule (timm/layers/eca.py): k rounds down, then up to the next odd number, and is at least 3.
 */
import { checkExcitation, oddWhole } from "./options.ts";
import { activation } from "../layers/activations.ts";
import type { ActivationName } from "../layers/activations.ts";
import { Recalibrate, Sequential } from "../combinators.ts";
import type { Module } from "../module.ts";
import { GlobalAveragePool } from "../layers/pooling.ts";
import { Attention } from "./attention.ts";
import { ChannelConv } from "./channel-conv.ts";

/** Kernel size for so many channels: 3 up to 127, 5 up to 2047, 7 up to 32767. */
export function ecaKernel(channels: number): number {
  // t = floor((log2(channels) + 1) / 2), without a logarithm.
  let t = 0;
  for (let reach = 2; reach <= channels; reach *= 4) t++;
  return Math.max(t % 2 === 1 ? t : t + 1, 3);
}

export interface EfficientChannelAttentionOptions {
  /** Default `ecaKernel(channels)`. */
  readonly kernel?: number;
  /** Default "sigmoid". */
  readonly gate?: ActivationName;
}

/**
 * x [N,C,H,W] to y [N,C,H,W] (Wang et al., arXiv 1910.03151). State dict: conv.weight [1,1,k].
 * @example
 * new EfficientChannelAttention(64).parameterCount()   // => 3
 */
export class EfficientChannelAttention extends Attention {
  readonly conv: ChannelConv;
  readonly body: Module;

  constructor(channels: number, options: EfficientChannelAttentionOptions = {}) {
    super();
    checkExcitation("EfficientChannelAttention", channels, options, { kernel: oddWhole, gate: null });
    this.conv = new ChannelConv(options.kernel ?? ecaKernel(channels));
    this.body = new Recalibrate(new Sequential(new GlobalAveragePool(), this.conv, activation(options.gate ?? "sigmoid")));
  }

  override describe(): string {
    return `EfficientChannelAttention, kernel ${this.conv.size}`;
  }
}

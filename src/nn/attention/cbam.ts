/**
 * Convolutional Block Attention Module (Woo, Park, Lee, Kweon, arXiv 1807.06521, equations 1 to 3): first a gate for every channel,
 * of its mean and its maximum through one shared excitation, then a gate for every pixel, of its channels' mean and maximum.
 *
 *   a = sigmoid(W2 relu(W1 mean(x)) + W2 relu(W1 max(x))) * x                    no biases
 *   y = sigmoid(norm(conv7x7([mean over c of a; max over c of a]))) * a
 *
 * Names as timm's CbamModule (timm/layers/cbam.py), which has batch normalisation after the 7x7 convolution, as the authors' code.
 */
import { checkExcitation, oddWhole } from "./options.ts";
import { activation } from "../layers/activations.ts";
import type { ActivationName } from "../layers/activations.ts";
import { BatchNorm2d } from "../layers/batch-norm.ts";
import { Concatenate, Recalibrate, Sequential } from "../combinators.ts";
import { Conv2d } from "../layers/conv.ts";
import { Composite } from "../module.ts";
import type { Module } from "../module.ts";
import { hiddenWidth } from "./squeeze-excite.ts";
import type { Rounding } from "./squeeze-excite.ts";
import { Attention } from "./attention.ts";
import { MeanPlusMax } from "./mean-plus-max.ts";
import { ChannelMax, ChannelMean } from "./over-channels.ts";
import { ScalePixels } from "./scale.ts";

export interface CbamOptions {
  /** Default 16. */
  readonly reduction?: number;
  readonly rounding?: Rounding;
  /** Of the convolution over places, odd. Default 7. */
  readonly kernel?: number;
  /** Default "sigmoid". */
  readonly gate?: ActivationName;
  /** Default "relu". */
  readonly inner?: ActivationName;
}

class ChannelGate extends Composite {
  readonly fc1: Conv2d;
  readonly fc2: Conv2d;
  readonly body: Module;

  constructor(channels: number, hidden: number, options: CbamOptions) {
    super();
    this.fc1 = new Conv2d(channels, hidden, { kernel: 1, bias: false });
    this.fc2 = new Conv2d(hidden, channels, { kernel: 1, bias: false });
    const squeeze = new MeanPlusMax(new Sequential(this.fc1, activation(options.inner ?? "relu"), this.fc2));
    this.body = new Recalibrate(new Sequential(squeeze, activation(options.gate ?? "sigmoid")));
  }
}

class ConvNorm extends Composite {
  readonly conv: Conv2d;
  readonly bn: BatchNorm2d;
  readonly body: Module;

  constructor(kernel: number) {
    super();
    this.conv = new Conv2d(2, 1, { kernel, padding: (kernel - 1) / 2, bias: false });
    this.bn = new BatchNorm2d(1);
    this.body = new Sequential(this.conv, this.bn);
  }
}

class PlaceGate extends Composite {
  readonly conv: ConvNorm;
  readonly body: Module;

  constructor(options: CbamOptions) {
    super();
    this.conv = new ConvNorm(options.kernel ?? 7);
    this.body = new ScalePixels(
      new Sequential(new Concatenate(new ChannelMean(), new ChannelMax()), this.conv, activation(options.gate ?? "sigmoid")),
    );
  }
}

/**
 * x [N,C,H,W] to y [N,C,H,W] (Woo et al., arXiv 1807.06521). State dict: channel.fc1.weight [C/r,C,1,1], channel.fc2.weight,
 * spatial.conv.conv.weight [1,2,7,7], spatial.conv.bn.*.
 * @example
 * new Cbam(64, { reduction: 16 }).outputShape([1, 64, 7, 7])   // => [1,64,7,7]
 */
export class Cbam extends Attention {
  readonly channel: ChannelGate;
  readonly spatial: PlaceGate;
  readonly body: Module;

  constructor(channels: number, options: CbamOptions = {}) {
    super();
    checkExcitation("Cbam", channels, options, { reduction: null, rounding: null, kernel: oddWhole, gate: null, inner: null });
    this.channel = new ChannelGate(channels, hiddenWidth(channels, options), options);
    this.spatial = new PlaceGate(options);
    this.body = new Sequential(this.channel, this.spatial);
  }

  override describe(): string {
    return `Cbam ${this.channel.fc1.inChannels}, hidden ${this.channel.fc1.outChannels}`;
  }
}

/**
 * ESE-VoVNet-19b-dw (Lee and Park, "CenterMask", arXiv 1911.06667), as timm has it (timm/models/vovnet.py): one-shot aggregation, where a
 * block's layers come one after the other and all of them are joined once, at its end; effective SE behind that. This one has depthwise
 * layers.
 */
import { ReLU } from "../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Concatenate, Residual, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { MaxPool2d } from "../../src/nn/layers/pooling.ts";
import { Identity } from "../../src/nn/layers/reshape.ts";
import { LeastImage } from "../../src/nn/image-size.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import type { Attention } from "../../src/nn/attention/attention.ts";
import { imagenet, square } from "../../src/io/images/presets.ts";
import type { Family } from "../family.ts";
import { Head } from "../head.ts";
import { count, counts, fraction, readOptions } from "../options.ts";
import type { GivenOptions } from "../options.ts";
import { makeSe, present, seReaders } from "../se-options.ts";
import type { SeOptions } from "../se-options.ts";

export interface VovNetOptions extends SeOptions {
  readonly classes: number;
  readonly inChannels: number;
  /** Channels of the layers of each stage, and of what they are joined to. */
  readonly layers: readonly number[];
  readonly stages: readonly number[];
  readonly dropout: number;
}

class ConvNormAct extends Composite {
  readonly conv: Conv2d;
  readonly bn: BatchNorm2d;
  readonly body: Module;

  constructor(from: number, to: number, kernel: number, stride: number = 1) {
    super();
    this.conv = new Conv2d(from, to, { kernel, stride, padding: (kernel - 1) / 2, bias: false });
    this.bn = new BatchNorm2d(to);
    this.body = new Sequential(this.conv, this.bn, new ReLU());
  }
}

/** A depthwise and a 1x1 convolution with one normalisation. */
class SeparableConvNormAct extends Composite {
  readonly convDw: Conv2d;
  readonly convPw: Conv2d;
  readonly bn: BatchNorm2d;
  readonly body: Module;

  constructor(from: number, to: number, stride: number = 1) {
    super();
    this.convDw = new Conv2d(from, from, { kernel: 3, stride, padding: 1, groups: from, bias: false });
    this.convPw = new Conv2d(from, to, { kernel: 1, bias: false });
    this.bn = new BatchNorm2d(to);
    this.body = new Sequential(this.convDw, this.convPw, this.bn, new ReLU());
  }
}

const LAYERS = 3;

/** Layers one after the other, whose outputs are all put out: the first one's beside all that follows it, and so on. */
class OneShot extends Composite {
  readonly layers: readonly Module[];
  readonly body: Module;

  constructor(channels: number) {
    super();
    const layers = Array.from({ length: LAYERS }, () => new SeparableConvNormAct(channels, channels));
    this.layers = layers;
    this.body = layers.slice(0, -1).reduceRight<Module>((after, layer) => new Sequential(layer, new Concatenate(new Identity(), after)),
      layers[LAYERS - 1]);
  }

  override children(): [string, Module][] {
    return this.layers.map((layer, i) => [String(i), layer]);
  }
}

class Block extends Composite {
  readonly convReduction: ConvNormAct;
  readonly convMid: OneShot;
  readonly convConcat: ConvNormAct;
  readonly attn: Attention | undefined;
  readonly body: Module;

  constructor(from: number, middle: number, to: number, summed: boolean, options: VovNetOptions) {
    super();
    this.convReduction = new ConvNormAct(from, middle, 1);
    this.convMid = new OneShot(middle);
    this.convConcat = new ConvNormAct(from + LAYERS * middle, to, 1);
    this.attn = makeSe(to, { ...options, attention: options.attention ?? (options.se ? "ese" : undefined) });
    const joined = new Concatenate(new Identity(), new Sequential(this.convReduction, this.convMid));
    const branch = new Sequential(...present<Module>(joined, this.convConcat, this.attn));
    this.body = summed ? new Residual(branch) : branch;
  }
}

class Stage extends Composite {
  readonly blocks: Sequential;
  readonly body: Module;

  constructor(from: number, middle: number, to: number, halved: boolean, options: VovNetOptions) {
    super();
    this.blocks = new Sequential(new Block(from, middle, to, false, options));
    this.body = new Sequential(...present<Module>(halved ? new MaxPool2d({ kernel: 3, stride: 2, ceilMode: true }) : undefined,
      this.blocks));
  }
}

/** Images [N, inChannels, H, W] to logits [N, classes]. */
export class VovNet extends Composite {
  readonly stem: Sequential;
  readonly stages: Sequential;
  readonly head: Head;
  readonly body: Module;

  constructor(name: string, options: VovNetOptions) {
    super();
    let channels = 64;
    this.stem = new Sequential(
      new ConvNormAct(options.inChannels, channels, 3, 2), new SeparableConvNormAct(channels, channels), new SeparableConvNormAct(channels,
        channels, 2));
    this.stages = new Sequential(...options.stages.map((to, s) => {
      const stage = new Stage(channels, options.layers[s], to, s > 0, options);
      channels = to;
      return stage;
    }));
    this.head = new Head(channels, options);
    this.body = new Sequential(new LeastImage(name, 29), this.stem, this.stages, this.head);
  }
}

function vovnet(name: string, options: GivenOptions): VovNet {
  return new VovNet(name, readOptions<VovNetOptions>(name, options, {
    classes: count(1000),
    inChannels: count(3),
    layers: counts([128, 160, 192, 224]),
    stages: counts([256, 512, 768, 1024]),
    dropout: fraction(0),
    ...seReaders({ se: true }),
  }));
}

export const vovnets: Family = {
  entries: () => [{ name: "ese_vovnet19b_dw", libraries: ["timm"], build: vovnet }],
  presets: () => ({ ese_vovnet19b_dw: square(imagenet, 224, 235), "ese_vovnet19b_dw.ra_in1k@288": square(imagenet, 288, 303) }),
  recognise: (shapes) => (shapes.has("stages.0.blocks.0.attn.fc.weight") && shapes.has("stem.1.conv_dw.weight")
    ? "ese_vovnet19b_dw" : undefined),
};

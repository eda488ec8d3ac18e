/**
 * RepViT (Wang et al., arXiv 2307.09283), as timm has it (timm/models/repvit.py): a token mixer of three branches, a 3x3 and a 1x1
 * depthwise convolution and the identity, which sessions and ONNX files have as one convolution; then SE in every second block, then a
 * mixer of channels with GELU. Two heads are averaged.
 */
import { GELU } from "../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Residual, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Dropout } from "../../src/nn/layers/dropout.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { MergedBranches } from "../../src/nn/layers/merged-branches.ts";
import { MultiplyBy } from "../../src/nn/layers/multiply-by.ts";
import { GlobalAveragePool } from "../../src/nn/layers/pooling.ts";
import { Flatten } from "../../src/nn/layers/reshape.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import type { Attention } from "../../src/nn/attention/attention.ts";
import { makeDivisible } from "../../src/nn/attention/squeeze-excite.ts";
import { bicubic, square } from "../../src/io/images/presets.ts";
import type { Entry, Family } from "../family.ts";
import { count, counts, flag, fraction, readOptions } from "../options.ts";
import type { GivenOptions } from "../options.ts";
import { makeSe, present, seReaders } from "../se-options.ts";
import type { SeOptions } from "../se-options.ts";

export interface RepVitOptions extends SeOptions {
  readonly classes: number;
  readonly inChannels: number;
  /** Channels, and blocks, of the four stages. */
  readonly widths: readonly number[];
  readonly blocks: readonly number[];
  readonly dropout: number;
  /** Are convolutions and normalisations, branches, and both heads one layer each, as timm's `fuse()` leaves them? For inference. */
  readonly fused: boolean;
}

class ConvNorm extends Composite {
  readonly c: Conv2d;
  readonly bn: BatchNorm2d;
  readonly body: Module;

  constructor(from: number, to: number, kernel: number, stride: number = 1, groups: number = 1, initialGamma: number = 1) {
    super();
    this.c = new Conv2d(from, to, { kernel, stride, groups, padding: (kernel - 1) / 2, bias: false });
    this.bn = new BatchNorm2d(to, { initialGamma });
    this.body = new Sequential(this.c, this.bn);
  }
}

/** A convolution and its normalisation, or of a fused network the convolution that does the same. */
function convNorm(
  { fused }: RepVitOptions, from: number, to: number, kernel: number, stride: number = 1, groups: number = 1, initialGamma: number = 1,
): ConvNorm | Conv2d {
  return fused
    ? new Conv2d(from, to, { kernel, stride, groups, padding: (kernel - 1) / 2 })
    : new ConvNorm(from, to, kernel, stride, groups, initialGamma);
}

class TokenMixer extends Composite {
  readonly conv: ConvNorm;
  readonly conv1: Conv2d;
  readonly bn: BatchNorm2d;
  readonly body: Module;

  constructor(channels: number) {
    super();
    this.conv = new ConvNorm(channels, channels, 3, 1, channels);
    this.conv1 = new Conv2d(channels, channels, { kernel: 1, groups: channels });
    this.bn = new BatchNorm2d(channels);
    const branches = [{ conv: this.conv.c, norm: this.conv.bn }, { conv: this.conv1 }];
    this.body = new Sequential(new MergedBranches(new Residual(new Residual(this.conv, this.conv1)), branches, true), this.bn);
  }
}

class ChannelMixer extends Composite {
  readonly conv1: ConvNorm | Conv2d;
  readonly conv2: ConvNorm | Conv2d;
  readonly body: Module;

  constructor(channels: number, options: RepVitOptions) {
    super();
    this.conv1 = convNorm(options, channels, 2 * channels, 1);
    this.conv2 = convNorm(options, 2 * channels, channels, 1, 1, 1, 0);
    this.body = new Sequential(this.conv1, new GELU(), this.conv2);
  }
}

class Block extends Composite {
  readonly tokenMixer: TokenMixer | Conv2d;
  readonly se: Attention | undefined;
  readonly channelMixer: ChannelMixer;
  readonly body: Module;

  constructor(channels: number, se: boolean, options: RepVitOptions) {
    super();
    this.tokenMixer = options.fused
      ? new Conv2d(channels, channels, { kernel: 3, padding: 1, groups: channels }) : new TokenMixer(channels);
    this.se = se ? makeSe(channels, options, { hidden: makeDivisible(channels / (options.reduction ?? 4), 8, 0) }) : undefined;
    this.channelMixer = new ChannelMixer(channels, options);
    this.body = new Sequential(...present<Module>(this.tokenMixer, this.se, new Residual(this.channelMixer)));
  }
}

class Downsample extends Composite {
  readonly preBlock: Block;
  readonly spatialDownsample: ConvNorm | Conv2d;
  readonly channelDownsample: ConvNorm | Conv2d;
  readonly ffn: ChannelMixer;
  readonly body: Module;

  constructor(from: number, to: number, options: RepVitOptions) {
    super();
    this.preBlock = new Block(from, false, options);
    this.spatialDownsample = convNorm(options, from, from, 3, 2, from);
    this.channelDownsample = convNorm(options, from, to, 1);
    this.ffn = new ChannelMixer(to, options);
    this.body = new Sequential(this.preBlock, this.spatialDownsample, this.channelDownsample, new Residual(this.ffn));
  }
}

class Stage extends Composite {
  readonly downsample: Downsample | undefined;
  readonly blocks: Sequential;
  readonly body: Module;

  constructor(from: number, to: number, blocks: number, first: boolean, options: RepVitOptions) {
    super();
    this.downsample = first ? undefined : new Downsample(from, to, options);
    this.blocks = new Sequential(...Array.from({ length: blocks }, (_, i) => new Block(to, i % 2 === 0, options)));
    this.body = new Sequential(...present<Module>(this.downsample, this.blocks));
  }
}

class Stem extends Composite {
  readonly conv1: ConvNorm | Conv2d;
  readonly conv2: ConvNorm | Conv2d;
  readonly body: Module;

  constructor(to: number, options: RepVitOptions) {
    super();
    this.conv1 = convNorm(options, options.inChannels, to / 2, 3, 2);
    this.conv2 = convNorm(options, to / 2, to, 3, 2);
    this.body = new Sequential(this.conv1, new GELU(), this.conv2);
  }
}

/** A normalisation of the pooled features and a linear layer. */
class NormLinear extends Composite {
  readonly bn: BatchNorm2d;
  readonly l: Linear;
  readonly body: Module;

  constructor(from: number, classes: number) {
    super();
    this.bn = new BatchNorm2d(from);
    this.l = new Linear(from, classes, { initialDeviation: 0.02 });
    this.body = new Sequential(this.bn, new Flatten(), this.l);
  }
}

class Head extends Composite {
  readonly head: NormLinear;
  readonly headDist: NormLinear;
  readonly body: Module;

  constructor(from: number, { classes, dropout }: RepVitOptions) {
    super();
    this.head = new NormLinear(from, classes);
    this.headDist = new NormLinear(from, classes);
    this.body = new Sequential(new GlobalAveragePool(), new Dropout(dropout), new Residual(this.head, this.headDist), new MultiplyBy(0.5));
  }
}

/** Images [N, inChannels, H, W] to logits [N, classes]. */
export class RepVit extends Composite {
  readonly stem: Stem;
  readonly stages: Sequential;
  readonly head: Head | Linear;
  readonly body: Module;

  constructor(options: RepVitOptions) {
    super();
    const { widths, blocks } = options;
    this.stem = new Stem(widths[0], options);
    this.stages = new Sequential(...widths.map((width, s) => new Stage(widths[Math.max(0, s - 1)], width, blocks[s], s === 0, options)));
    const last = widths[widths.length - 1];
    this.head = options.fused ? new Linear(last, options.classes, { initialDeviation: 0.02 }) : new Head(last, options);
    const head = this.head instanceof Head ? [this.head]
      : [new GlobalAveragePool(), new Flatten(), new Dropout(options.dropout), this.head];
    this.body = new Sequential(this.stem, this.stages, ...head);
  }
}

const variants = [
  ["repvit_m0_9", [48, 96, 192, 384], [2, 2, 14, 2]], ["repvit_m1_0", [56, 112, 224, 448], [2, 2, 14, 2]],
  ["repvit_m1_1", [64, 128, 256, 512], [2, 2, 12, 2]], ["repvit_m1_5", [64, 128, 256, 512], [4, 4, 24, 4]],
  ["repvit_m2_3", [80, 160, 320, 640], [6, 6, 34, 2]],
] as const;

function repvit(name: string, widths: readonly number[], blocks: readonly number[], options: GivenOptions): RepVit {
  const read = readOptions<RepVitOptions>(name, options, {
    classes: count(1000), inChannels: count(3), widths: counts(widths), blocks: counts(blocks), dropout: fraction(0), fused: flag(false),
    ...seReaders({ se: true }) });
  if (read.widths[0] % 2 !== 0) throw new RangeError(`${name}: option "widths" wants an even first number, got ${read.widths[0]}`);
  return new RepVit(read);
}

export const repvits: Family = {
  entries: () => variants.map(([name, widths, blocks]): Entry => (
    { name, libraries: ["timm"], build: (called, options) => repvit(called, widths, blocks, options) })),
  presets: () => Object.fromEntries(variants.map(([name]) => [name, square(bicubic, 224, 235)])),
  recognise(shapes) {
    const last = shapes.get("head.head.l.weight")?.[1];
    if (!shapes.has("stages.0.blocks.0.token_mixer.conv.c.weight")) return undefined;
    const third = new Set([...shapes.keys()].map((name) => /^stages\.2\.blocks\.(\d+)\./.exec(name)?.[1])).size - 1;
    return variants.find(([, widths, blocks]) => widths[3] === last && blocks[2] === third)?.[0];
  },
};

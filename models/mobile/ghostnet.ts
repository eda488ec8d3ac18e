/**
 * GhostNet (Han et al., arXiv 1911.11907) and GhostNetV2 (Tang et al., arXiv 2211.12905), as timm has them (timm/models/ghostnet.py): a
 * ghost module makes half of its channels by a 1x1 convolution, and the other half of these by a cheap depthwise one. V2 multiplies them
 * by a gate for each pixel.
 */
import { ReLU, Sigmoid } from "../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Concatenate, Residual, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Dropout } from "../../src/nn/layers/dropout.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { AveragePool2d, GlobalAveragePool } from "../../src/nn/layers/pooling.ts";
import { Flatten, Identity } from "../../src/nn/layers/reshape.ts";
import { LeastImage } from "../../src/nn/image-size.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import type { Attention } from "../../src/nn/attention/attention.ts";
import { ScaleElements } from "../../src/nn/attention/scale.ts";
import { makeDivisible } from "../../src/nn/attention/squeeze-excite.ts";
import { bicubic } from "../../src/io/images/presets.ts";
import type { Entry, Family } from "../family.ts";
import { count, fraction, positive, readOptions } from "../options.ts";
import type { GivenOptions } from "../options.ts";
import { makeSe, present, seReaders } from "../se-options.ts";
import type { SeOptions } from "../se-options.ts";

export interface GhostNetOptions extends SeOptions {
  readonly classes: number;
  readonly inChannels: number;
  readonly width: number;
  readonly dropout: number;
}

/** Kernel, middle channels, output channels, SE, stride. */
type Row = readonly [number, number, number, boolean, number];

const rows: readonly (readonly Row[])[] = [
  [[3, 16, 16, false, 1]],
  [[3, 48, 24, false, 2]],
  [[3, 72, 24, false, 1]],
  [[5, 72, 40, true, 2]],
  [[5, 120, 40, true, 1]],
  [[3, 240, 80, false, 2]],
  [[3, 200, 80, false, 1], [3, 184, 80, false, 1], [3, 184, 80, false, 1], [3, 480, 112, true, 1], [3, 672, 112, true, 1]],
  [[5, 672, 160, true, 2]],
  [[5, 960, 160, false, 1], [5, 960, 160, true, 1], [5, 960, 160, false, 1], [5, 960, 160, true, 1]],
];

/** Widths are multiples of 4 here. */
const scaled = (channels: number, width: number): number => makeDivisible(channels * width, 4);

function depthwise(channels: number, kernel: number | readonly [number, number], stride: number = 1): Conv2d {
  const padding = typeof kernel === "number" ? (kernel - 1) / 2 : [(kernel[0] - 1) / 2, (kernel[1] - 1) / 2] as const;
  return new Conv2d(channels, channels, { kernel, stride, padding, groups: channels, bias: false });
}

function pointwise(from: number, to: number): Conv2d {
  return new Conv2d(from, to, { kernel: 1, bias: false });
}

class GhostModule extends Composite {
  readonly primaryConv: Sequential;
  readonly cheapOperation: Sequential;
  readonly shortConv: Sequential | undefined;
  readonly body: Module;

  /** @param gated V2's gate for each pixel: from a quarter of the image, by long thin kernels across and down */
  constructor(from: number, to: number, act: boolean, gated: boolean) {
    super();
    const half = to / 2;
    this.primaryConv = new Sequential(...present<Module>(pointwise(from, half), new BatchNorm2d(half), act ? new ReLU() : undefined));
    this.cheapOperation = new Sequential(...present<Module>(depthwise(half, 3), new BatchNorm2d(half), act ? new ReLU() : undefined));
    this.shortConv = gated
      ? new Sequential(pointwise(from, to), new BatchNorm2d(to), depthwise(to, [1, 5]), new BatchNorm2d(to), depthwise(to, [5, 1]),
        new BatchNorm2d(to)) : undefined;
    const ghosts = new Sequential(this.primaryConv, new Concatenate(new Identity(), this.cheapOperation));
    this.body = this.shortConv === undefined
      ? ghosts : new ScaleElements(new Sequential(new AveragePool2d({ kernel: 2, stride: 2 }), this.shortConv, new Sigmoid()), ghosts);
  }
}

class GhostBottleneck extends Composite {
  readonly ghost1: GhostModule;
  readonly convDw: Conv2d | undefined;
  readonly bnDw: BatchNorm2d | undefined;
  readonly se: Attention | undefined;
  readonly ghost2: GhostModule;
  readonly shortcut: Sequential | undefined;
  readonly body: Module;

  constructor(from: number, [kernel, middle, out, hasSe, stride]: Row, gated: boolean, options: GhostNetOptions) {
    super();
    const wide = scaled(middle, options.width);
    const to = scaled(out, options.width);
    this.ghost1 = new GhostModule(from, wide, true, gated);
    this.convDw = stride > 1 ? depthwise(wide, kernel, stride) : undefined;
    this.bnDw = stride > 1 ? new BatchNorm2d(wide) : undefined;
    this.se = hasSe ? makeSe(wide, options, {
      hidden: makeDivisible(wide / (options.reduction ?? 4), 4), gate: "hard_sigmoid", names: ["conv_reduce", "conv_expand"] }) : undefined;
    this.ghost2 = new GhostModule(wide, to, false, false);
    this.shortcut = from === to && stride === 1
      ? undefined : new Sequential(depthwise(from, kernel, stride), new BatchNorm2d(from), pointwise(from, to), new BatchNorm2d(to));
    const branch = new Sequential(...present<Module>(this.ghost1, this.convDw, this.bnDw, this.se, this.ghost2));
    this.body = this.shortcut === undefined ? new Residual(branch) : new Residual(branch, this.shortcut);
  }
}

class ConvNormAct extends Composite {
  readonly conv: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly body: Module;

  constructor(from: number, to: number) {
    super();
    this.conv = pointwise(from, to);
    this.bn1 = new BatchNorm2d(to);
    this.body = new Sequential(this.conv, this.bn1, new ReLU());
  }
}

/** Images [N, inChannels, H, W] to logits [N, classes]. */
export class GhostNet extends Composite {
  readonly convStem: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly blocks: Sequential;
  readonly convHead: Conv2d;
  readonly classifier: Linear;
  readonly body: Module;

  constructor(name: string, version: 1 | 2, options: GhostNetOptions) {
    super();
    const { width } = options;
    let channels = scaled(16, width);
    this.convStem = new Conv2d(options.inChannels, channels, { kernel: 3, stride: 2, padding: 1, bias: false });
    this.bn1 = new BatchNorm2d(channels);
    const stages = rows.map((stage, s) => new Sequential(...stage.map((row) => {
      const block = new GhostBottleneck(channels, row, version === 2 && s >= 2, options);
      channels = scaled(row[2], width);
      return block;
    })));
    const last = scaled(960, width);
    this.blocks = new Sequential(...stages, new Sequential(new ConvNormAct(channels, last)));
    this.convHead = new Conv2d(last, 1280, { kernel: 1 });
    this.classifier = new Linear(1280, options.classes);
    // V2's gates halve the smallest maps once more.
    this.body = new Sequential(
      ...(version === 2 ? [new LeastImage(name, 33)] : []),
      this.convStem, this.bn1, new ReLU(), this.blocks, new GlobalAveragePool(), this.convHead, new ReLU(), new Flatten(),
        new Dropout(options.dropout), this.classifier);
  }
}

function ghostnet(name: string, version: 1 | 2, width: number, options: GivenOptions): GhostNet {
  return new GhostNet(name, version, readOptions<GhostNetOptions>(name, options, {
    classes: count(1000), inChannels: count(3), width: positive(width), dropout: fraction(0.2), ...seReaders({ se: true }) }));
}

const variants = [
  ["ghostnet_050", 1, 0.5], ["ghostnet_100", 1, 1], ["ghostnet_130", 1, 1.3], 
  ["ghostnetv2_100", 2, 1], ["ghostnetv2_130", 2, 1.3], ["ghostnetv2_160", 2, 1.6],
] as const;

export const ghostnets: Family = {
  entries: () => variants.map(([name, version, width]): Entry => (
    { name, libraries: ["timm"], build: (called, options) => ghostnet(called, version, width, options) })),
  presets: () => Object.fromEntries(variants.map(([name]) => [name, bicubic])),
  recognise(shapes) {
    const stem = shapes.get("conv_stem.weight")?.[0];
    if (!shapes.has("blocks.0.0.ghost1.primary_conv.0.weight")) return undefined;
    const version = shapes.has("blocks.2.0.ghost1.short_conv.0.weight") ? 2 : 1;
    return variants.find(([, of, width]) => of === version && scaled(16, width) === stem)?.[0];
  },
};

/**
 * The residual blocks of models/residual/resnet.ts and models/residual/resnext.ts, with SE in its five positions. Names are timm's and
 * torchvision's.
 */
import { ReLU } from "../../src/nn/layers/activations.ts";
import type { Attention } from "../../src/nn/attention/attention.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Residual, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { AveragePool2d } from "../../src/nn/layers/pooling.ts";
import { Identity } from "../../src/nn/layers/reshape.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { makeSe, present } from "../se-options.ts";
import type { SeDefaults, SeOptions } from "../se-options.ts";

/**
 * Where the SE block stands (the paper's figure 5 and table 14, 15): `standard` on the branch before the sum, `pre` on the
 * branch before its first convolution, `post` after the sum and its ReLU, `identity` on the shortcut, `3x3` on the branch
 * after its 3x3 convolution (of two, the first), normalisation and ReLU.
 */
export type Position = "standard" | "pre" | "post" | "identity" | "3x3";

export interface BlockOptions extends SeOptions {
  readonly position: Position;
  /** Start with gamma = 0 in the last normalisation of every branch (Goyal et al., arXiv 1706.02677, section 5.1). */
  readonly zeroInit: boolean;
}

/** A convolution without bias, and its normalisation. */
export function convNorm(from: number, to: number, kernel: number, stride: number): [Conv2d, BatchNorm2d] {
  return [new Conv2d(from, to, { kernel, stride, padding: (kernel - 1) / 2, bias: false }), new BatchNorm2d(to)];
}

/**
 * The shortcut where the branch changes channels or size. A kernel of 3 counts only where the size changes; "average" halves the image by
 * its mean (He et al., "Bag of Tricks", arXiv 1812.01187, ResNet-D), so that the convolution comes second in the state dict.
 */
function projection(from: number, to: number, stride: number, by: 1 | 3 | "average" = 1): Sequential | undefined {
  if (from === to && stride === 1) return undefined;
  if (by !== "average") return new Sequential(...convNorm(from, to, stride === 1 ? 1 : by, stride));
  const pool = stride === 1 ? new Identity() : new AveragePool2d({ kernel: 2, stride, ceilMode: true, countPadding: false });
  return new Sequential(pool, ...convNorm(from, to, 1, 1));
}

/** The sum of branch and shortcut with the SE block in its position; `standard`, `pre` and `3x3` stand in the branch already. */
function join(branch: Module[], shortcut: Module | undefined, se: Attention | undefined, position: Position): Module {
  const beside = present<Module>(shortcut, position === "identity" ? se : undefined);
  const sum = beside.length === 0 ? new Residual(new Sequential(...branch)) : new Residual(new Sequential(...branch),
    new Sequential(...beside));
  return new Sequential(...present<Module>(sum, new ReLU(), position === "post" ? se : undefined));
}

/** Two 3x3 convolutions. */
export class BasicBlock extends Composite {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly se: Attention | undefined;
  readonly downsample: Sequential | undefined;
  readonly body: Module;

  constructor(from: number, to: number, stride: number, options: BlockOptions) {
    super();
    const { position } = options;
    this.conv1 = new Conv2d(from, to, { kernel: 3, stride, padding: 1, bias: false });
    this.bn1 = new BatchNorm2d(to);
    this.conv2 = new Conv2d(to, to, { kernel: 3, padding: 1, bias: false });
    this.bn2 = new BatchNorm2d(to, { initialGamma: options.zeroInit ? 0 : 1 });
    this.se = makeSe(position === "pre" ? from : to, options);
    this.downsample = projection(from, to, stride);
    const at = (place: Position): Module | undefined => (position === place ? this.se : undefined);
    const branch = present<Module>(
      at("pre"), this.conv1, this.bn1, new ReLU(), at("3x3"), this.conv2, this.bn2, at("standard"));
    this.body = join(branch, this.downsample, this.se, position);
  }
}

/** Channels of a bottleneck, and what ResNeXt and SENet-154 do differently. */
export interface BottleneckSizes {
  /** After the first 1x1 convolution, after the 3x3, after the last 1x1. */
  readonly first: number;
  readonly middle: number;
  readonly to: number;
  /** Of the 3x3 convolution. */
  readonly groups: number;
  /** Kernel of the shortcut's convolution where it halves the image, or how else the shortcut does that. */
  readonly projection: 1 | 3 | "average";
  /** Halve the image behind the 3x3 convolution, by the mean of 2x2 pixels, not by its stride (timm's `aa`). */
  readonly pooled?: boolean;
  /** What the family fixes for its SE blocks. */
  readonly se?: SeDefaults;
}

/** 1x1 down, 3x3 (with the stride), 1x1 up. */
export class Bottleneck extends Composite {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm2d;
  readonly se: Attention | undefined;
  readonly downsample: Sequential | undefined;
  readonly body: Module;

  constructor(from: number, sizes: BottleneckSizes, stride: number, options: BlockOptions) {
    super();
    const { first, middle, to, groups } = sizes;
    const { position } = options;
    this.conv1 = new Conv2d(from, first, { kernel: 1, bias: false });
    this.bn1 = new BatchNorm2d(first);
    const pooled = sizes.pooled === true && stride > 1;
    this.conv2 = new Conv2d(first, middle, { kernel: 3, stride: pooled ? 1 : stride, padding: 1, groups, bias: false });
    this.bn2 = new BatchNorm2d(middle);
    this.conv3 = new Conv2d(middle, to, { kernel: 1, bias: false });
    this.bn3 = new BatchNorm2d(to, { initialGamma: options.zeroInit ? 0 : 1 });
    this.se = makeSe(position === "pre" ? from : position === "3x3" ? middle : to, options, sizes.se);
    this.downsample = projection(from, to, stride, sizes.projection);
    const at = (place: Position): Module | undefined => (position === place ? this.se : undefined);
    const branch = present<Module>(
      at("pre"), this.conv1, this.bn1, new ReLU(), this.conv2, this.bn2, new ReLU(), pooled
        ? new AveragePool2d({ kernel: 2, stride }) : undefined,
      at("3x3"), this.conv3, this.bn3, at("standard"));
    this.body = join(branch, this.downsample, this.se, position);
  }
}

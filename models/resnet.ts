/**
 * ResNet and SE-ResNet as timm has them (timm/models/resnet.py: `resnet*`, `seresnet*`; torchvision's resnets have the same
 * names and graph): He et al., arXiv 1512.03385, stride in the 3x3; SE by Hu et al., arXiv 1709.01507, on the branch after
 * its last normalisation, hidden width C / 16 rounded to a multiple of 8. And the small ones for 32x32 and 28x28 images
 * (He et al., section 4.2: 3x3 stem, three stages of 16, 32 and 64 channels), with projection shortcuts.
 */
import { ReLU } from "../src/nn/activations.ts";
import type { Attention } from "../src/nn/attention/attention.ts";
import { BatchNorm2d } from "../src/nn/batch-norm.ts";
import { Residual, Sequential } from "../src/nn/combinators.ts";
import { Conv2d } from "../src/nn/conv.ts";
import { Linear } from "../src/nn/linear.ts";
import { Composite } from "../src/nn/module.ts";
import type { Module } from "../src/nn/module.ts";
import { GlobalAveragePool, MaxPool2d } from "../src/nn/pooling.ts";
import { Flatten } from "../src/nn/reshape.ts";
import { count, flag, oneOf, readOptions } from "./options.ts";
import type { GivenOptions, Readers } from "./options.ts";
import { makeSe, present, seReaders } from "./se-options.ts";
import type { SeOptions } from "./se-options.ts";

/**
 * Where the SE block stands (the paper's figure 5 and table 14, 15): `standard` on the branch before the sum, `pre` on the
 * branch before its first convolution, `post` after the sum and its ReLU, `identity` on the shortcut, `3x3` on the branch
 * after its 3x3 convolution (of two, the first), normalisation and ReLU.
 */
export type Position = "standard" | "pre" | "post" | "identity" | "3x3";

export interface ResNetOptions extends SeOptions {
  readonly classes: number;
  readonly inChannels: number;
  readonly position: Position;
  /** Start with gamma = 0 in the last normalisation of every branch (Goyal et al., arXiv 1706.02677, section 5.1). */
  readonly zeroInit: boolean;
  /** Channels of the first stage. */
  readonly width: number;
  /** Stride of the first convolution: 2 makes a small network four times cheaper, 1 keeps small images as they are. */
  readonly stemStride: number;
}

/** What is fixed by a model's name. */
interface Plan {
  readonly stem: "7x7" | "3x3";
  readonly bottleneck: boolean;
  readonly blocks: readonly number[];
}

function convNorm(from: number, to: number, kernel: number, stride: number): [Conv2d, BatchNorm2d] {
  return [new Conv2d(from, to, { kernel, stride, padding: (kernel - 1) / 2, bias: false }), new BatchNorm2d(to)];
}

function projection(from: number, to: number, stride: number): Sequential | undefined {
  return from === to && stride === 1 ? undefined : new Sequential(...convNorm(from, to, 1, stride));
}

/** The sum of branch and shortcut with the SE block in its position; `standard`, `pre` and `3x3` stand in the branch already. */
function join(branch: Module[], shortcut: Module | undefined, se: Attention | undefined, position: Position): Module {
  const beside = present<Module>(shortcut, position === "identity" ? se : undefined);
  const sum = beside.length === 0 ? new Residual(new Sequential(...branch)) : new Residual(new Sequential(...branch), new Sequential(...beside));
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

  constructor(from: number, to: number, stride: number, options: ResNetOptions) {
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

/** 1x1 down, 3x3 (with the stride), 1x1 up to four times the width. */
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

  constructor(from: number, width: number, stride: number, options: ResNetOptions) {
    super();
    const to = width * 4;
    const { position } = options;
    this.conv1 = new Conv2d(from, width, { kernel: 1, bias: false });
    this.bn1 = new BatchNorm2d(width);
    this.conv2 = new Conv2d(width, width, { kernel: 3, stride, padding: 1, bias: false });
    this.bn2 = new BatchNorm2d(width);
    this.conv3 = new Conv2d(width, to, { kernel: 1, bias: false });
    this.bn3 = new BatchNorm2d(to, { initialGamma: options.zeroInit ? 0 : 1 });
    this.se = makeSe(position === "pre" ? from : position === "3x3" ? width : to, options);
    this.downsample = projection(from, to, stride);
    const at = (place: Position): Module | undefined => (position === place ? this.se : undefined);
    const branch = present<Module>(
      at("pre"), this.conv1, this.bn1, new ReLU(), this.conv2, this.bn2, new ReLU(), at("3x3"), this.conv3, this.bn3, at("standard"));
    this.body = join(branch, this.downsample, this.se, position);
  }
}

function stage(plan: Plan, index: number, from: number, options: ResNetOptions): { blocks: Sequential; channels: number } {
  const width = options.width << index;
  const to = plan.bottleneck ? width * 4 : width;
  const blocks: Module[] = [];
  for (let i = 0; i < plan.blocks[index]; i++) {
    const stride = index > 0 && i === 0 ? 2 : 1;
    blocks.push(plan.bottleneck ? new Bottleneck(from, width, stride, options) : new BasicBlock(from, to, stride, options));
    from = to;
  }
  return { blocks: new Sequential(...blocks), channels: to };
}

/** Images [N, inChannels, H, W] to logits [N, classes]; any image size that the strides leave a pixel of. */
export class ResNet extends Composite {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential | undefined;
  readonly fc: Linear;
  readonly body: Module;

  constructor(plan: Plan, options: ResNetOptions) {
    super();
    const large = plan.stem === "7x7";
    this.conv1 = new Conv2d(options.inChannels, options.width, {
      kernel: large ? 7 : 3, stride: options.stemStride, padding: large ? 3 : 1, bias: false,
    });
    this.bn1 = new BatchNorm2d(options.width);
    const stages: Sequential[] = [];
    let channels = options.width;
    for (let i = 0; i < plan.blocks.length; i++) {
      const made = stage(plan, i, channels, options);
      stages.push(made.blocks);
      channels = made.channels;
    }
    [this.layer1, this.layer2, this.layer3] = stages;
    this.layer4 = stages[3];
    this.fc = new Linear(channels, options.classes);
    const pool = large ? new MaxPool2d({ kernel: 3, stride: 2, padding: 1 }) : undefined;
    this.body = new Sequential(
      ...present<Module>(this.conv1, this.bn1, new ReLU(), pool), ...stages, new GlobalAveragePool(), new Flatten(), this.fc);
  }
}

const positions = ["standard", "pre", "post", "identity", "3x3"] as const;

function readers(se: boolean, large: boolean): Readers<ResNetOptions> {
  return {
    classes: count(large ? 1000 : 10),
    inChannels: count(3),
    ...seReaders({ se, rounding: large ? "divisible" : "floor" }),
    position: oneOf(positions, "standard"),
    zeroInit: flag(large),
    width: count(large ? 64 : 16),
    stemStride: count(large ? 2 : 1),
  };
}

const depths: Record<number, { bottleneck: boolean; blocks: readonly number[] }> = {
  18: { bottleneck: false, blocks: [2, 2, 2, 2] },
  34: { bottleneck: false, blocks: [3, 4, 6, 3] },
  50: { bottleneck: true, blocks: [3, 4, 6, 3] },
  101: { bottleneck: true, blocks: [3, 4, 23, 3] },
  152: { bottleneck: true, blocks: [3, 8, 36, 3] },
};

/** `resnet50`, `seresnet50`, ... for photographs of about 224x224. */
export function resnet(name: string, depth: 18 | 34 | 50 | 101 | 152, se: boolean, options: GivenOptions): ResNet {
  return new ResNet({ stem: "7x7", ...depths[depth] }, readOptions(name, options, readers(se, true)));
}

/** `resnet20`, `se_resnet20`, ... for small images: depth = 6 n + 2, n blocks in each of three stages. */
export function smallResnet(name: string, depth: number, se: boolean, options: GivenOptions): ResNet {
  const n = (depth - 2) / 6;
  return new ResNet({ stem: "3x3", bottleneck: false, blocks: [n, n, n] }, readOptions(name, options, readers(se, false)));
}

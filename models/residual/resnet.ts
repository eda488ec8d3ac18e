/**
 * ResNet and SE-ResNet as timm has them (timm/models/resnet.py: `resnet*`, `seresnet*`; torchvision's resnets have the same
 * names and graph): He et al., arXiv 1512.03385, stride in the 3x3; SE by Hu et al., arXiv 1709.01507, on the branch after
 * its last normalisation, hidden width C / 16 rounded to a multiple of 8. And the small ones for 32x32 and 28x28 images
 * (He et al., section 4.2: 3x3 stem, three stages of 16, 32 and 64 channels), with projection shortcuts.
 */
import { ReLU } from "../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { GlobalAveragePool, MaxPool2d } from "../../src/nn/layers/pooling.ts";
import { Dropout } from "../../src/nn/layers/dropout.ts";
import { Flatten } from "../../src/nn/layers/reshape.ts";
import { count, counts, flag, fraction, oneOf, readOptions } from "../options.ts";
import type { GivenOptions, Readers } from "../options.ts";
import { BasicBlock, Bottleneck, convNorm } from "./resnet-blocks.ts";
import type { BlockOptions, BottleneckSizes } from "./resnet-blocks.ts";
import { present, seReaders } from "../se-options.ts";

export interface ResNetOptions extends BlockOptions {
  readonly classes: number;
  readonly inChannels: number;
  /** Channels of the first stage. */
  readonly width: number;
  /** Stride of the first convolution: 2 makes a small network four times cheaper, 1 keeps small images as they are. */
  readonly stemStride: number;
  /** Before the last linear layer. */
  readonly dropout: number;
}

/** What is fixed by a model's name. */
export interface Plan {
  /** `deep`: three 3x3 convolutions instead of one 7x7. */
  readonly stem: "7x7" | "3x3" | "deep";
  readonly blocks: readonly number[];
  /** Channels of a stage's bottlenecks by its width (64, 128, 256, 512); absent in networks of basic blocks. */
  readonly bottleneck: ((width: number) => BottleneckSizes) | undefined;
}

function stage(plan: Plan, index: number, from: number, options: ResNetOptions): { blocks: Sequential; channels: number } {
  const width = options.width << index;
  const sizes = plan.bottleneck?.(width);
  const to = sizes?.to ?? width;
  const blocks: Module[] = [];
  for (let i = 0; i < plan.blocks[index]; i++) {
    const stride = index > 0 && i === 0 ? 2 : 1;
    blocks.push(sizes === undefined ? new BasicBlock(from, to, stride, options) : new Bottleneck(from, sizes, stride, options));
    from = to;
  }
  return { blocks: new Sequential(...blocks), channels: to };
}

/** The first convolution, and the channels that it gives. */
function stem(plan: Plan, options: ResNetOptions): { conv: Conv2d | Sequential; channels: number } {
  const { inChannels, width, stemStride } = options;
  if (plan.stem === "deep") {
    const conv = new Sequential(
      ...convNorm(inChannels, width, 3, stemStride), new ReLU(), ...convNorm(width, width, 3, 1), new ReLU(),
      new Conv2d(width, 2 * width, { kernel: 3, padding: 1, bias: false }));
    return { conv, channels: 2 * width };
  }
  const kernel = plan.stem === "7x7" ? 7 : 3;
  return { conv: new Conv2d(inChannels, width, { kernel, stride: stemStride, padding: (kernel - 1) / 2, bias: false }), channels: width };
}

/** Images [N, inChannels, H, W] to logits [N, classes]; any image size that the strides leave a pixel of. */
export class ResNet extends Composite {
  readonly conv1: Conv2d | Sequential;
  readonly bn1: BatchNorm2d;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential | undefined;
  readonly fc: Linear;
  readonly body: Module;

  constructor(plan: Plan, options: ResNetOptions) {
    super();
    const first = stem(plan, options);
    let channels = first.channels;
    this.conv1 = first.conv;
    this.bn1 = new BatchNorm2d(channels);
    const stages: Sequential[] = [];
    for (let i = 0; i < plan.blocks.length; i++) {
      const made = stage(plan, i, channels, options);
      stages.push(made.blocks);
      channels = made.channels;
    }
    [this.layer1, this.layer2, this.layer3] = stages;
    this.layer4 = stages[3];
    this.fc = new Linear(channels, options.classes);
    const pool = plan.stem !== "3x3" ? new MaxPool2d({ kernel: 3, stride: 2, padding: 1 }) : undefined;
    this.body = new Sequential(
      ...present<Module>(this.conv1, this.bn1, new ReLU(), pool), ...stages, new GlobalAveragePool(), new Flatten(), new Dropout(options.dropout), this.fc);
  }
}

const positions = ["standard", "pre", "post", "identity", "3x3"] as const;

/** The options of all ResNets. @param large for photographs, not for images of about 32x32 */
export function resnetReaders(se: boolean, large: boolean, dropout: number = 0): Readers<ResNetOptions> {
  return {
    classes: count(large ? 1000 : 10),
    inChannels: count(3),
    ...seReaders({ se, rounding: large ? "divisible" : "floor" }),
    position: oneOf(positions, "standard"),
    zeroInit: flag(large),
    width: count(large ? 64 : 16),
    stemStride: count(large ? 2 : 1),
    dropout: fraction(dropout),
  };
}

const depths: Record<number, { bottleneck: boolean; blocks: readonly number[] }> = {
  18: { bottleneck: false, blocks: [2, 2, 2, 2] },
  34: { bottleneck: false, blocks: [3, 4, 6, 3] },
  50: { bottleneck: true, blocks: [3, 4, 6, 3] },
  101: { bottleneck: true, blocks: [3, 4, 23, 3] },
  152: { bottleneck: true, blocks: [3, 8, 36, 3] },
};

function bottleneck(width: number): BottleneckSizes {
  return { first: width, middle: width, to: 4 * width, groups: 1, projection: 1 };
}

/** `resnet50`, `seresnet50`, ... for photographs of about 224x224. */
export function resnet(name: string, depth: 18 | 34 | 50 | 101 | 152, se: boolean, options: GivenOptions): ResNet {
  const { blocks, bottleneck: deep } = depths[depth];
  return new ResNet({ stem: "7x7", blocks, bottleneck: deep ? bottleneck : undefined }, readOptions(name, options, resnetReaders(se, true)));
}

/** `resnet20`, `se_resnet20`, ... for small images: depth = 6 n + 2, n blocks in each of three stages; the option `blocks` gives each another number. */
export function smallResnet(name: string, depth: number, se: boolean, options: GivenOptions): ResNet {
  const n = (depth - 2) / 6;
  const { blocks, ...rest } = readOptions(name, options, { ...resnetReaders(se, false), blocks: counts([n, n, n]) });
  return new ResNet({ stem: "3x3", blocks, bottleneck: undefined }, rest);
}

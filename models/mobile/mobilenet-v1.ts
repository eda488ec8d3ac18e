/**
 * MobileNet v1 (Howard et al., arXiv 1704.04861, table 1) and SE-MobileNet. The SE paper does not say where SE stands; its
 * author's own graph (hujie-frank/SENet, issue 64) scales the output of the pointwise convolution in all 13 blocks,
 * and that placement alone gives the published 4.7 M parameters and 572 M multiply-adds.
 */
import { activation } from "../../src/nn/layers/activations.ts";
import type { Attention } from "../../src/nn/attention/attention.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { GlobalAveragePool } from "../../src/nn/layers/pooling.ts";
import { Dropout } from "../../src/nn/layers/dropout.ts";
import { Flatten } from "../../src/nn/layers/reshape.ts";
import { makeDivisible } from "../../src/nn/attention/squeeze-excite.ts";
import { sePrefix } from "../family.ts";
import type { Family } from "../family.ts";
import { count, flag, fraction, oneOf, positive, readOptions } from "../options.ts";
import type { GivenOptions } from "../options.ts";
import { makeSe, present, seReaders } from "../se-options.ts";
import type { SeOptions } from "../se-options.ts";

export interface MobileNetV1Options extends SeOptions {
  readonly classes: number;
  readonly inChannels: number;
  /** Width multiplier: all channels times this, to a multiple of 8. */
  readonly width: number;
  /** Stride 1 in the stem, for images of about 32x32. */
  readonly smallImages: boolean;
  /** SE after the pointwise convolution (the paper's), or after the depthwise one (as MobileNetV3 has it). */
  readonly position: "pointwise" | "depthwise";
  readonly activation: "relu" | "relu6";
  readonly dropout: number;
}

class Block extends Composite {
  readonly convDw: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly convPw: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly se: Attention | undefined;
  readonly body: Module;

  constructor(from: number, to: number, stride: number, options: MobileNetV1Options) {
    super();
    this.convDw = new Conv2d(from, from, { kernel: 3, stride, padding: 1, groups: from, bias: false });
    this.bn1 = new BatchNorm2d(from);
    this.convPw = new Conv2d(from, to, { kernel: 1, bias: false });
    this.bn2 = new BatchNorm2d(to);
    const early = options.position === "depthwise";
    this.se = makeSe(early ? from : to, options);
    this.body = new Sequential(...present<Module>(
      this.convDw, this.bn1, activation(options.activation), early ? this.se : undefined,
      this.convPw, this.bn2, activation(options.activation), early ? undefined : this.se));
  }
}

/** Output channels and stride of the 13 blocks. */
const plan: readonly (readonly [number, number])[] = [
  [64, 1], [128, 2], [128, 1], [256, 2], [256, 1], [512, 2], [512, 1], [512, 1], [512, 1], [512, 1], [512, 1], [1024, 2], [1024, 1],
];

/** Images [N, inChannels, H, W] to logits [N, classes]. */
export class MobileNetV1 extends Composite {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly blocks: Sequential;
  readonly fc: Linear;
  readonly body: Module;

  constructor(options: MobileNetV1Options) {
    super();
    const scaled = (channels: number): number => makeDivisible(channels * options.width);
    let channels = scaled(32);
    this.conv1 = new Conv2d(options.inChannels, channels, { kernel: 3, stride: options.smallImages ? 1 : 2, padding: 1, bias: false });
    this.bn1 = new BatchNorm2d(channels);
    this.blocks = new Sequential(...plan.map(([out, stride]) => {
      const block = new Block(channels, scaled(out), stride, options);
      channels = scaled(out);
      return block;
    }));
    this.fc = new Linear(channels, options.classes);
    this.body = new Sequential(
      this.conv1, this.bn1, activation(options.activation), this.blocks, new GlobalAveragePool(), new Flatten(),
      new Dropout(options.dropout), this.fc);
  }
}

/** `mobilenet_v1` and `se_mobilenet_v1`. */
export function mobilenetV1(name: string, se: boolean, options: GivenOptions): MobileNetV1 {
  return new MobileNetV1(readOptions<MobileNetV1Options>(name, options, {
    classes: count(1000),
    inChannels: count(3),
    width: positive(1),
    smallImages: flag(false),
    ...seReaders({ se }),
    position: oneOf(["pointwise", "depthwise"], "pointwise"),
    activation: oneOf(["relu", "relu6"], "relu"),
    dropout: fraction(0),
  }));
}

export const mobilenetsV1: Family = {
  entries: () => [
    { name: "mobilenet_v1", build: (name, options) => mobilenetV1(name, false, options) },
    { name: "se_mobilenet_v1", build: (name, options) => mobilenetV1(name, true, options) },
  ],
  recognise(shapes) {
    const ours = shapes.get("conv1.weight")?.[0] === 32 && shapes.has("blocks.12.conv_dw.weight") && shapes.has("fc.weight");
    return ours ? `${sePrefix(shapes)}mobilenet_v1` : undefined;
  },
};

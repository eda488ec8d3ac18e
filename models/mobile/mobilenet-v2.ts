/**
 * MobileNetV2 (Sandler et al., arXiv 1801.04381, table 2) with torchvision's names (torchvision/models/mobilenetv2.py). With
 * SE the block stands after the depthwise convolution and before the projection, as MnasNet and MobileNetV3 have it.
 */
import { ReLU6 } from "../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Residual, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { GlobalAveragePool } from "../../src/nn/layers/pooling.ts";
import { Dropout } from "../../src/nn/layers/dropout.ts";
import { Flatten } from "../../src/nn/layers/reshape.ts";
import { makeDivisible } from "../../src/nn/attention/squeeze-excite.ts";
import type { WeightLayout } from "../../src/weight-layout.ts";
import { sePrefix } from "../family.ts";
import type { Family } from "../family.ts";
import { timmMobilenetRenaming } from "./timm-names.ts";
import { count, flag, fraction, positive, readOptions } from "../options.ts";
import type { GivenOptions } from "../options.ts";
import { makeSe, present, seReaders } from "../se-options.ts";
import type { SeOptions } from "../se-options.ts";

export interface MobileNetV2Options extends SeOptions {
  readonly classes: number;
  readonly inChannels: number;
  readonly width: number;
  readonly smallImages: boolean;
  readonly dropout: number;
}

function convNormRelu6(from: number, to: number, kernel: number, stride: number, groups: number): Sequential {
  const conv = new Conv2d(from, to, { kernel, stride, padding: (kernel - 1) / 2, groups, bias: false });
  return new Sequential(conv, new BatchNorm2d(to), new ReLU6());
}

class InvertedResidual extends Composite {
  readonly conv: Sequential;
  readonly body: Module;

  constructor(from: number, to: number, stride: number, expansion: number, options: MobileNetV2Options) {
    super();
    const width = from * expansion;
    this.conv = new Sequential(...present<Module>(
      expansion === 1 ? undefined : convNormRelu6(from, width, 1, 1, 1),
      convNormRelu6(width, width, 3, stride, width),
      makeSe(width, options),
      new Conv2d(width, to, { kernel: 1, bias: false }),
      new BatchNorm2d(to)));
    this.body = stride === 1 && from === to ? new Residual(this.conv) : this.conv;
  }
}

/** Expansion, output channels, repeats, stride of the first repeat. */
const plan: readonly (readonly [number, number, number, number])[] = [
  [1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2], [6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1],
];

/** Images [N, inChannels, H, W] to logits [N, classes]. */
export class MobileNetV2 extends Composite {
  readonly features: Sequential;
  readonly classifier: Sequential;
  readonly body: Module;

  constructor(options: MobileNetV2Options) {
    super();
    const scaled = (channels: number): number => makeDivisible(channels * options.width);
    let channels = scaled(32);
    const modules: Module[] = [convNormRelu6(options.inChannels, channels, 3, options.smallImages ? 1 : 2, 1)];
    for (const [expansion, out, repeats, stride] of plan) {
      for (let i = 0; i < repeats; i++) {
        modules.push(new InvertedResidual(channels, scaled(out), i === 0 ? stride : 1, expansion, options));
        channels = scaled(out);
      }
    }
    const last = makeDivisible(1280 * Math.max(1, options.width));
    modules.push(convNormRelu6(channels, last, 1, 1, 1));
    this.features = new Sequential(...modules);
    this.classifier = new Sequential(new Dropout(options.dropout), new Linear(last, options.classes, { initialDeviation: 0.01 }));
    this.body = new Sequential(this.features, new GlobalAveragePool(), new Flatten(), this.classifier);
  }

  override layouts(): readonly WeightLayout[] {
    return [timm];
  }
}

const timm: WeightLayout = {
  name: "timm MobileNetV2",
  read: (file) => (file.has("conv_stem.weight") ? { rename: timmMobilenetRenaming([...file.keys()], 2) } : undefined),
};

/** `mobilenet_v2` and `se_mobilenet_v2`. */
export function mobilenetV2(name: string, se: boolean, options: GivenOptions): MobileNetV2 {
  return new MobileNetV2(readOptions<MobileNetV2Options>(name, options, {
    classes: count(1000),
    inChannels: count(3),
    width: positive(1),
    smallImages: flag(false),
    dropout: fraction(0.2),
    ...seReaders({ se }),
  }));
}

export const mobilenetsV2: Family = {
  entries: () => [
    { name: "mobilenet_v2", libraries: ["torchvision"], build: (name, options) => mobilenetV2(name, false, options) },
    { name: "se_mobilenet_v2", build: (name, options) => mobilenetV2(name, true, options) },
  ],
  recognise(shapes) {
    const timm = shapes.has("conv_stem.weight") && shapes.get("conv_head.weight")?.join() === "1280,320,1,1";
    return timm || shapes.has("features.1.conv.0.0.weight") ? `${sePrefix(shapes)}mobilenet_v2` : undefined;
  },
};

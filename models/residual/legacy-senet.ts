/**
 * SE-ResNet as the authors released it for Caffe, by Cadene's port (Cadene/pretrained-models.pytorch, senet.py; timm calls
 * it `legacy_seresnet*`): the stride stands in the first 1x1, the stem's pool has no padding and rounds up, the hidden width
 * is plain C / 16, and in the 18- and 34-layer networks a ReLU stands between the last normalisation and SE. SE-ResNeXt and
 * SENet-154 have the stride in the 3x3 as everybody else; of them only the stem's pool and the names differ.
 * The weights are not interchangeable with those of models/residual/resnet.ts, though most names and all shapes are.
 */
import { ReLU } from "../../src/nn/layers/activations.ts";
import type { Attention } from "../../src/nn/attention/attention.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Residual, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { GlobalAveragePool, MaxPool2d } from "../../src/nn/layers/pooling.ts";
import { Dropout } from "../../src/nn/layers/dropout.ts";
import { Flatten } from "../../src/nn/layers/reshape.ts";
import type { WeightLayout } from "../../src/weight-layout.ts";
import { bicubic, imagenet } from "../../src/io/images/presets.ts";
import type { Entry, Family } from "../family.ts";
import { count, fraction, member, readOptions } from "../options.ts";
import type { GivenOptions, Readers } from "../options.ts";
import { depths, residualName, stagesOf } from "./depths.ts";
import type { Depth } from "./depths.ts";
import type { BottleneckSizes } from "./resnet-blocks.ts";
import { groupReaders, groupedWidth, halved } from "./resnext.ts";
import type { GroupOptions } from "./resnext.ts";
import { makeSe, present, seReaders } from "../se-options.ts";
import type { SeOptions } from "../se-options.ts";

export interface LegacyOptions extends SeOptions {
  readonly classes: number;
  readonly inChannels: number;
  /** Channels of the first stage. */
  readonly width: number;
  /** Before the last linear layer. */
  readonly dropout: number;
}

function pool(): MaxPool2d {
  return new MaxPool2d({ kernel: 3, stride: 2, ceilMode: true });
}

class Stem extends Composite {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly channels: number;
  readonly body: Module;

  constructor(inChannels: number, width: number) {
    super();
    this.conv1 = new Conv2d(inChannels, width, { kernel: 7, stride: 2, padding: 3, bias: false });
    this.bn1 = new BatchNorm2d(width);
    this.channels = width;
    this.body = new Sequential(this.conv1, this.bn1, new ReLU(), pool());
  }
}

/** SENet-154's three 3x3 convolutions. */
class DeepStem extends Composite {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm2d;
  readonly channels: number;
  readonly body: Module;

  constructor(inChannels: number, width: number) {
    super();
    this.channels = 2 * width;
    this.conv1 = new Conv2d(inChannels, width, { kernel: 3, stride: 2, padding: 1, bias: false });
    this.bn1 = new BatchNorm2d(width);
    this.conv2 = new Conv2d(width, width, { kernel: 3, padding: 1, bias: false });
    this.bn2 = new BatchNorm2d(width);
    this.conv3 = new Conv2d(width, this.channels, { kernel: 3, padding: 1, bias: false });
    this.bn3 = new BatchNorm2d(this.channels);
    this.body = new Sequential(
      this.conv1, this.bn1, new ReLU(), this.conv2, this.bn2, new ReLU(), this.conv3, this.bn3, new ReLU(), pool());
  }
}

function projection(from: number, to: number, stride: number, kernel: 1 | 3 = 1): Sequential | undefined {
  if (from === to && stride === 1) return undefined;
  const size = stride === 1 ? 1 : kernel;
  return new Sequential(new Conv2d(from, to, { kernel: size, stride, padding: (size - 1) / 2, bias: false }), new BatchNorm2d(to));
}

class BasicBlock extends Composite {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly seModule: Attention | undefined;
  readonly downsample: Sequential | undefined;
  readonly body: Module;

  constructor(from: number, width: number, stride: number, options: LegacyOptions) {
    super();
    this.conv1 = new Conv2d(from, width, { kernel: 3, stride, padding: 1, bias: false });
    this.bn1 = new BatchNorm2d(width);
    this.conv2 = new Conv2d(width, width, { kernel: 3, padding: 1, bias: false });
    this.bn2 = new BatchNorm2d(width);
    this.seModule = makeSe(width, options);
    this.downsample = projection(from, width, stride);
    const branch = new Sequential(
      ...present<Module>(this.conv1, this.bn1, new ReLU(), this.conv2, this.bn2, new ReLU(), this.seModule));
    this.body = new Sequential(new Residual(branch, this.downsample), new ReLU());
  }
}

/** SE-ResNet has its stride in the first 1x1, SE-ResNeXt and SENet-154 in the 3x3. */
interface LegacySizes extends Omit<BottleneckSizes, "projection" | "pooled" | "se"> {
  readonly projection: 1 | 3;
  readonly strideInFirst: boolean;
}

class Bottleneck extends Composite {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm2d;
  readonly seModule: Attention | undefined;
  readonly downsample: Sequential | undefined;
  readonly body: Module;

  constructor(from: number, sizes: LegacySizes, stride: number, options: LegacyOptions) {
    super();
    const { first, middle, to, groups, strideInFirst } = sizes;
    this.conv1 = new Conv2d(from, first, { kernel: 1, stride: strideInFirst ? stride : 1, bias: false });
    this.bn1 = new BatchNorm2d(first);
    this.conv2 = new Conv2d(first, middle, { kernel: 3, stride: strideInFirst ? 1 : stride, padding: 1, groups, bias: false });
    this.bn2 = new BatchNorm2d(middle);
    this.conv3 = new Conv2d(middle, to, { kernel: 1, bias: false });
    this.bn3 = new BatchNorm2d(to);
    this.seModule = makeSe(to, options);
    this.downsample = projection(from, to, stride, sizes.projection);
    const branch = new Sequential(...present<Module>(
      this.conv1, this.bn1, new ReLU(), this.conv2, this.bn2, new ReLU(), this.conv3, this.bn3, this.seModule));
    this.body = new Sequential(new Residual(branch, this.downsample), new ReLU());
  }
}

interface LegacyPlan {
  readonly deepStem: boolean;
  readonly blocks: readonly number[];
  /** Channels by the stage's width; absent in networks of basic blocks. */
  readonly bottleneck: ((width: number) => LegacySizes) | undefined;
}

/** Images [N, inChannels, H, W] to logits [N, classes]. */
export class LegacySENet extends Composite {
  readonly layer0: Stem | DeepStem;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;
  readonly lastLinear: Linear;
  readonly body: Module;

  constructor(plan: LegacyPlan, options: LegacyOptions) {
    super();
    this.layer0 = new (plan.deepStem ? DeepStem : Stem)(options.inChannels, options.width);
    let channels = this.layer0.channels;
    const stages = plan.blocks.map((repeats, index) => {
      const width = options.width << index;
      const sizes = plan.bottleneck?.(width);
      const made: Module[] = [];
      for (let i = 0; i < repeats; i++) {
        const stride = index > 0 && i === 0 ? 2 : 1;
        made.push(
          sizes === undefined ? new BasicBlock(channels, width, stride, options) : new Bottleneck(channels, sizes, stride, options),
        );
        channels = sizes?.to ?? width;
      }
      return new Sequential(...made);
    });
    [this.layer1, this.layer2, this.layer3, this.layer4] = stages;
    this.lastLinear = new Linear(channels, options.classes);
    this.body = new Sequential(
      this.layer0, ...stages, new GlobalAveragePool(), new Flatten(), new Dropout(options.dropout), this.lastLinear);
  }

  override layouts(): readonly WeightLayout[] {
    return [timmGraph];
  }
}

/** timm's SE-ResNets have most names and all shapes of Cadene's, but another graph. */
const timmGraph: WeightLayout = {
  name: "timm SE-ResNet",
  read(file) {
    if (!file.has("layer1.0.conv1.weight") || file.has("layer0.conv1.weight")) return undefined;
    throw new RangeError("weights: the file has timm's names, and that graph has its stride in the 3x3 convolution and a padded pool, "
      + `so the model would give wrong answers: load it into ${residualName(file) ?? "the model of that depth without legacy_"}`);
  },
};

function readers(se: boolean, dropout: number = 0): Readers<LegacyOptions> {
  return { classes: count(1000), inChannels: count(3), ...seReaders({ se }), width: count(64), dropout: fraction(dropout) };
}

function bottleneck(width: number): LegacySizes {
  return { first: width, middle: width, to: 4 * width, groups: 1, projection: 1, strideInFirst: true };
}

/** `legacy_seresnet50` and its like. */
export function legacySenet(name: string, depth: Depth, se: boolean, options: GivenOptions): LegacySENet {
  const { bottleneck: deep, blocks } = stagesOf[member(name, "depth", depth, depths)];
  return new LegacySENet({ deepStem: false, blocks, bottleneck: deep ? bottleneck : undefined }, readOptions(name, options, readers(se)));
}

/** `legacy_seresnext50_32x4d` and `legacy_seresnext101_32x4d`. */
export function legacyResnext(name: string, depth: 50 | 101, se: boolean, options: GivenOptions): LegacySENet {
  const read = readOptions<LegacyOptions & GroupOptions>(name, options, { ...readers(se), ...groupReaders(depth) });
  const grouped = (width: number): LegacySizes => {
    const middle = groupedWidth(name, width, read);
    return { first: middle, middle, to: 4 * width, groups: read.groups, projection: 1, strideInFirst: false };
  };
  return new LegacySENet({ deepStem: false, blocks: read.blocks, bottleneck: grouped }, read);
}

/** `legacy_senet154`. */
export function legacySenet154(name: string, options: GivenOptions): LegacySENet {
  const read = readOptions<LegacyOptions & GroupOptions>(name, options, { ...readers(true, 0.2), ...groupReaders(154) });
  const grouped = (width: number): LegacySizes => {
    const middle = groupedWidth(name, width, read);
    return { first: halved(name, middle, read), middle, to: 4 * width, groups: read.groups, projection: 3, strideInFirst: false };
  };
  return new LegacySENet({ deepStem: true, blocks: read.blocks, bottleneck: grouped }, read);
}

export const legacySenets: Family = {
  entries: () => [
    ...depths.flatMap((depth): Entry[] => [
      { name: `legacy_resnet${depth}`, build: (name, options) => legacySenet(name, depth, false, options) },
      { name: `legacy_seresnet${depth}`, libraries: ["timm"], build: (name, options) => legacySenet(name, depth, true, options) },
    ]),
    ...([50, 101] as const).flatMap((depth): Entry[] => [
      { name: `legacy_resnext${depth}_32x4d`, build: (name, options) => legacyResnext(name, depth, false, options) },
      { name: `legacy_seresnext${depth}_32x4d`, libraries: ["timm"], build: (name, options) => legacyResnext(name, depth, true, options) },
    ]),
    { name: "legacy_senet154", libraries: ["timm"], build: legacySenet154 },
  ],
  presets: () => ({
    legacy_seresnet18: bicubic,
    legacy_seresnet34: imagenet,
    legacy_seresnet50: imagenet,
    legacy_seresnet101: imagenet,
    legacy_seresnet152: imagenet,
  }),
};

/**
 * SE-ResNet as the authors released it for Caffe, by Cadene's port (Cadene/pretrained-models.pytorch, senet.py; timm calls
 * it `legacy_seresnet*`): the stride stands in the first 1x1, the stem's pool has no padding and rounds up, the hidden width
 * is plain C / 16, and in the 18- and 34-layer networks a ReLU stands between the last normalisation and SE.
 * The weights are not interchangeable with those of models/resnet.ts, though most names and all shapes are.
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
import { count, readOptions } from "./options.ts";
import type { GivenOptions } from "./options.ts";
import { makeSe, present, seReaders } from "./se-options.ts";
import type { SeOptions } from "./se-options.ts";

export interface LegacyOptions extends SeOptions {
  readonly classes: number;
  readonly inChannels: number;
}

class Stem extends Composite {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly body: Module;

  constructor(inChannels: number) {
    super();
    this.conv1 = new Conv2d(inChannels, 64, { kernel: 7, stride: 2, padding: 3, bias: false });
    this.bn1 = new BatchNorm2d(64);
    this.body = new Sequential(this.conv1, this.bn1, new ReLU(), new MaxPool2d({ kernel: 3, stride: 2, ceilMode: true }));
  }
}

function projection(from: number, to: number, stride: number): Sequential | undefined {
  if (from === to && stride === 1) return undefined;
  return new Sequential(new Conv2d(from, to, { kernel: 1, stride, bias: false }), new BatchNorm2d(to));
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

  constructor(from: number, width: number, stride: number, options: LegacyOptions) {
    super();
    const to = width * 4;
    this.conv1 = new Conv2d(from, width, { kernel: 1, stride, bias: false });
    this.bn1 = new BatchNorm2d(width);
    this.conv2 = new Conv2d(width, width, { kernel: 3, padding: 1, bias: false });
    this.bn2 = new BatchNorm2d(width);
    this.conv3 = new Conv2d(width, to, { kernel: 1, bias: false });
    this.bn3 = new BatchNorm2d(to);
    this.seModule = makeSe(to, options);
    this.downsample = projection(from, to, stride);
    const branch = new Sequential(...present<Module>(
      this.conv1, this.bn1, new ReLU(), this.conv2, this.bn2, new ReLU(), this.conv3, this.bn3, this.seModule));
    this.body = new Sequential(new Residual(branch, this.downsample), new ReLU());
  }
}

/** Images [N, inChannels, H, W] to logits [N, classes]. */
export class LegacySENet extends Composite {
  readonly layer0: Stem;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;
  readonly lastLinear: Linear;
  readonly body: Module;

  constructor(bottleneck: boolean, blocks: readonly number[], options: LegacyOptions) {
    super();
    this.layer0 = new Stem(options.inChannels);
    let channels = 64;
    const stages = blocks.map((repeats, index) => {
      const width = 64 << index;
      const made: Module[] = [];
      for (let i = 0; i < repeats; i++) {
        const stride = index > 0 && i === 0 ? 2 : 1;
        made.push(bottleneck ? new Bottleneck(channels, width, stride, options) : new BasicBlock(channels, width, stride, options));
        channels = bottleneck ? width * 4 : width;
      }
      return new Sequential(...made);
    });
    [this.layer1, this.layer2, this.layer3, this.layer4] = stages;
    this.lastLinear = new Linear(channels, options.classes);
    this.body = new Sequential(this.layer0, ...stages, new GlobalAveragePool(), new Flatten(), this.lastLinear);
  }
}

const depths: Record<number, { bottleneck: boolean; blocks: readonly number[] }> = {
  18: { bottleneck: false, blocks: [2, 2, 2, 2] },
  34: { bottleneck: false, blocks: [3, 4, 6, 3] },
  50: { bottleneck: true, blocks: [3, 4, 6, 3] },
  101: { bottleneck: true, blocks: [3, 4, 23, 3] },
  152: { bottleneck: true, blocks: [3, 8, 36, 3] },
};

/** `legacy_seresnet50` and its like. */
export function legacySenet(name: string, depth: 18 | 34 | 50 | 101 | 152, se: boolean, options: GivenOptions): LegacySENet {
  const { bottleneck, blocks } = depths[depth];
  return new LegacySENet(bottleneck, blocks, readOptions(name, options, { classes: count(1000), inChannels: count(3), ...seReaders({ se }) }));
}

/**
 * ShuffleNet v2 (Ma et al., arXiv 1807.11164, table 5) as torchvision has it (torchvision/models/shufflenetv2.py), and with SE at the
 * end of every unit's working branch, where the authors' own v2+ has it (megvii-model/ShuffleNet-Series, ShuffleNetV2+): what is
 * not recalibrated is the half of the channels that the unit hands on as they are.
 *
 * Multiply-accumulates of convolution and linear layers, 1x at 224x224: 144.9 M, which the paper prints as 146 M and torchvision's
 * table as 0.14 G.
 */
import { ReLU } from "../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { ChannelSplit } from "../../src/nn/layers/channel-split.ts";
import { Concatenate, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { GlobalAveragePool, MaxPool2d } from "../../src/nn/layers/pooling.ts";
import { ChannelShuffle, Flatten, Identity } from "../../src/nn/layers/reshape.ts";
import { sePrefix } from "../family.ts";
import type { Entry, Family } from "../family.ts";
import { count, counts, member, readOptions } from "../options.ts";
import type { GivenOptions } from "../options.ts";
import { makeSe, present, seReaders } from "../se-options.ts";
import type { SeOptions } from "../se-options.ts";

export interface ShuffleNetV2Options extends SeOptions {
  readonly classes: number;
  readonly inChannels: number;
  /** Of the stem, the three stages and the last convolution. */
  readonly channels: readonly number[];
  /** Units of each stage. */
  readonly blocks: readonly number[];
}

function pointwise(from: number, to: number): Module[] {
  return [new Conv2d(from, to, { kernel: 1, bias: false }), new BatchNorm2d(to), new ReLU()];
}

function depthwise(channels: number, stride: number): Module[] {
  return [new Conv2d(channels, channels, { kernel: 3, stride, padding: 1, groups: channels, bias: false }), new BatchNorm2d(channels)];
}

/** Stride 1: half of the channels pass, the other half work. Stride 2: both branches take all, and the channels double. */
class Unit extends Composite {
  readonly branch1: Sequential | undefined;
  readonly branch2: Sequential;
  readonly body: Module;

  constructor(from: number, to: number, stride: 1 | 2, options: ShuffleNetV2Options) {
    super();
    const half = to / 2;
    this.branch1 = stride === 1 ? undefined : new Sequential(...depthwise(from, 2), ...pointwise(from, half));
    this.branch2 = new Sequential(...present<Module>(
      ...pointwise(stride === 1 ? half : from, half), ...depthwise(half, stride), ...pointwise(half, half), makeSe(half, options)));
    const join = this.branch1 === undefined ? new ChannelSplit(new Identity(), this.branch2) : new Concatenate(this.branch1, this.branch2);
    this.body = new Sequential(join, new ChannelShuffle(2));
  }
}

/** Images [N, inChannels, H, W] to logits [N, classes]. */
export class ShuffleNetV2 extends Composite {
  readonly conv1: Sequential;
  readonly stage2: Sequential;
  readonly stage3: Sequential;
  readonly stage4: Sequential;
  readonly conv5: Sequential;
  readonly fc: Linear;
  readonly body: Module;

  constructor(name: string, options: ShuffleNetV2Options) {
    super();
    const [stem, ...widths] = options.channels;
    const last = widths.pop()!;
    const odd = widths.find((width) => width % 2 !== 0);
    if (odd !== undefined) throw new RangeError(`${name}: option "channels" wants even numbers in its stages, got ${odd}`);
    this.conv1 = new Sequential(
      new Conv2d(options.inChannels, stem, { kernel: 3, stride: 2, padding: 1, bias: false }), new BatchNorm2d(stem), new ReLU());
    let from = stem;
    const stages = widths.map((to, stage) => {
      const units = Array.from({ length: options.blocks[stage] }, (_, i) => new Unit(i === 0 ? from : to, to, i === 0 ? 2 : 1, options));
      from = to;
      return new Sequential(...units);
    });
    [this.stage2, this.stage3, this.stage4] = stages;
    this.conv5 = new Sequential(...pointwise(from, last));
    this.fc = new Linear(last, options.classes);
    this.body = new Sequential(
      this.conv1, new MaxPool2d({ kernel: 3, stride: 2, padding: 1 }), ...stages, this.conv5, new GlobalAveragePool(), new Flatten(),
      this.fc);
  }
}

/** Channels by how torchvision names the widths. */
const widths = {
  x0_5: [24, 48, 96, 192, 1024],
  x1_0: [24, 116, 232, 464, 1024],
  x1_5: [24, 176, 352, 704, 1024],
  x2_0: [24, 244, 488, 976, 2048],
} as const;

export type ShuffleNetV2Width = keyof typeof widths;

/** The widths that there are names for. */
export const shufflenetV2Widths: readonly ShuffleNetV2Width[] = Object.keys(widths) as ShuffleNetV2Width[];

/** `shufflenet_v2_x1_0`, `se_shufflenet_v2_x1_0` and those of other widths. */
export function shufflenetV2(name: string, width: ShuffleNetV2Width, se: boolean, options: GivenOptions): ShuffleNetV2 {
  return new ShuffleNetV2(name, readOptions<ShuffleNetV2Options>(name, options, {
    classes: count(1000),
    inChannels: count(3),
    ...seReaders({ se }),
    channels: counts(widths[member(name, "width", width, shufflenetV2Widths)]),
    blocks: counts([4, 8, 4]),
  }));
}

export const shufflenetsV2: Family = {
  entries: () => shufflenetV2Widths.flatMap((width): Entry[] => [
    { name: `shufflenet_v2_${width}`, libraries: ["torchvision"], build: (name, options) => shufflenetV2(name, width, false, options) },
    { name: `se_shufflenet_v2_${width}`, build: (name, options) => shufflenetV2(name, width, true, options) },
  ]),
  recognise(shapes) {
    const half = shapes.get("stage2.0.branch2.0.weight")?.[0];
    const width = shufflenetV2Widths.find((each) => widths[each][1] === 2 * (half ?? 0));
    return width === undefined ? undefined : `${sePrefix(shapes)}shufflenet_v2_${width}`;
  },
};

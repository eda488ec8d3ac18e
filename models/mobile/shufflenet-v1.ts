/**
 * ShuffleNet (Zhang et al., arXiv 1707.01083, table 1) as its authors published it (megvii-model/ShuffleNet-Series, ShuffleNetV1,
 * whose names these are), and SE-ShuffleNet: SE on the branch after its last grouped convolution and normalisation, before the
 * sum or the concatenation, in the units of stride 2 too. Of the placements only this one gives table 3's figures of the SE paper.
 *
 * The published code shuffles after the 3x3 convolution, not before it as figure 2 has it. That changes nothing: the 3x3 works
 * channel by channel. It also deals the channels out the other way round (channel i g + j goes to group j), which is
 * ChannelShuffle(channels / g) in the usual numbering; weights published for it fit only so.
 *
 * The SE paper prints 140 M multiply-adds and 1.8 M parameters, with SE 142 M and 2.4 M. Convolution and linear layers are 137.5 M,
 * values that are normalised 3.0 M; SE adds 0.6 M of excitation and 1.6 M of scale. Their sums, 140.5 M and 142.7 M, and the
 * 1,865,728 and 2,484,533 parameters give all four figures when they are cut off and not rounded.
 */
import { ReLU } from "../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Concatenate, Residual, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { AveragePool2d, GlobalAveragePool, MaxPool2d } from "../../src/nn/layers/pooling.ts";
import { ChannelShuffle, Flatten } from "../../src/nn/layers/reshape.ts";
import { sePrefix } from "../family.ts";
import type { Family } from "../family.ts";
import { count, counts, flag, readOptions } from "../options.ts";
import type { GivenOptions } from "../options.ts";
import { makeSe, present, seReaders } from "../se-options.ts";
import type { SeOptions } from "../se-options.ts";

export interface ShuffleNetV1Options extends SeOptions {
  readonly classes: number;
  readonly inChannels: number;
  /** Of the 1x1 convolutions. */
  readonly groups: number;
  /** Of the stem and the three stages. */
  readonly channels: readonly number[];
  /** Units of each stage. */
  readonly blocks: readonly number[];
  /** Of the classifier. Published counts have it; the authors' published weights do not. */
  readonly bias: boolean;
}

/** A bottleneck of grouped 1x1, shuffle, depthwise 3x3 and grouped 1x1; its first letters are the published code's. */
class Unit extends Composite {
  /** branch_main_1: 1x1 and 3x3. */
  readonly branchMain_1: Sequential;
  /** branch_main_2: 1x1 and SE. */
  readonly branchMain_2: Sequential;
  readonly body: Module;

  constructor(from: number, to: number, stride: 1 | 2, firstGroups: number, options: ShuffleNetV1Options) {
    super();
    const { groups } = options;
    const middle = to / 4;
    const out = stride === 2 ? to - from : to;
    this.branchMain_1 = new Sequential(
      new Conv2d(from, middle, { kernel: 1, groups: firstGroups, bias: false }), new BatchNorm2d(middle), new ReLU(),
      new Conv2d(middle, middle, { kernel: 3, stride, padding: 1, groups: middle, bias: false }), new BatchNorm2d(middle));
    this.branchMain_2 = new Sequential(...present<Module>(
      new Conv2d(middle, out, { kernel: 1, groups, bias: false }), new BatchNorm2d(out), makeSe(out, options)));
    const branch = new Sequential(this.branchMain_1, new ChannelShuffle(middle / groups), this.branchMain_2);
    this.body = stride === 1
      ? new Sequential(new Residual(branch), new ReLU())
      : new Concatenate(new AveragePool2d({ kernel: 3, stride: 2, padding: 1 }), new Sequential(branch, new ReLU()));
  }
}

/** @throws RangeError naming the options, where the groups do not divide what they group */
function checkGroups(name: string, { groups, channels }: ShuffleNetV1Options): void {
  for (let i = 1; i < channels.length; i++) {
    const [from, to] = [channels[i - 1], channels[i]];
    if (to % (4 * groups) !== 0) {
      throw new RangeError(`${name}: option "channels" wants multiples of four times the ${groups} groups in its stages, got ${to}`);
    }
    if (to <= from || (to - from) % groups !== 0) {
      throw new RangeError(
        `${name}: option "channels" wants each stage wider than the last by a multiple of the ${groups} groups, got ${from} and ${to}`,
      );
    }
  }
}

/** Images [N, inChannels, H, W] to logits [N, classes]. */
export class ShuffleNetV1 extends Composite {
  readonly firstConv: Sequential;
  readonly features: Sequential;
  readonly classifier: Sequential;
  readonly body: Module;

  constructor(name: string, options: ShuffleNetV1Options) {
    super();
    checkGroups(name, options);
    const [stem, ...stages] = options.channels;
    this.firstConv = new Sequential(
      new Conv2d(options.inChannels, stem, { kernel: 3, stride: 2, padding: 1, bias: false }), new BatchNorm2d(stem), new ReLU());
    const units: Unit[] = [];
    let from = stem;
    stages.forEach((to, stage) => {
      for (let i = 0; i < options.blocks[stage]; i++) {
        // The stem's few channels are not grouped.
        units.push(new Unit(from, to, i === 0 ? 2 : 1, units.length === 0 ? 1 : options.groups, options));
        from = to;
      }
    });
    this.features = new Sequential(...units);
    this.classifier = new Sequential(new Linear(from, options.classes, { bias: options.bias }));
    this.body = new Sequential(
      this.firstConv, new MaxPool2d({ kernel: 3, stride: 2, padding: 1 }), this.features, new GlobalAveragePool(), new Flatten(),
      this.classifier);
  }
}

/** `shufflenet_v1` and `se_shufflenet_v1`: 1x, three groups. */
export function shufflenetV1(name: string, se: boolean, options: GivenOptions): ShuffleNetV1 {
  return new ShuffleNetV1(name, readOptions<ShuffleNetV1Options>(name, options, {
    classes: count(1000),
    inChannels: count(3),
    ...seReaders({ se }),
    groups: count(3),
    channels: counts([24, 240, 480, 960]),
    blocks: counts([4, 8, 4]),
    bias: flag(true),
  }));
}

export const shufflenetsV1: Family = {
  entries: () => [
    { name: "shufflenet_v1", build: (name, options) => shufflenetV1(name, false, options) },
    { name: "se_shufflenet_v1", build: (name, options) => shufflenetV1(name, true, options) },
  ],
  recognise(shapes) {
    const ours = shapes.get("first_conv.0.weight")?.[0] === 24 && shapes.has("features.0.branch_main_1.0.weight");
    return ours ? `${sePrefix(shapes)}shufflenet_v1` : undefined;
  },
};

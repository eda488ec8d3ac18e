/**
 * Inception networks, and SE on the concatenated output of every module (Hu et al., arXiv 1709.01507, figure 2 and section 3.3):
 *
 * BN-Inception (Ioffe and Szegedy, arXiv 1502.03167, figure 5) as the authors of SE have it (hujie-frank/SENet,
 * SE-BN-Inception.prototxt): SE after all ten modules, also the two of stride 2; no biases before normalisation.
 *
 * GoogLeNet (Szegedy et al., arXiv 1409.4842, table 1) as torchvision has it (torchvision/models/googlenet.py), with its names: batch
 * normalisation with epsilon 0.001, 3x3 where the paper has 5x5, and without the auxiliary classifiers, which inference drops.
 */
import { ReLU } from "../../src/nn/layers/activations.ts";
import type { Attention } from "../../src/nn/attention/attention.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Concatenate, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { ImageMultiple, LeastImage } from "../../src/nn/image-size.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { AveragePool2d, GlobalAveragePool, MaxPool2d } from "../../src/nn/layers/pooling.ts";
import { Dropout } from "../../src/nn/layers/dropout.ts";
import { Flatten } from "../../src/nn/layers/reshape.ts";
import type { WeightLayout } from "../../src/weight-layout.ts";
import { centred, imagenet } from "../../src/io/images/presets.ts";
import { sePrefix } from "../family.ts";
import type { Family } from "../family.ts";
import { count, fraction, positive, readOptions } from "../options.ts";
import type { GivenOptions } from "../options.ts";
import { makeSe, present, seReaders } from "../se-options.ts";
import type { SeOptions } from "../se-options.ts";

export interface InceptionOptions extends SeOptions {
  readonly classes: number;
  readonly inChannels: number;
  /** All channels times this, to the nearest whole number of at least 1. */
  readonly width: number;
  readonly dropout: number;
}

/** Convolution, normalisation, ReLU. */
class ConvNorm extends Composite {
  readonly conv: Conv2d;
  readonly bn: BatchNorm2d;
  readonly body: Module;

  constructor(from: number, to: number, kernel: number, epsilon: number, stride: number = 1) {
    super();
    this.conv = new Conv2d(from, to, { kernel, stride, padding: (kernel - 1) / 2, bias: false });
    this.bn = new BatchNorm2d(to, { epsilon });
    this.body = new Sequential(this.conv, this.bn, new ReLU());
  }
}

/** What a module is made of; widths as published. */
interface Plan {
  /** Of the 1x1 branch; 0: there is none. */
  readonly single: number;
  /** Widths of a 1x1 convolution and of the 3x3 ones after it, the last of which has the stride. */
  readonly towers: readonly (readonly number[])[];
  readonly pool: "mean" | "max";
  /** Of the 1x1 convolution after the pool; 0: there is none, and the pool has the stride. */
  readonly projection: number;
  readonly stride: 1 | 2;
}

class InceptionModule extends Composite {
  readonly branch1: ConvNorm | undefined;
  readonly branch2: Sequential;
  readonly branch3: Sequential;
  readonly branch4: Sequential | undefined;
  readonly se: Attention | undefined;
  readonly body: Module;
  /** What comes out. */
  readonly channels: number;

  constructor(from: number, { single, towers, pool, projection, stride }: Plan, options: InceptionOptions, epsilon: number) {
    super();
    const wide = scaling(options);
    const tower = (widths: readonly number[]): Sequential => new Sequential(...widths.map((to, i) =>
      new ConvNorm(i === 0 ? from : wide(widths[i - 1]), wide(to), i === 0 ? 1 : 3, epsilon, i === widths.length - 1 ? stride : 1)));
    const even = { kernel: 3, stride: 1, padding: 1 };
    const pooled = stride === 2 ? new MaxPool2d({ kernel: 3, stride, ceilMode: true })
      : pool === "mean" ? new AveragePool2d(even)
      : new MaxPool2d(even);
    this.branch1 = single === 0 ? undefined : new ConvNorm(from, wide(single), 1, epsilon);
    [this.branch2, this.branch3] = towers.map(tower);
    this.branch4 = projection === 0 ? undefined : new Sequential(pooled, new ConvNorm(from, wide(projection), 1, epsilon));
    const widths = [single, ...towers.map((widths) => widths[widths.length - 1]), projection].filter((width) => width > 0).map(wide);
    this.channels = widths.reduce((a, b) => a + b, projection === 0 ? from : 0);
    this.se = makeSe(this.channels, options);
    const joined = new Concatenate(...present<Module>(this.branch1, this.branch2, this.branch3, this.branch4 ?? pooled));
    this.body = new Sequential(...present<Module>(joined, this.se));
  }
}

function scaling({ width }: InceptionOptions): (channels: number) => number {
  return (channels) => Math.max(1, Math.round(channels * width));
}

/** The parts of a whole network that differ. */
interface Network {
  readonly door: Module;
  readonly epsilon: number;
  /** Modules by their names, and pools between them. */
  readonly modules: readonly (readonly [name: string, plan: Plan] | Module)[];
}

/**
 * Images [N, inChannels, H, W] to logits [N, classes]. State dict: conv1.conv.weight, conv1.bn.*, conv2.*, conv3.*,
 * inception3a.branch1.conv.weight, ..., fc.*.
 */
export class Inception extends Composite {
  readonly body: Module;
  readonly #children: [string, Module][];

  constructor({ door, epsilon, modules }: Network, options: InceptionOptions) {
    super();
    const wide = scaling(options);
    const conv1 = new ConvNorm(options.inChannels, wide(64), 7, epsilon, 2);
    const conv2 = new ConvNorm(wide(64), wide(64), 1, epsilon);
    const conv3 = new ConvNorm(wide(64), wide(192), 3, epsilon);
    this.#children = [["conv1", conv1], ["conv2", conv2], ["conv3", conv3]];
    const halve = (): Module => new MaxPool2d({ kernel: 3, stride: 2, ceilMode: true });
    let channels = wide(192);
    const middle = modules.map((item) => {
      if (!(item instanceof Array)) return item;
      const [name, plan] = item as readonly [string, Plan];
      const made = new InceptionModule(channels, plan, options, epsilon);
      this.#children.push([name, made]);
      channels = made.channels;
      return made;
    });
    const fc = new Linear(channels, options.classes);
    this.#children.push(["fc", fc]);
    this.body = new Sequential(
      door, conv1, halve(), conv2, conv3, halve(), ...middle, new GlobalAveragePool(), new Flatten(), new Dropout(options.dropout), fc);
  }

  override children(): [string, Module][] {
    return this.#children;
  }

  override layouts(): readonly WeightLayout[] {
    return [torchvision];
  }
}

/** torchvision's GoogLeNet has two more classifiers, for training only (torchvision/models/googlenet.py, aux_logits). */
const torchvision: WeightLayout = {
  name: "torchvision GoogLeNet",
  read: (file) => (file.has("aux1.fc2.weight") ? { rename: (name) => (/^aux[12]\./.test(name) ? undefined : name) } : undefined),
};

function bn(single: number, tower2: readonly number[], tower3: readonly number[], projection: number, pool: "mean" | "max" = "mean"): Plan {
  return { single, towers: [tower2, tower3], pool, projection, stride: projection === 0 ? 2 : 1 };
}

const bnModules: readonly (readonly [string, Plan])[] = [
  ["inception3a", bn(64, [64, 64], [64, 96, 96], 32)],
  ["inception3b", bn(64, [64, 96], [64, 96, 96], 64)],
  ["inception3c", bn(0, [128, 160], [64, 96, 96], 0)],
  ["inception4a", bn(224, [64, 96], [96, 128, 128], 128)],
  ["inception4b", bn(192, [96, 128], [96, 128, 128], 128)],
  ["inception4c", bn(160, [128, 160], [128, 160, 160], 128)],
  ["inception4d", bn(96, [128, 192], [160, 192, 192], 128)],
  ["inception4e", bn(0, [128, 192], [192, 256, 256], 0)],
  ["inception5a", bn(352, [192, 320], [160, 224, 224], 128)],
  ["inception5b", bn(352, [192, 320], [192, 224, 224], 128, "max")],
];

function google(single: number, tower2: readonly number[], tower3: readonly number[], projection: number): Plan {
  return { single, towers: [tower2, tower3], pool: "max", projection, stride: 1 };
}

function googleModules(): (readonly [string, Plan] | Module)[] {
  return [
    ["inception3a", google(64, [96, 128], [16, 32], 32)],
    ["inception3b", google(128, [128, 192], [32, 96], 64)],
    new MaxPool2d({ kernel: 3, stride: 2, ceilMode: true }),
    ["inception4a", google(192, [96, 208], [16, 48], 64)],
    ["inception4b", google(160, [112, 224], [24, 64], 64)],
    ["inception4c", google(128, [128, 256], [24, 64], 64)],
    ["inception4d", google(112, [144, 288], [32, 64], 64)],
    ["inception4e", google(256, [160, 320], [32, 128], 128)],
    new MaxPool2d({ kernel: 2, stride: 2, ceilMode: true }),
    ["inception5a", google(256, [160, 320], [32, 128], 128)],
    ["inception5b", google(384, [192, 384], [48, 128], 128)],
  ];
}

function read(name: string, se: boolean, dropout: number, options: GivenOptions): InceptionOptions {
  return readOptions<InceptionOptions>(name, options, {
    classes: count(1000), inChannels: count(3), width: positive(1), dropout: fraction(dropout), ...seReaders({ se }),
  });
}

/**
 * `bn_inception` and `se_bn_inception`. Its stride-2 modules join a pool that rounds down where their convolutions round up: sides are
 * multiples of 32.
 */
export function bnInception(name: string, se: boolean, options: GivenOptions): Inception {
  return new Inception({ door: new ImageMultiple(name, 32), epsilon: 1e-5, modules: bnModules }, read(name, se, 0, options));
}

/** `googlenet` and `se_googlenet`. */
export function googlenet(name: string, se: boolean, options: GivenOptions): Inception {
  return new Inception({ door: new LeastImage(name, 15), epsilon: 1e-3, modules: googleModules() }, read(name, se, 0.2, options));
}

export const inceptions: Family = {
  entries: () => [
    { name: "bn_inception", build: (name, options) => bnInception(name, false, options) },
    { name: "se_bn_inception", build: (name, options) => bnInception(name, true, options) },
    { name: "googlenet", libraries: ["torchvision"], build: (name, options) => googlenet(name, false, options) },
    { name: "se_googlenet", build: (name, options) => googlenet(name, true, options) },
  ],
  // torchvision's own class turns ImageNet's mean and deviation into these (transform_input), for its weights came from TensorFlow.
  presets: () => ({ googlenet: { ...imagenet, ...centred } }),
  recognise(shapes) {
    if (!shapes.has("inception3a.branch1.conv.weight") || !shapes.has("fc.weight")) return undefined;
    return `${sePrefix(shapes)}${shapes.has("inception3c.branch2.0.conv.weight") ? "bn_inception" : "googlenet"}`;
  },
};

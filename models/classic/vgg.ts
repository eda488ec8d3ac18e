/**
 * VGG (Simonyan and Zisserman, arXiv 1409.1556, table 1: A, B, D and E) as torchvision has it (torchvision/models/vgg.py): the
 * original without normalisation and the one with (`_bn`), on any image of at least 32x32 through adaptive pooling. And SE-VGG
 * (Hu et al., arXiv 1709.01507): section 3.3 puts SE "after the non-linearity following each convolution", table 2 trains VGG-16
 * with normalisation.
 *
 * An SE block stands in the place of the ReLU that it follows (`features.2.se.fc1.weight`), so that torchvision's numbers of
 * the convolutions hold with and without SE.
 *
 * timm's (timm/models/vgg.py, ConvMlp) is the same up to 224x224. It keeps the hidden layers as convolutions, which larger images have
 * several places for; their features are averaged before the last layer, where torchvision pools any image to 7x7.
 *
 * Counts of VGG-16 with normalisation, 224x224: 15,470 M multiply-accumulates of convolution and linear layers are the paper's
 * 15.47 G. Its 15.48 G with SE are those plus excitation and scale: 15,484 M with SE after every convolution, 15,476 M with
 * one a stage; both print as 15.48.
 */
import { show } from "../../src/errors.ts";
import { check, flag as isFlag } from "../../src/checks.ts";
import { ReLU } from "../../src/nn/layers/activations.ts";
import type { Attention } from "../../src/nn/attention/attention.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { LeastImage } from "../../src/nn/image-size.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { AdaptiveAveragePool2d, GlobalAveragePool, MaxPool2d } from "../../src/nn/layers/pooling.ts";
import { Dropout } from "../../src/nn/layers/dropout.ts";
import { Flatten } from "../../src/nn/layers/reshape.ts";
import type { WeightLayout } from "../../src/weight-layout.ts";
import { sePrefix } from "../family.ts";
import type { Entry, Family } from "../family.ts";
import { count, fraction, member, oneOf, readOptions } from "../options.ts";
import type { GivenOptions } from "../options.ts";
import { makeSe, present, seReaders } from "../se-options.ts";
import type { SeOptions } from "../se-options.ts";

export interface VggOptions extends SeOptions {
  readonly classes: number;
  readonly inChannels: number;
  /** SE after every convolution and its ReLU (the paper's), or one for each stage, before its pooling. */
  readonly placement: "conv" | "stage";
  /** Channels of the first stage; the others have 2, 4, 8 and 8 times as many. */
  readonly width: number;
  /** Units of each of the two hidden linear layers. */
  readonly units: number;
  readonly dropout: number;
}

/** A ReLU and the SE block after it. */
class GatedReLU extends Composite {
  readonly se: Attention;
  readonly body: Module;

  constructor(se: Attention) {
    super();
    this.se = se;
    this.body = new Sequential(new ReLU(), se);
  }
}

/** Convolutions in each stage, by depth. */
const stages: Record<number, readonly number[]> = {
  11: [1, 1, 2, 2, 2],
  13: [2, 2, 2, 2, 2],
  16: [2, 2, 3, 3, 3],
  19: [2, 2, 4, 4, 4],
};

/** How many times as wide as the first each stage is. */
const widths: readonly number[] = [1, 2, 4, 8, 8];

/** The image is pooled to so many rows and columns before the linear layers. */
const POOLED = 7;

function features(convolutions: readonly number[], normalise: boolean, options: VggOptions): Module[] {
  const modules: Module[] = [];
  let from = options.inChannels;
  convolutions.forEach((repeats, stage) => {
    const to = options.width * widths[stage];
    for (let i = 0; i < repeats; i++) {
      const se = options.placement === "conv" || i === repeats - 1 ? makeSe(to, options) : undefined;
      modules.push(...present<Module>(
        new Conv2d(from, to, { kernel: 3, padding: 1 }), normalise ? new BatchNorm2d(to) : undefined,
        se === undefined ? new ReLU() : new GatedReLU(se)));
      from = to;
    }
    modules.push(new MaxPool2d({ kernel: 2 }));
  });
  return modules;
}

/** Images [N, inChannels, H, W] of at least 32x32 to logits [N, classes]. */
export class Vgg extends Composite {
  readonly features: Sequential;
  readonly classifier: Sequential;
  readonly body: Module;

  constructor(name: string, convolutions: readonly number[], normalise: boolean, options: VggOptions) {
    super();
    const { classes, dropout, units, width } = options;
    this.features = new Sequential(...features(convolutions, normalise, options));
    this.classifier = new Sequential(
      new Linear(width * widths[widths.length - 1] * POOLED * POOLED, units), new ReLU(), new Dropout(dropout),
      new Linear(units, units), new ReLU(), new Dropout(dropout),
      new Linear(units, classes));
    // Five poolings by 2.
    this.body = new Sequential(new LeastImage(name, 32), this.features, new AdaptiveAveragePool2d(POOLED), new Flatten(), this.classifier);
  }

  override layouts(): readonly WeightLayout[] {
    return [timm];
  }
}

/** What timm calls torchvision's last layers. */
const lastLayers: readonly (readonly [torchvision: string, timm: string])[] = [
  ["classifier.0", "pre_logits.fc1"], ["classifier.3", "pre_logits.fc2"], ["classifier.6", "head.fc"],
];

/** @param pairs of the file's name of a layer and ours */
function renaming(name: string, pairs: readonly (readonly [from: string, to: string])[]): WeightLayout {
  return {
    name,
    read: (file) => (file.has(`${pairs[0][0]}.weight`) ? {
      rename(tensor) {
        const pair = pairs.find(([from]) => tensor.startsWith(`${from}.`));
        return pair === undefined ? tensor : pair[1] + tensor.slice(pair[0].length);
      },
    } : undefined),
  };
}

const timm = renaming("timm VGG", lastLayers.map(([torchvision, ours]) => [ours, torchvision]));

/** The hidden layers, as convolutions. */
class PreLogits extends Composite {
  readonly fc1: Conv2d;
  readonly fc2: Conv2d;
  readonly body: Module;

  constructor(channels: number, { units, dropout }: VggOptions) {
    super();
    this.fc1 = new Conv2d(channels, units, { kernel: POOLED });
    this.fc2 = new Conv2d(units, units, { kernel: 1 });
    this.body = new Sequential(
      new AdaptiveAveragePool2d(POOLED, { least: true }), this.fc1, new ReLU(), new Dropout(dropout), this.fc2, new ReLU());
  }
}

class Head extends Composite {
  readonly fc: Linear;
  readonly body: Module;

  constructor({ units, classes, dropout }: VggOptions) {
    super();
    this.fc = new Linear(units, classes);
    this.body = new Sequential(new GlobalAveragePool(), new Flatten(), new Dropout(dropout), this.fc);
  }
}

/** Images [N, inChannels, H, W] of at least 32x32 to logits [N, classes], as timm has it. */
export class TimmVgg extends Composite {
  readonly features: Sequential;
  readonly preLogits: PreLogits;
  readonly head: Head;
  readonly body: Module;

  constructor(name: string, convolutions: readonly number[], normalise: boolean, options: VggOptions) {
    super();
    this.features = new Sequential(...features(convolutions, normalise, options));
    this.preLogits = new PreLogits(options.width * widths[widths.length - 1], options);
    this.head = new Head(options);
    this.body = new Sequential(new LeastImage(name, 32), this.features, this.preLogits, this.head);
  }

  override layouts(): readonly WeightLayout[] {
    return [renaming("torchvision VGG", lastLayers)];
  }
}

type Depth = 11 | 13 | 16 | 19;

function read(name: string, se: boolean, options: GivenOptions): VggOptions {
  return readOptions<VggOptions>(name, options, {
    classes: count(1000),
    inChannels: count(3),
    ...seReaders({ se }),
    placement: oneOf(["conv", "stage"], "conv"),
    width: count(64),
    units: count(4096),
    dropout: fraction(0.5),
  });
}

const vggDepths = [11, 13, 16, 19] as const;

/** `vgg16`, `vgg16_bn`, `se_vgg16`, `se_vgg16_bn` and those of 11, 13 and 19 layers. */
export function vgg(name: string, depth: Depth, normalise: boolean, se: boolean, options: GivenOptions): Vgg {
  check(show(name), "normalise", normalise, isFlag);
  return new Vgg(name, stages[member(name, "depth", depth, vggDepths)], normalise, read(name, se, options));
}

/** `timm/vgg16` and its like. */
export function timmVgg(name: string, depth: Depth, normalise: boolean, options: GivenOptions): TimmVgg {
  check(show(name), "normalise", normalise, isFlag);
  return new TimmVgg(name, stages[member(name, "depth", depth, vggDepths)], normalise, read(name, false, options));
}

export const vggs: Family = {
  entries: () => vggDepths.flatMap((depth) => [false, true].flatMap((normalise): Entry[] => {
    const name = `vgg${depth}${normalise ? "_bn" : ""}`;
    return [
      { name, libraries: ["torchvision"], build: (given, options) => vgg(given, depth, normalise, false, options) },
      { name, libraries: ["timm"], build: (given, options) => timmVgg(given, depth, normalise, options) },
      { name: `se_${name}`, build: (given, options) => vgg(given, depth, normalise, true, options) },
    ];
  })),
  recognise(shapes) {
    const linear = shapes.has("classifier.6.weight") || shapes.has("head.fc.weight");
    if (!linear || shapes.get("features.0.weight")?.slice(2).join() !== "3,3") return undefined;
    const convolutions = [...shapes].filter(([name, shape]) => /^features\.\d+\.weight$/.test(name) && shape.length === 4).length;
    const normalise = [...shapes.keys()].some((name) => name.endsWith("running_mean"));
    if (![11, 13, 16, 19].includes(convolutions + 3)) return undefined;
    const library = shapes.has("pre_logits.fc1.weight") ? "timm/" : "";
    return `${library}${sePrefix(shapes)}vgg${convolutions + 3}${normalise ? "_bn" : ""}`;
  },
};

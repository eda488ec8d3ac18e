/**
 * VGG (Simonyan and Zisserman, arXiv 1409.1556, table 1: A, B, D and E) as torchvision has it (torchvision/models/vgg.py): the
 * original without normalisation and the one with (`_bn`), on any image of at least 32x32 through adaptive pooling. And SE-VGG
 * (Hu et al., arXiv 1709.01507): section 3.3 puts SE "after the non-linearity following each convolution", table 2 trains VGG-16
 * with normalisation.
 *
 * An SE block stands in the place of the ReLU that it follows (`features.2.se.fc1.weight`), so that torchvision's numbers of
 * the convolutions hold with and without SE.
 *
 * Counts of VGG-16 with normalisation, 224x224: 15,470 M multiply-accumulates of convolution and linear layers are the paper's
 * 15.47 G. Its 15.48 G with SE are those plus excitation and scale: 15,484 M with SE after every convolution, 15,476 M with
 * one a stage; both print as 15.48.
 */
import { ReLU } from "../../src/nn/layers/activations.ts";
import type { Attention } from "../../src/nn/attention/attention.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { LeastImage } from "../../src/nn/image-size.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { AdaptiveAveragePool2d, MaxPool2d } from "../../src/nn/layers/pooling.ts";
import { Dropout } from "../../src/nn/layers/dropout.ts";
import { Flatten } from "../../src/nn/layers/reshape.ts";
import type { WeightLayout } from "../../src/weight-layout.ts";
import { sePrefix } from "../family.ts";
import type { Entry, Family } from "../family.ts";
import { count, fraction, oneOf, readOptions } from "../options.ts";
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

/** timm keeps the hidden linear layers as convolutions over the pooled image (timm/models/vgg.py, ConvMlp). */
const timm: WeightLayout = {
  name: "timm VGG",
  read(file) {
    if (!file.has("pre_logits.fc1.weight")) return undefined;
    const layers: Readonly<Record<string, string>> = {
      "pre_logits.fc1": "classifier.0", "pre_logits.fc2": "classifier.3", "head.fc": "classifier.6",
    };
    return { rename: (name) => name.replace(/^(pre_logits\.fc[12]|head\.fc)(?=\.)/, (layer) => layers[layer]) };
  },
};

/** `vgg16`, `vgg16_bn`, `se_vgg16`, `se_vgg16_bn` and those of 11, 13 and 19 layers. */
export function vgg(name: string, depth: 11 | 13 | 16 | 19, normalise: boolean, se: boolean, options: GivenOptions): Vgg {
  return new Vgg(name, stages[depth], normalise, readOptions<VggOptions>(name, options, {
    classes: count(1000),
    inChannels: count(3),
    ...seReaders({ se }),
    placement: oneOf(["conv", "stage"], "conv"),
    width: count(64),
    units: count(4096),
    dropout: fraction(0.5),
  }));
}

export const vggs: Family = {
  entries: () => ([11, 13, 16, 19] as const).flatMap((depth) => [false, true].flatMap((normalise): Entry[] => {
    const name = `vgg${depth}${normalise ? "_bn" : ""}`;
    return [
      { name, libraries: ["timm", "torchvision"], build: (given, options) => vgg(given, depth, normalise, false, options) },
      { name: `se_${name}`, build: (given, options) => vgg(given, depth, normalise, true, options) },
    ];
  })),
  recognise(shapes) {
    const linear = shapes.has("classifier.6.weight") || shapes.has("head.fc.weight");
    if (!linear || shapes.get("features.0.weight")?.slice(2).join() !== "3,3") return undefined;
    const convolutions = [...shapes].filter(([name, shape]) => /^features\.\d+\.weight$/.test(name) && shape.length === 4).length;
    const normalise = [...shapes.keys()].some((name) => name.endsWith("running_mean"));
    return [11, 13, 16, 19].includes(convolutions + 3) ? `${sePrefix(shapes)}vgg${convolutions + 3}${normalise ? "_bn" : ""}` : undefined;
  },
};

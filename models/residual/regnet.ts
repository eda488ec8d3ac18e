/**
 * RegNetY (Radosavovic et al., "Designing Network Design Spaces", arXiv 2003.13678, table 4): bottlenecks without a waist whose 3x3
 * convolution has groups of one width, with SE between it and the last 1x1. Names are timm's (timm/models/regnet.py); torchvision's
 * (torchvision/models/regnet.py) are read too. Widths follow from four numbers of the paper, but the two libraries round them to whole
 * groups differently (`008` and `080`), so the table has them as they are.
 */
import { ReLU } from "../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Residual, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import type { Attention } from "../../src/nn/attention/attention.ts";
import { bicubic, imagenet, square } from "../../src/io/images/presets.ts";
import type { Preprocessing } from "../../src/io/images/preprocess.ts";
import type { WeightLayout } from "../../src/weight-layout.ts";
import type { Entry, Family } from "../family.ts";
import { Head } from "../head.ts";
import { count, counts, flag, fraction, readOptions } from "../options.ts";
import type { GivenOptions } from "../options.ts";
import { makeSe, present, seReaders } from "../se-options.ts";
import type { SeOptions } from "../se-options.ts";

export interface RegNetOptions extends SeOptions {
  readonly classes: number;
  readonly inChannels: number;
  /** Channels, and blocks, of the four stages. */
  readonly widths: readonly number[];
  readonly blocks: readonly number[];
  /** Channels of a group of the 3x3 convolutions. */
  readonly groupWidth: number;
  /** Start with gamma = 0 in the last normalisation of every branch. */
  readonly zeroInit: boolean;
  readonly dropout: number;
}

/** Python's round: halves go to the even number. */
function roundEven(value: number): number {
  const whole = Math.round(value);
  return Math.abs(value % 1) === 0.5 && whole % 2 !== 0 ? whole - 1 : whole;
}

/** A convolution without bias and its normalisation. */
class ConvNorm extends Composite {
  readonly conv: Conv2d;
  readonly bn: BatchNorm2d;
  readonly body: Module;

  constructor(from: number, to: number, options: { kernel: number; stride?: number; groups?: number; gamma?: number }, act: boolean) {
    super();
    const { kernel, stride = 1, groups = 1, gamma = 1 } = options;
    this.conv = new Conv2d(from, to, { kernel, stride, groups, padding: (kernel - 1) / 2, bias: false });
    this.bn = new BatchNorm2d(to, { initialGamma: gamma });
    this.body = new Sequential(...present<Module>(this.conv, this.bn, act ? new ReLU() : undefined));
  }
}

class Block extends Composite {
  readonly conv1: ConvNorm;
  readonly conv2: ConvNorm;
  readonly se: Attention | undefined;
  readonly conv3: ConvNorm;
  readonly downsample: ConvNorm | undefined;
  readonly body: Module;

  constructor(from: number, to: number, stride: number, options: RegNetOptions) {
    super();
    this.conv1 = new ConvNorm(from, to, { kernel: 1 }, true);
    this.conv2 = new ConvNorm(to, to, { kernel: 3, stride, groups: to / options.groupWidth }, true);
    // The hidden width is a quarter of the block's input, not of what is squeezed.
    this.se = makeSe(to, options, { hidden: roundEven(from / (options.reduction ?? 4)) });
    this.conv3 = new ConvNorm(to, to, { kernel: 1, gamma: options.zeroInit ? 0 : 1 }, false);
    this.downsample = stride === 1 && from === to ? undefined : new ConvNorm(from, to, { kernel: 1, stride }, false);
    const branch = new Sequential(...present<Module>(this.conv1, this.conv2, this.se, this.conv3));
    this.body = new Sequential(this.downsample === undefined ? new Residual(branch) : new Residual(branch, this.downsample), new ReLU());
  }
}

/** Blocks in a row, named b1, b2, ... */
class Stage extends Sequential {
  override children(): [string, Module][] {
    return this.modules.map((module, i) => [`b${i + 1}`, module]);
  }
}

/** Images [N, inChannels, H, W] to logits [N, classes]; every stage halves the image, as the stem does. */
export class RegNet extends Composite {
  readonly stem: ConvNorm;
  readonly s1: Stage;
  readonly s2: Stage;
  readonly s3: Stage;
  readonly s4: Stage;
  readonly head: Head;
  readonly body: Module;

  constructor(options: RegNetOptions) {
    super();
    let channels = 32;
    this.stem = new ConvNorm(options.inChannels, channels, { kernel: 3, stride: 2 }, true);
    const stages = options.widths.map((width, s) => new Stage(...Array.from({ length: options.blocks[s] }, (_, b) => {
      const block = new Block(channels, width, b === 0 ? 2 : 1, options);
      channels = width;
      return block;
    })));
    [this.s1, this.s2, this.s3, this.s4] = stages;
    this.head = new Head(channels, options, 0.01);
    this.body = new Sequential(this.stem, ...stages, this.head);
  }

  override layouts(): readonly WeightLayout[] {
    return [torchvision];
  }
}

const TORCHVISION_BLOCK = /^trunk_output\.block(\d)\.block\d-(\d+)\.(.+)$/;
const leaves: readonly (readonly [RegExp, string])[] = [
  [/^proj\.0\./, "downsample.conv."], [/^proj\.1\./, "downsample.bn."],
  [/^f\.a\.0\./, "conv1.conv."], [/^f\.a\.1\./, "conv1.bn."], [/^f\.b\.0\./, "conv2.conv."], [/^f\.b\.1\./, "conv2.bn."],
  // Older files have the two layers of SE by their positions.
  [/^f\.se\.(fc1|excitation\.0)\./, "se.fc1."], [/^f\.se\.(fc2|excitation\.2)\./, "se.fc2."],
  [/^f\.c\.0\./, "conv3.conv."], [/^f\.c\.1\./, "conv3.bn."],
];

const torchvision: WeightLayout = {
  name: "torchvision RegNet",
  read: (file) => (file.has("trunk_output.block1.block1-0.f.a.0.weight") ? {
    rename(name) {
      const block = TORCHVISION_BLOCK.exec(name);
      if (block === null) return name.replace(/^stem\.0\./, "stem.conv.").replace(/^stem\.1\./, "stem.bn.").replace(/^fc\./, "head.fc.");
      const leaf = leaves.find(([pattern]) => pattern.test(block[3]));
      return `s${block[1]}.b${Number(block[2]) + 1}.${leaf === undefined ? block[3] : block[3].replace(leaf[0], leaf[1])}`;
    },
  } : undefined),
};

interface Size {
  readonly widths: readonly [number, number, number, number];
  readonly blocks: readonly [number, number, number, number];
  readonly groupWidth: number;
  /** What timm and what torchvision call it; undefined where one has none of these widths. */
  readonly timm: string | undefined;
  readonly torchvision: string | undefined;
}

function size(
  widths: Size["widths"], blocks: Size["blocks"], groupWidth: number, timm: string | undefined, torchvision: string | undefined = undefined,
): Size {
  return { widths, blocks, groupWidth, timm: timm && `regnety_${timm}`, torchvision: torchvision && `regnet_y_${torchvision}` };
}

const sizes: readonly Size[] = [
  size([24, 56, 152, 368], [1, 1, 4, 7], 8, "002"),
  size([48, 104, 208, 440], [1, 3, 6, 6], 8, "004", "400mf"),
  size([48, 112, 256, 608], [1, 3, 7, 4], 16, "006"),
  size([64, 128, 320, 768], [1, 3, 8, 2], 16, "008"),
  size([64, 144, 320, 784], [1, 3, 8, 2], 16, "008_tv", "800mf"),
  size([48, 120, 336, 888], [2, 6, 17, 2], 24, "016", "1_6gf"),
  size([72, 216, 576, 1512], [2, 5, 13, 1], 24, "032", "3_2gf"),
  size([128, 192, 512, 1088], [2, 6, 12, 2], 64, "040"),
  size([144, 288, 576, 1296], [2, 7, 14, 2], 72, "064"),
  size([168, 448, 896, 2016], [2, 4, 10, 1], 56, "080"),
  size([224, 448, 896, 2016], [2, 4, 10, 1], 56, "080_tv", "8gf"),
  size([224, 448, 896, 2240], [2, 5, 11, 1], 112, "120"),
  size([224, 448, 1232, 3024], [2, 4, 11, 1], 112, "160", "16gf"),
  size([232, 696, 1392, 3712], [2, 5, 12, 1], 232, "320", "32gf"),
];

/** @throws RangeError for widths that do not divide into groups */
function regnet(name: string, of: Size, options: GivenOptions): RegNet {
  const read = readOptions<RegNetOptions>(name, options, {
    classes: count(1000),
    inChannels: count(3),
    widths: counts(of.widths),
    blocks: counts(of.blocks),
    groupWidth: count(of.groupWidth),
    zeroInit: flag(true),
    dropout: fraction(0),
    ...seReaders({ se: true }),
  });
  const odd = read.widths.find((width) => width % read.groupWidth !== 0);
  if (odd !== undefined) throw new RangeError(`${name}: option "widths" wants multiples of "groupWidth" ${read.groupWidth}, got ${odd}`);
  return new RegNet(read);
}

const tv2: Preprocessing = square(bicubic, 224, 232);

export const regnets: Family = {
  entries: () => sizes.flatMap((of): Entry[] => [
    ...(of.timm === undefined ? [] : [{ name: of.timm, libraries: ["timm"], build: (name, options) => regnet(name, of,
      options) } as Entry]),
    ...(of.torchvision === undefined ? [] : [{ name: of.torchvision, libraries: ["torchvision"], build: (name, options) => regnet(name, of,
      options) } as Entry]),
  ]),
  presets: () => ({
    ...Object.fromEntries(["002", "006", "008"].map((n) => [`regnety_${n}`, bicubic])),
    ...Object.fromEntries(["004", "008_tv", "016", "080_tv", "160", "320"].map((n) => [`regnety_${n}`, tv2])),
    "regnety_002.pycls_in1k": bicubic,
    "regnety_032.ra_in1k": square(bicubic, 224, 235),
    "regnety_032.ra_in1k@288": square(bicubic, 288, 288),
    regnety_032: square(bicubic, 224, 235),
    "regnety_040.ra3_in1k": square(bicubic, 224, 235),
    "regnety_040.ra3_in1k@288": square(bicubic, 288, 288),
    ...Object.fromEntries(sizes.flatMap(({ torchvision: name }) => (name === undefined ? [] : [
      [name, square(imagenet, 224, 232)], [`${name}.IMAGENET1K_V1`, imagenet], [`${name}.IMAGENET1K_V2`, square(imagenet, 224, 232)]]))),
  }),
  recognise(shapes) {
    const timm = shapes.has("s1.b1.conv1.conv.weight");
    const last = (s: number): string => (timm ? `s${s}.b1.conv3.conv.weight` : `trunk_output.block${s}.block${s}-0.f.c.0.weight`);
    const stages = [1, 2, 3, 4].map((s) => shapes.get(last(s))?.[0]).join();
    const found = sizes.find(({ widths }) => widths.join() === stages);
    return found && ((timm ? found.timm : found.torchvision) ?? found.timm);
  },
};

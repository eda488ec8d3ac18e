/**
 * ResNet and SE-ResNet as timm has them (timm/models/resnet.py: `resnet*`, `seresnet*`; torchvision's resnets have the same
 * names and graph): He et al., arXiv 1512.03385, stride in the 3x3; SE by Hu et al., arXiv 1709.01507, on the branch after
 * its last normalisation, hidden width C / 16 rounded to a multiple of 8. And the small ones for 32x32 and 28x28 images
 * (He et al., section 4.2: 3x3 stem, three stages of 16, 32 and 64 channels), with projection shortcuts.
 */
import { between, check, flag as isFlag, whole } from "../../src/checks.ts";
import { show } from "../../src/errors.ts";
import { ReLU } from "../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { AveragePool2d, GlobalAveragePool, MaxPool2d } from "../../src/nn/layers/pooling.ts";
import { Dropout } from "../../src/nn/layers/dropout.ts";
import { Flatten } from "../../src/nn/layers/reshape.ts";
import type { WeightLayout } from "../../src/weight-layout.ts";
import { bicubic, square } from "../../src/io/images/presets.ts";
import type { Entry, Family } from "../family.ts";
import { count, counts, flag, fraction, member, oneOf, readOptions } from "../options.ts";
import type { GivenOptions, Readers } from "../options.ts";
import { depths, residualName, stagesOf } from "./depths.ts";
import type { Depth } from "./depths.ts";
import { BasicBlock, Bottleneck, convNorm } from "./resnet-blocks.ts";
import type { BlockOptions, BottleneckSizes } from "./resnet-blocks.ts";
import { present, seReaders } from "../se-options.ts";

export interface ResNetOptions extends BlockOptions {
  readonly classes: number;
  readonly inChannels: number;
  /** Channels of the first stage. */
  readonly width: number;
  /** Stride of the first convolution: 2 makes a small network four times cheaper, 1 keeps small images as they are. */
  readonly stemStride: number;
  /** Before the last linear layer. */
  readonly dropout: number;
}

/** What is fixed by a model's name. */
export interface Plan {
  /** One convolution, or three of 3x3: `deep` with width, width and twice the width of channels, or with these. */
  readonly stem: "7x7" | "3x3" | "deep" | readonly [number, number, number];
  /** What halves the image behind the stem: the maximum (where none is said), a 3x3 convolution (ResNet-RS), or the mean of 2x2 pixels. */
  readonly pool?: "max" | "convolution" | "average";
  /** What says which images fit, where not all do. */
  readonly door?: Module;
  readonly blocks: readonly number[];
  /** Channels of a stage's bottlenecks by its width (64, 128, 256, 512); absent in networks of basic blocks. */
  readonly bottleneck: ((width: number) => BottleneckSizes) | undefined;
}

function stage(plan: Plan, index: number, from: number, options: ResNetOptions): { blocks: Sequential; channels: number } {
  const width = options.width << index;
  const sizes = plan.bottleneck?.(width);
  const to = sizes?.to ?? width;
  const blocks: Module[] = [];
  for (let i = 0; i < plan.blocks[index]; i++) {
    const stride = index > 0 && i === 0 ? 2 : 1;
    blocks.push(sizes === undefined ? new BasicBlock(from, to, stride, options) : new Bottleneck(from, sizes, stride, options));
    from = to;
  }
  return { blocks: new Sequential(...blocks), channels: to };
}

/** The first convolution, and the channels that it gives. */
function stem(plan: Plan, options: ResNetOptions): { conv: Conv2d | Sequential; channels: number } {
  const { inChannels, width, stemStride } = options;
  if (plan.stem !== "7x7" && plan.stem !== "3x3") {
    const [first, second, third] = plan.stem === "deep" ? [width, width, 2 * width] : plan.stem;
    const conv = new Sequential(
      ...convNorm(inChannels, first, 3, stemStride), new ReLU(), ...convNorm(first, second, 3, 1), new ReLU(),
      new Conv2d(second, third, { kernel: 3, padding: 1, bias: false }));
    return { conv, channels: third };
  }
  const kernel = plan.stem === "7x7" ? 7 : 3;
  return { conv: new Conv2d(inChannels, width, { kernel, stride: stemStride, padding: (kernel - 1) / 2, bias: false }), channels: width };
}

/** Images [N, inChannels, H, W] to logits [N, classes]; any image size that the strides leave a pixel of. */
export class ResNet extends Composite {
  readonly conv1: Conv2d | Sequential;
  readonly bn1: BatchNorm2d;
  /** Named where it has weights. */
  readonly maxpool: Sequential | undefined;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential | undefined;
  readonly fc: Linear;
  readonly body: Module;

  constructor(plan: Plan, options: ResNetOptions) {
    super();
    const first = stem(plan, options);
    let channels = first.channels;
    this.conv1 = first.conv;
    this.bn1 = new BatchNorm2d(channels);
    this.maxpool = plan.pool === "convolution" ? new Sequential(...convNorm(channels, channels, 3, 2), new ReLU()) : undefined;
    const pool = this.maxpool ?? (plan.pool === "average" ? new AveragePool2d({ kernel: 2, stride: 2 })
      : plan.stem !== "3x3" ? new MaxPool2d({ kernel: 3, stride: 2, padding: 1 }) : undefined);
    const stages: Sequential[] = [];
    for (let i = 0; i < plan.blocks.length; i++) {
      const made = stage(plan, i, channels, options);
      stages.push(made.blocks);
      channels = made.channels;
    }
    [this.layer1, this.layer2, this.layer3] = stages;
    this.layer4 = stages[3];
    this.fc = new Linear(channels, options.classes);
    this.body = new Sequential(
      ...present<Module>(plan.door, this.conv1, this.bn1, new ReLU(), pool), ...stages, new GlobalAveragePool(), new Flatten(),
      new Dropout(options.dropout), this.fc);
  }

  override layouts(): readonly WeightLayout[] {
    return [cadeneGraph, moskomule, cadeneNames];
  }
}

/** Cadene's weights have all shapes of timm's SE-ResNets but belong to another graph: loading them here would give wrong answers. */
const cadeneGraph: WeightLayout = {
  name: "Cadene SE-ResNet",
  read(file) {
    if (!file.has("layer0.conv1.weight")) return undefined;
    throw new RangeError("weights: the file has Cadene's names, and that graph has its stride in the first convolution of a block "
      + "and a pool without padding, "
      + `so the model would give wrong answers: load it into ${residualName(file) ?? "the legacy_ model of that depth"}`);
  },
};

const MOSKOMULE = /^(.*\.se\.)fc\.([02])\.(weight|bias)$/;

/** moskomule/senet.pytorch: two linear layers, without biases; with biases of zero they are the same function. */
const moskomule: WeightLayout = {
  name: "moskomule SE-ResNet",
  read(file, wanted) {
    if (!wanted.has("layer1.0.se.fc1.weight") || ![...file.keys()].some((name) => MOSKOMULE.test(name))) return undefined;
    return {
      rename: (name) => name.replace(MOSKOMULE, (_, se: string, index: string, leaf: string) => `${se}fc${index === "0" ? 1 : 2}.${leaf}`),
      zero: (name) => /\.se\.fc[12]\.bias$/.test(name) && file.has(
        name.replace(/fc([12])\.bias$/, (_, n: string) => `fc.${n === "1" ? 0 : 2}.weight`),
      ),
    };
  },
};

const cadeneNames: WeightLayout = {
  name: "Cadene ResNet",
  read: (file) => (file.has("last_linear.weight") ? { rename: (name) => name.replace(/^last_linear\./, "fc.") } : undefined),
};

const positions = ["standard", "pre", "post", "identity", "3x3"] as const;

/** The options of all ResNets. @param large for photographs, not for images of about 32x32 */
export function resnetReaders(se: boolean, large: boolean, dropout: number = 0): Readers<ResNetOptions> {
  check("resnetReaders", "large", large, isFlag);
  check("resnetReaders", "dropout", dropout, between(0, 1, true));
  return {
    classes: count(large ? 1000 : 10),
    inChannels: count(3),
    ...seReaders({ se, rounding: large ? "divisible" : "floor" }),
    position: oneOf(positions, "standard"),
    zeroInit: flag(large),
    width: count(large ? 64 : 16),
    stemStride: count(large ? 2 : 1),
    dropout: fraction(dropout),
  };
}

function bottleneck(width: number): BottleneckSizes {
  return { first: width, middle: width, to: 4 * width, groups: 1, projection: 1 };
}

/** `resnet50`, `seresnet50`, ... for photographs of about 224x224. */
export function resnet(name: string, depth: Depth, se: boolean, options: GivenOptions): ResNet {
  const { blocks, bottleneck: deep } = stagesOf[member(name, "depth", depth, depths)];
  return new ResNet(
    { stem: "7x7", blocks, bottleneck: deep ? bottleneck : undefined }, readOptions(name, options, resnetReaders(se, true)),
  );
}

/**
 * `resnet20`, `se_resnet20`, ... for small images: depth = 6 n + 2, n blocks in each of three stages; the option `blocks` gives each
 * another number.
 */
export function smallResnet(name: string, depth: number, se: boolean, options: GivenOptions): ResNet {
  check(show(name), "depth", depth, whole(8));
  const n = (depth - 2) / 6;
  if (!(Number.isSafeInteger(n) && n <= 1000)) throw new RangeError(`${show(name)}: depth wants 6 n + 2 layers, got ${show(depth)}`);
  const { blocks, ...rest } = readOptions(name, options, { ...resnetReaders(se, false), blocks: counts([n, n, n]) });
  return new ResNet({ stem: "3x3", blocks, bottleneck: undefined }, rest);
}

export const resnets: Family = {
  entries: () => [
    ...depths.flatMap((depth): Entry[] => [
      { name: `resnet${depth}`, libraries: ["timm", "torchvision"], build: (name, options) => resnet(name, depth, false, options) },
      { name: `seresnet${depth}`, libraries: ["timm"], build: (name, options) => resnet(name, depth, true, options) },
    ]),
    ...[8, 14, 20, 32, 44, 56, 110].flatMap((depth): Entry[] => [
      { name: `resnet${depth}`, size: 32, build: (name, options) => smallResnet(name, depth, false, options) },
      { name: `se_resnet${depth}`, size: 32, build: (name, options) => smallResnet(name, depth, true, options) },
    ]),
  ],
  presets: () => ({
    ...Object.fromEntries(depths.map((depth) => [`timm/resnet${depth}`, square(bicubic, 224, 235)])),
    ...Object.fromEntries(depths.map((depth) => [`seresnet${depth}`, bicubic])),
    "seresnet50": square(bicubic, 224, 235),
    "seresnet50.ra2_in1k": bicubic,
    "seresnet50.ra2_in1k@288": square(bicubic, 288, 303),
    "seresnet50.a1_in1k": square(bicubic, 224, 235),
    "seresnet50.a1_in1k@288": square(bicubic, 288, 288),
    "seresnet50.a2_in1k": square(bicubic, 224, 235),
    "seresnet50.a2_in1k@288": square(bicubic, 288, 288),
    "seresnet50.a3_in1k": square(bicubic, 160, 168),
    "seresnet50.a3_in1k@224": square(bicubic, 224, 235),
  }),
  recognise: residualName,
};

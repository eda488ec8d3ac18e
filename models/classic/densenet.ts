/**
 * DenseNet-BC (Huang et al., arXiv 1608.06993, table 1) as torchvision has it (torchvision/models/densenet.py), and SE-DenseNet. The
 * authors of SE never tried it. The placement here is that of titu1994/keras-squeeze-excite-network: after each dense block, the
 * last one too, and, as an option, after each transition. Its 8,328,912 parameters for 121 layers are those of placement "both".
 *
 * Multiply-accumulates of convolution and linear layers, 121 layers at 224x224: 2,834 M. timm's table prints 2.87 G, which counts
 * normalisation too. SE adds 0.3 M of excitation and 1.5 M of scale.
 */
import { ReLU } from "../../src/nn/layers/activations.ts";
import type { Attention } from "../../src/nn/attention/attention.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Concatenate, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { LeastImage } from "../../src/nn/image-size.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { AveragePool2d, GlobalAveragePool, MaxPool2d } from "../../src/nn/layers/pooling.ts";
import { Dropout } from "../../src/nn/layers/dropout.ts";
import { Flatten, Identity } from "../../src/nn/layers/reshape.ts";
import { bicubic } from "../../src/io/images/presets.ts";
import type { WeightLayout } from "../../src/weight-layout.ts";
import { sePrefix } from "../family.ts";
import type { Entry, Family } from "../family.ts";
import { count, counts, fraction, member, oneOf, readOptions } from "../options.ts";
import type { GivenOptions } from "../options.ts";
import { makeSe, present, seReaders } from "../se-options.ts";
import type { SeOptions } from "../se-options.ts";

export interface DenseNetOptions extends SeOptions {
  readonly classes: number;
  readonly inChannels: number;
  /** SE after each dense block, after each transition, or after both. */
  readonly placement: "block" | "transition" | "both";
  /** Layers of each of the four dense blocks. */
  readonly blocks: readonly number[];
  /** Channels that each layer adds (the paper's k). */
  readonly growth: number;
  /** Channels of the first convolution. */
  readonly width: number;
  /** Channels of a layer's 1x1 convolution, in multiples of the growth. */
  readonly bottleneck: number;
  /** After each layer. */
  readonly dropout: number;
}

/** [N,C,H,W] to [N, C + growth, H, W]: what came in, and the new features behind it. */
class DenseLayer extends Composite {
  readonly norm1: BatchNorm2d;
  readonly conv1: Conv2d;
  readonly norm2: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly body: Module;

  constructor(from: number, { growth, bottleneck, dropout }: DenseNetOptions) {
    super();
    const middle = bottleneck * growth;
    this.norm1 = new BatchNorm2d(from);
    this.conv1 = new Conv2d(from, middle, { kernel: 1, bias: false });
    this.norm2 = new BatchNorm2d(middle);
    this.conv2 = new Conv2d(middle, growth, { kernel: 3, padding: 1, bias: false });
    this.body = new Concatenate(new Identity(), new Sequential(
      this.norm1, new ReLU(), this.conv1, this.norm2, new ReLU(), this.conv2, new Dropout(dropout)));
  }
}

/** Layers of which each sees what all before it made. */
class DenseBlock extends Composite {
  readonly layers: readonly DenseLayer[];
  readonly se: Attention | undefined;
  readonly body: Module;

  constructor(from: number, layers: number, options: DenseNetOptions) {
    super();
    this.layers = Array.from({ length: layers }, (_, i) => new DenseLayer(from + i * options.growth, options));
    this.se = options.placement === "transition" ? undefined : makeSe(from + layers * options.growth, options);
    this.body = new Sequential(...present<Module>(...this.layers, this.se));
  }

  /** denselayer1, denselayer2, ... and se. */
  override children(): [string, Module][] {
    return [...this.layers.map((layer, i): [string, Module] => [`denselayer${i + 1}`, layer]), ...super.children()];
  }
}

/** Half the channels, half the image. */
class Transition extends Composite {
  readonly norm: BatchNorm2d;
  readonly conv: Conv2d;
  readonly se: Attention | undefined;
  readonly body: Module;

  constructor(from: number, to: number, options: DenseNetOptions) {
    super();
    this.norm = new BatchNorm2d(from);
    this.conv = new Conv2d(from, to, { kernel: 1, bias: false });
    this.se = options.placement === "block" ? undefined : makeSe(to, options);
    this.body = new Sequential(...present<Module>(this.norm, new ReLU(), this.conv, new AveragePool2d({ kernel: 2 }), this.se));
  }
}

class Features extends Composite {
  readonly conv0: Conv2d;
  readonly norm0: BatchNorm2d;
  readonly norm5: BatchNorm2d;
  readonly channels: number;
  readonly body: Module;
  readonly #between: [string, Module][] = [];

  constructor(options: DenseNetOptions) {
    super();
    const { blocks, growth, inChannels, width } = options;
    this.conv0 = new Conv2d(inChannels, width, { kernel: 7, stride: 2, padding: 3, bias: false });
    this.norm0 = new BatchNorm2d(width);
    let channels = width;
    blocks.forEach((layers, i) => {
      this.#between.push([`denseblock${i + 1}`, new DenseBlock(channels, layers, options)]);
      channels += layers * growth;
      if (i === blocks.length - 1) return;
      const half = Math.floor(channels / 2);
      this.#between.push([`transition${i + 1}`, new Transition(channels, half, options)]);
      channels = half;
    });
    this.norm5 = new BatchNorm2d(channels);
    this.channels = channels;
    this.body = new Sequential(
      this.conv0, this.norm0, new ReLU(), new MaxPool2d({ kernel: 3, stride: 2, padding: 1 }),
      ...this.#between.map(([, module]) => module), this.norm5, new ReLU());
  }

  /** conv0, norm0, denseblock1, transition1, ..., norm5. */
  override children(): [string, Module][] {
    return [["conv0", this.conv0], ["norm0", this.norm0], ...this.#between, ["norm5", this.norm5]];
  }
}

/** Images [N, inChannels, H, W] of at least 29x29 to logits [N, classes]. */
export class DenseNet extends Composite {
  readonly features: Features;
  readonly classifier: Linear;
  readonly body: Module;

  constructor(name: string, options: DenseNetOptions) {
    super();
    this.features = new Features(options);
    this.classifier = new Linear(this.features.channels, options.classes);
    // The stem makes 8x8 of 29x29, and each of three transitions halves that.
    this.body = new Sequential(new LeastImage(name, 29), this.features, new GlobalAveragePool(), new Flatten(), this.classifier);
  }

  override layouts(): readonly WeightLayout[] {
    return [published];
  }
}

/**
 * torchvision's files of 2017 (densenet121-a639ec97.pth and its kin) say "norm.1" for norm1 (torchvision/models/densenet.py,
 * _load_state_dict).
 */
const published: WeightLayout = {
  name: "torchvision DenseNet of 2017",
  read: (file) => (file.has("features.denseblock1.denselayer1.norm.1.weight")
    ? { rename: (name) => name.replace(/(\.denselayer\d+\.(?:norm|conv))\.([12])\./, "$1$2.") }
    : undefined),
};

const depths: Record<number, readonly number[]> = { 121: [6, 12, 24, 16], 169: [6, 12, 32, 32] };

/** `densenet121`, `se_densenet121` and those of 169 layers. */
export function densenet(name: string, depth: 121 | 169, se: boolean, options: GivenOptions): DenseNet {
  return new DenseNet(name, readOptions<DenseNetOptions>(name, options, {
    classes: count(1000),
    inChannels: count(3),
    ...seReaders({ se }),
    placement: oneOf(["block", "transition", "both"], "block"),
    blocks: counts(depths[member(name, "depth", depth, [121, 169])]),
    growth: count(32),
    width: count(64),
    bottleneck: count(4),
    dropout: fraction(0),
  }));
}

export const densenets: Family = {
  entries: () => ([121, 169] as const).flatMap((depth): Entry[] => [
    { name: `densenet${depth}`, libraries: ["timm", "torchvision"], build: (name, options) => densenet(name, depth, false, options) },
    { name: `se_densenet${depth}`, build: (name, options) => densenet(name, depth, true, options) },
  ]),
  recognise(shapes) {
    const layer = (block: number, n: number): boolean =>
      ["norm1", "norm.1"].some((norm) => shapes.has(`features.denseblock${block}.denselayer${n}.${norm}.weight`));
    const depth = ([121, 169] as const).find(
      (each) => depths[each].every((layers, i) => layer(i + 1, layers) && !layer(i + 1, layers + 1)),
    );
    return depth === undefined ? undefined : `${sePrefix(shapes)}densenet${depth}`;
  },
  presets: () => ({ "timm/densenet121": bicubic, "timm/densenet169": bicubic }),
};

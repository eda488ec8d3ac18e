/**
 * MobileNetV3 large and small (Howard et al., arXiv 1905.02244, tables 1 and 2) with torchvision's names
 * (torchvision/models/mobilenetv3.py): SE in some blocks, after the depthwise convolution's non-linearity and before the
 * projection, hidden width a quarter of the expanded channels to a multiple of 8, hard sigmoid as the gate.
 */
import { HardSwish, activation } from "../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Residual, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { GlobalAveragePool } from "../../src/nn/layers/pooling.ts";
import { Dropout } from "../../src/nn/layers/dropout.ts";
import { Flatten } from "../../src/nn/layers/reshape.ts";
import { makeDivisible } from "../../src/nn/attention/squeeze-excite.ts";
import type { WeightLayout } from "../../src/weight-layout.ts";
import { bicubic, centred, imagenet, square } from "../../src/io/images/presets.ts";
import type { Entry, Family } from "../family.ts";
import { timmMobilenetRenaming } from "./timm-names.ts";
import { count, flag, fraction, member, positive, readOptions } from "../options.ts";
import type { GivenOptions } from "../options.ts";
import { makeSe, present, seReaders } from "../se-options.ts";
import type { SeOptions } from "../se-options.ts";

export interface MobileNetV3Options extends SeOptions {
  readonly classes: number;
  readonly inChannels: number;
  readonly width: number;
  readonly smallImages: boolean;
  readonly dropout: number;
  /** Of batch normalisation: 1e-3 in torchvision, 1e-5 in timm's `mobilenetv3_*_100`. */
  readonly epsilon: number;
}

type Nonlinearity = "relu" | "hard_swish";

/** Kernel, expanded channels, output channels, SE, non-linearity, stride. */
type Row = readonly [number, number, number, boolean, Nonlinearity, number];

const large: readonly Row[] = [
  [3, 16, 16, false, "relu", 1],
  [3, 64, 24, false, "relu", 2],
  [3, 72, 24, false, "relu", 1],
  [5, 72, 40, true, "relu", 2],
  [5, 120, 40, true, "relu", 1],
  [5, 120, 40, true, "relu", 1],
  [3, 240, 80, false, "hard_swish", 2],
  [3, 200, 80, false, "hard_swish", 1],
  [3, 184, 80, false, "hard_swish", 1],
  [3, 184, 80, false, "hard_swish", 1],
  [3, 480, 112, true, "hard_swish", 1],
  [3, 672, 112, true, "hard_swish", 1],
  [5, 672, 160, true, "hard_swish", 2],
  [5, 960, 160, true, "hard_swish", 1],
  [5, 960, 160, true, "hard_swish", 1],
];

const small: readonly Row[] = [
  [3, 16, 16, true, "relu", 2],
  [3, 72, 24, false, "relu", 2],
  [3, 88, 24, false, "relu", 1],
  [5, 96, 40, true, "hard_swish", 2],
  [5, 240, 40, true, "hard_swish", 1],
  [5, 240, 40, true, "hard_swish", 1],
  [5, 120, 48, true, "hard_swish", 1],
  [5, 144, 48, true, "hard_swish", 1],
  [5, 288, 96, true, "hard_swish", 2],
  [5, 576, 96, true, "hard_swish", 1],
  [5, 576, 96, true, "hard_swish", 1],
];

interface ConvNorm {
  readonly kernel: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly groups?: number;
  readonly act?: Nonlinearity;
}

function convNorm(from: number, to: number, { kernel, stride = 1, dilation = 1, groups = 1, act }: ConvNorm, epsilon: number): Sequential {
  const padding = (dilation * (kernel - 1)) / 2;
  const conv = new Conv2d(from, to, { kernel, stride, dilation, padding, groups, bias: false });
  return new Sequential(...present<Module>(conv, new BatchNorm2d(to, { epsilon, momentum: 0.01 }), act && activation(act)));
}

class InvertedResidual extends Composite {
  readonly block: Sequential;
  readonly body: Module;

  /** @param dilation of the depthwise convolution; more than 1 takes the place of its stride */
  constructor(from: number, [kernel, expanded, out, hasSe, act, rowStride]: Row, options: FeatureOptions, dilation: number) {
    super();
    const { epsilon, width } = options;
    const wide = makeDivisible(expanded * width);
    const to = makeDivisible(out * width);
    const hidden = makeDivisible(Math.floor(wide / (options.reduction ?? 4)));
    const stride = dilation > 1 ? 1 : rowStride;
    this.block = new Sequential(...present<Module>(
      wide === from ? undefined : convNorm(from, wide, { kernel: 1, act }, epsilon),
      convNorm(wide, wide, { kernel, stride, dilation, groups: wide, act }, epsilon),
      hasSe ? makeSe(wide, options, { hidden, gate: "hard_sigmoid" }) : undefined,
      convNorm(wide, to, { kernel: 1 }, epsilon)));
    this.body = rowStride === 1 && from === to ? new Residual(this.block) : this.block;
  }
}

/** What the modules before the head depend on. */
export interface FeatureOptions extends Omit<MobileNetV3Options, "classes" | "dropout"> {
  /** Does the last stage keep the size of the one before it, by dilation? */
  readonly dilated?: boolean;
}

/** The modules before the head, and the channels that each puts out. */
export function mobilenetFeatures(
  size: "large" | "small", options: FeatureOptions,
): { readonly modules: readonly Module[]; readonly channels: readonly number[] } {
  const rows = size === "large" ? large : small;
  const scaled = (channels: number): number => makeDivisible(channels * options.width);
  const channels = [scaled(16)];
  const stem = convNorm(
    options.inChannels, channels[0], { kernel: 3, stride: options.smallImages ? 1 : 2, act: "hard_swish" }, options.epsilon,
  );
  const lastStage = rows.map(([, , , , , stride]) => stride).lastIndexOf(2);
  const blocks = rows.map((row, i) => {
    channels.push(scaled(row[2]));
    return new InvertedResidual(channels[i], row, options, options.dilated === true && i >= lastStage ? 2 : 1);
  });
  const last = channels[rows.length];
  channels.push(6 * last);
  return { modules: [stem, ...blocks, convNorm(last, 6 * last, { kernel: 1, act: "hard_swish" }, options.epsilon)], channels };
}

/** Images [N, inChannels, H, W] to logits [N, classes]. */
export class MobileNetV3 extends Composite {
  readonly features: Sequential;
  readonly classifier: Sequential;
  readonly body: Module;

  constructor(size: "large" | "small", options: MobileNetV3Options) {
    super();
    const { modules, channels } = mobilenetFeatures(size, options);
    const hidden = makeDivisible((size === "large" ? 1280 : 1024) * options.width);
    this.features = new Sequential(...modules);
    this.classifier = new Sequential(
      new Linear(channels[channels.length - 1], hidden, { initialDeviation: 0.01 }),
      new HardSwish(),
      new Dropout(options.dropout),
      new Linear(hidden, options.classes, { initialDeviation: 0.01 }));
    this.body = new Sequential(this.features, new GlobalAveragePool(), new Flatten(), this.classifier);
  }

  override layouts(): readonly WeightLayout[] {
    return [timm];
  }
}

/** timm/models/mobilenetv3.py leaves PyTorch's epsilon; torchvision/models/mobilenetv3.py sets 1e-3. */
const timm: WeightLayout = {
  name: "timm MobileNetV3",
  read: (file) => (file.has("conv_stem.weight") ? { rename: timmMobilenetRenaming([...file.keys()], 3), epsilon: 1e-5 } : undefined),
};

/** `mobilenet_v3_large` and `mobilenet_v3_small`; timm's `mobilenetv3_*_100` are the same with another epsilon. */
export function mobilenetV3(name: string, size: "large" | "small", options: GivenOptions, epsilon: number = 1e-3): MobileNetV3 {
  const read = readOptions<MobileNetV3Options>(name, options, {
    classes: count(1000),
    inChannels: count(3),
    width: positive(1),
    smallImages: flag(false),
    dropout: fraction(0.2),
    epsilon: positive(epsilon),
    ...seReaders({ se: true }),
  });
  return new MobileNetV3(member(name, "size", size, ["large", "small"]), read);
}

export const mobilenetsV3: Family = {
  entries: () => (["large", "small"] as const).flatMap((size): Entry[] => [
    { name: `mobilenet_v3_${size}`, libraries: ["torchvision"], build: (name, options) => mobilenetV3(name, size, options) },
    { name: `mobilenetv3_${size}_100`, libraries: ["timm"], build: (name, options) => mobilenetV3(name, size, options, 1e-5) },
  ]),
  presets: () => ({
    "mobilenetv3_large_100": bicubic,
    "mobilenetv3_small_100": bicubic,
    "mobilenetv3_large_100.ra_in1k": bicubic,
    "mobilenetv3_small_100.lamb_in1k": bicubic,
    "mobilenetv3_large_100.ra4_e3600_r224_in1k": { ...square(bicubic, 224, 235), ...centred },
    "mobilenetv3_large_100.ra4_e3600_r224_in1k@256": { ...square(bicubic, 256, 256), ...centred },
    "mobilenetv3_large_100.miil_in21k_ft_in1k": { ...imagenet, mean: [0, 0, 0], std: [1, 1, 1] },
  }),
  recognise(shapes) {
    if (shapes.has("conv_stem.weight")) {
      const head = shapes.get("conv_head.weight")?.join();
      return head === "1280,960,1,1" ? "mobilenetv3_large_100" : head === "1024,576,1,1" ? "mobilenetv3_small_100" : undefined;
    }
    if (!shapes.has("features.1.block.0.0.weight")) return undefined;
    const width = shapes.get("classifier.0.weight")?.[1];
    return width === 960 ? "mobilenet_v3_large" : width === 576 ? "mobilenet_v3_small" : undefined;
  },
};

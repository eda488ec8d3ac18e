/**
 * LR-ASPP on MobileNetV3 large (Howard et al., arXiv 1905.02244, figure 10), as torchvision has it (models/segmentation/lraspp.py): a class
 * for each pixel. The backbone's last stage keeps the size of the one before it (dilation 2 for stride 2). Its features are
 * gated by their mean, as by SE, but without a hidden layer; what they say of classes is added to what the features of an eighth of the
 * image say. Names: `backbone.N.*` as `features.N.*` of MobileNetV3, `classifier.*`.
 */
import { ReLU, Sigmoid } from "../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Residual, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { GlobalAveragePool } from "../../src/nn/layers/pooling.ts";
import { ResizeBack } from "../../src/nn/layers/resize-back.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { ScaleChannels } from "../../src/nn/attention/scale.ts";
import { imagenet, square } from "../../src/io/images/presets.ts";
import type { Family } from "../family.ts";
import { count, positive, readOptions } from "../options.ts";
import type { GivenOptions } from "../options.ts";
import { seReaders } from "../se-options.ts";
import type { SeOptions } from "../se-options.ts";
import { mobilenetFeatures } from "./mobilenet-v3.ts";

export interface LrasppOptions extends SeOptions {
  /** Of a pixel. */
  readonly classes: number;
  readonly inChannels: number;
  readonly width: number;
  /** Channels that are gated. */
  readonly head: number;
}

/** Of torchvision's weights: 1e-3 in the backbone; PyTorch's own in the head. */
const EPSILON = 1e-3;
/** How many of the backbone's modules make the larger features: an eighth of the image. */
const LOW = 5;

/** Images [N, inChannels, H, W] to logits [N, classes, H, W]. */
export class Lraspp extends Composite {
  readonly body: Module;
  readonly #children: [string, Module][];

  constructor(options: LrasppOptions) {
    super();
    const { classes, head } = options;
    const { modules, channels } = mobilenetFeatures("large", { ...options, smallImages: false, epsilon: EPSILON, dilated: true });
    const [low, high] = [channels[LOW - 1], channels[channels.length - 1]];
    const conv = new Conv2d(high, head, { kernel: 1, bias: false });
    const norm = new BatchNorm2d(head);
    const scale = new Conv2d(high, head, { kernel: 1, bias: false });
    const lowClassifier = new Conv2d(low, classes, { kernel: 1 });
    const highClassifier = new Conv2d(head, classes, { kernel: 1 });
    this.#children = [
      ...modules.map((module, i): [string, Module] => [`backbone.${i}`, module]),
      ["classifier.cbr.0", conv], ["classifier.cbr.1", norm], ["classifier.scale.1", scale],
      ["classifier.low_classifier", lowClassifier], ["classifier.high_classifier", highClassifier],
    ];
    const gated = new ScaleChannels(
      new Sequential(new GlobalAveragePool(), scale, new Sigmoid()), new Sequential(conv, norm, new ReLU()));
    const wide = new ResizeBack(new Sequential(...modules.slice(LOW), gated));
    this.body = new ResizeBack(new Sequential(
      ...modules.slice(0, LOW), new Residual(new Sequential(wide, highClassifier), lowClassifier)));
  }

  override children(): [string, Module][] {
    return this.#children;
  }
}

const NAME = "lraspp_mobilenet_v3_large";

function lraspp(name: string, options: GivenOptions): Lraspp {
  return new Lraspp(readOptions<LrasppOptions>(name, options, {
    classes: count(21), inChannels: count(3), width: positive(1), head: count(128), ...seReaders({ se: true }) }));
}

export const lraspps: Family = {
  entries: () => [{ name: NAME, libraries: ["torchvision"], size: 520, build: lraspp }],
  // torchvision resizes the shorter side to 520 and cuts nothing.
  presets: () => ({ [NAME]: square(imagenet, 520, 520) }),
  recognise: (shapes) => (shapes.has("classifier.cbr.0.weight") && shapes.has("backbone.0.0.weight") ? NAME : undefined),
};

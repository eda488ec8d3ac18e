/** The families with and without SE: names, image sizes, what the SE paper says of them, and what they cost. */
import { createModel } from "../../models/index.ts";
import { summarise } from "../../src/nn/summary.ts";
import type { Shape } from "../../src/tensor.ts";

export interface Pair {
  readonly without: string;
  readonly withSe: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Height and width of the image; 224 where none is said. */
  readonly size?: number;
  /** Top-1 error in % on ImageNet, single crop, of the paper's own training: table 2 and 3 (arXiv 1709.01507v4). */
  readonly paper?: readonly [without: number, withSe: number];
}

/** In the order of the paper's tables, then what it does not have. */
export const pairs: readonly Pair[] = [
  { without: "legacy_resnet50", withSe: "legacy_seresnet50", paper: [24.8, 23.29] },
  { without: "resnet50", withSe: "seresnet50" },
  { without: "resnext50_32x4d", withSe: "seresnext50_32x4d", paper: [22.11, 21.1] },
  { without: "resnext101_32x4d", withSe: "seresnext101_32x4d", paper: [21.18, 20.7] },
  { without: "senet154", withSe: "senet154", options: { se: false } },
  { without: "vgg16_bn", withSe: "se_vgg16_bn", paper: [27.02, 25.22] },
  { without: "bn_inception", withSe: "se_bn_inception", paper: [25.38, 24.23] },
  { without: "mobilenet_v1", withSe: "se_mobilenet_v1", paper: [28.4, 25.3] },
  { without: "shufflenet_v1", withSe: "se_shufflenet_v1", paper: [32.6, 31] },
  { without: "mobilenet_v2", withSe: "se_mobilenet_v2" },
  { without: "mobilenet_v3_large", withSe: "mobilenet_v3_large", options: { se: false } },
  { without: "shufflenet_v2_x1_0", withSe: "se_shufflenet_v2_x1_0" },
  { without: "densenet121", withSe: "se_densenet121" },
  { without: "googlenet", withSe: "se_googlenet" },
  { without: "unet", withSe: "se_unet" },
  { without: "efficientnet_b0", withSe: "efficientnet_b0", options: { se: false } },
  { without: "efficientnetv2_s", withSe: "efficientnetv2_s", options: { se: false } },
  { without: "regnety_008", withSe: "regnety_008", options: { se: false } },
  { without: "regnet_y_800mf", withSe: "regnet_y_800mf", options: { se: false } },
  { without: "semnasnet_100", withSe: "semnasnet_100", options: { se: false } },
  { without: "tinynet_a", withSe: "tinynet_a", options: { se: false } },
  { without: "mixnet_s", withSe: "mixnet_s", options: { se: false } },
  { without: "lcnet_100", withSe: "lcnet_100", options: { se: false } },
  { without: "fbnetv3_b", withSe: "fbnetv3_b", options: { se: false } },
  { without: "hardcorenas_a", withSe: "hardcorenas_a", options: { se: false } },
  { without: "mobilenetv3_small_075", withSe: "mobilenetv3_small_075", options: { se: false } },
  { without: "ghostnet_100", withSe: "ghostnet_100", options: { se: false } },
  { without: "ghostnetv2_100", withSe: "ghostnetv2_100", options: { se: false } },
  { without: "rexnet_100", withSe: "rexnet_100", options: { se: false } },
  { without: "repvit_m0_9", withSe: "repvit_m0_9", options: { se: false } },
  { without: "ese_vovnet19b_dw", withSe: "ese_vovnet19b_dw", options: { se: false } },
  { without: "resnetrs50", withSe: "resnetrs50", options: { se: false } },
  { without: "ecaresnet50d", withSe: "ecaresnet50d", options: { se: false } },
  { without: "ecaresnetlight", withSe: "ecaresnetlight", options: { se: false } },
  { without: "seresnextaa101d_32x8d", withSe: "seresnextaa101d_32x8d", options: { se: false } },
  { without: "test_efficientnet", withSe: "test_efficientnet", options: { se: false } },
  { without: "lraspp_mobilenet_v3_large", withSe: "lraspp_mobilenet_v3_large", options: { se: false } },
  { without: "ir_50", withSe: "ir_se50", size: 112 },
];

export interface Row {
  readonly name: string;
  readonly parameters: number;
  readonly seParameters: number;
  /** Multiply-accumulates: convolution and linear layers; SE's own two layers; scale. */
  readonly macs: number;
  readonly seMacs: number;
  readonly scaleMacs: number;
}

export function inputOf({ size = 224 }: Pick<Pair, "size">): Shape {
  return [1, 3, size, size];
}

/** What both members of a pair cost for one image. */
export function costs(pair: Pair): readonly [Row, Row] {
  const { without, withSe, options = {} } = pair;
  const row = (name: string, given: Readonly<Record<string, unknown>>): Row => {
    const { parameters, seParameters, macs, seMacs, scaleMacs } = summarise(createModel(name, given, null), inputOf(pair));
    return { name, parameters, seParameters, macs, seMacs, scaleMacs };
  };
  return [row(without, options), row(withSe, {})];
}

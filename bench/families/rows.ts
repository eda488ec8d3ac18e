/** The families with and without SE: names, image sizes, what the SE paper says of them, and what they cost. */
import { createModel } from "../../models/index.ts";
import { summarise } from "../../src/nn/summary.ts";
import type { Shape } from "../../src/tensor.ts";

export interface Pair {
  readonly without: string;
  readonly withSe: string;
  readonly options?: Readonly<Record<string, unknown>>;
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

export function inputOf(): Shape {
  return [1, 3, 224, 224];
}

/** What both members of a pair cost for one image. */
export function costs({ without, withSe, options = {} }: Pair): readonly [Row, Row] {
  const row = (name: string, given: Readonly<Record<string, unknown>>): Row => {
    const { parameters, seParameters, macs, seMacs, scaleMacs } = summarise(createModel(name, given, null), inputOf());
    return { name, parameters, seParameters, macs, seMacs, scaleMacs };
  };
  return [row(without, options), row(withSe, {})];
}

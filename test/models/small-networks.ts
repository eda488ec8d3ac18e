/** A small member of every family with and without SE, for tests of what holds for all of them. */
import type { Shape } from "../../src/tensor.ts";

export interface SmallNetwork {
  readonly model: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly input: Shape;
}

const tiny = { classes: 5, inChannels: 2 };
const vgg = { ...tiny, width: 4, units: 6, reduction: 2 };
const grouped = { ...tiny, blocks: [1, 2, 1, 1], width: 4, groups: 2, groupWidth: 32, reduction: 4 };
const dense = { ...tiny, blocks: [2, 3, 1, 2], width: 6, growth: 3, reduction: 2 };
const shuffle1 = { ...tiny, blocks: [2, 2, 1], groups: 3, channels: [6, 24, 36, 48], reduction: 2 };
const shuffle2 = { ...tiny, blocks: [2, 2, 1], channels: [4, 8, 12, 20, 24], reduction: 2 };

const inception = { ...tiny, width: 0.0625, reduction: 2 };
const unet = { ...tiny, width: 4 };

export const smallNetworks: readonly SmallNetwork[] = [
  { model: "vgg11", options: vgg, input: [2, 2, 33, 40] },
  { model: "vgg11_bn", options: vgg, input: [2, 2, 32, 32] },
  { model: "se_vgg11", options: { ...vgg, placement: "stage" }, input: [2, 2, 32, 32] },
  { model: "se_vgg11_bn", options: vgg, input: [2, 2, 32, 35] },
  { model: "resnext50_32x4d", options: grouped, input: [2, 2, 33, 40] },
  { model: "seresnext50_32x4d", options: { ...grouped, position: "3x3" }, input: [1, 2, 32, 32] },
  { model: "seresnext50_32x4d", options: grouped, input: [1, 2, 35, 32] },
  { model: "legacy_seresnext50_32x4d", options: grouped, input: [1, 2, 33, 32] },
  { model: "senet154", options: grouped, input: [1, 2, 33, 32] },
  { model: "senet154", options: { ...grouped, se: false }, input: [1, 2, 32, 32] },
  { model: "legacy_senet154", options: grouped, input: [1, 2, 33, 32] },
  { model: "densenet121", options: dense, input: [2, 2, 29, 40] },
  { model: "se_densenet121", options: dense, input: [1, 2, 32, 32] },
  { model: "se_densenet121", options: { ...dense, placement: "both" }, input: [1, 2, 33, 32] },
  { model: "shufflenet_v1", options: shuffle1, input: [2, 2, 33, 40] },
  { model: "se_shufflenet_v1", options: shuffle1, input: [1, 2, 32, 32] },
  { model: "shufflenet_v2_x1_0", options: shuffle2, input: [2, 2, 33, 40] },
  { model: "se_shufflenet_v2_x1_0", options: shuffle2, input: [1, 2, 32, 32] },
  { model: "bn_inception", options: inception, input: [2, 2, 32, 64] },
  { model: "se_bn_inception", options: inception, input: [1, 2, 64, 32] },
  { model: "googlenet", options: inception, input: [2, 2, 15, 40] },
  { model: "se_googlenet", options: inception, input: [1, 2, 41, 32] },
  { model: "unet", options: unet, input: [2, 2, 16, 32] },
  { model: "se_unet", options: unet, input: [1, 2, 48, 32] },
  { model: "se_unet", options: { ...unet, attention: "scse" }, input: [1, 2, 32, 32] },
];

/** Name and options, for titles. */
export function title({ model, options }: SmallNetwork): string {
  const own = Object.entries(options).filter(([name]) => !["classes", "inChannels"].includes(name));
  return [model, ...own.map(([name, value]) => `${name} ${JSON.stringify(value)}`)].join(", ");
}

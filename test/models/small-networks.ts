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

const mobile = { ...tiny, width: 0.25, depth: 0.3 };

/** The same of the families that came later; their hashes are published apart. */
export const furtherNetworks: readonly SmallNetwork[] = [
  { model: "efficientnet_b0", options: mobile, input: [2, 2, 33, 40] },
  { model: "tf_efficientnet_b0", options: mobile, input: [2, 2, 35, 38] },
  { model: "tinynet_e", options: { ...tiny, width: 0.2 }, input: [1, 2, 40, 40] },
  { model: "test_efficientnet", options: { ...tiny, width: 0.5 }, input: [2, 2, 32, 33] },
  { model: "efficientnetv2_s", options: { ...mobile, depth: 0.2 }, input: [2, 2, 33, 32] },
  { model: "tf_efficientnetv2_b0", options: mobile, input: [1, 2, 37, 32] },
  { model: "semnasnet_100", options: mobile, input: [2, 2, 32, 40] },
  { model: "lcnet_050", options: { ...tiny, width: 0.25 }, input: [2, 2, 33, 40] },
  { model: "fbnetv3_b", options: mobile, input: [2, 2, 40, 33] },
  { model: "mobilenetv3_small_050", options: { ...tiny, width: 0.25 }, input: [2, 2, 33, 33] },
  { model: "tf_mobilenetv3_small_100", options: { ...tiny, width: 0.25 }, input: [2, 2, 34, 33] },
  { model: "hardcorenas_a", options: mobile, input: [1, 2, 40, 33] },
  { model: "regnety_002", options: { ...tiny, widths: [8, 16, 24, 32], blocks: [1, 1, 2, 1], groupWidth: 8 }, input: [2, 2, 33, 40] },
  {
    model: "regnety_002", options: { ...tiny, widths: [4, 8, 12, 16], blocks: [1, 2, 1, 1], groupWidth: 4, se: false },
    input: [1, 2, 32, 33],
  },
  { model: "ghostnet_100", options: { ...tiny, width: 0.25 }, input: [2, 2, 33, 40] },
  { model: "ghostnetv2_100", options: { ...tiny, width: 0.25 }, input: [1, 2, 40, 34] },
  { model: "ese_vovnet19b_dw", options: { ...tiny, layers: [4, 6, 8, 10], stages: [8, 12, 16, 20] }, input: [2, 2, 40, 33] },
  { model: "seresnext26d_32x4d", options: grouped, input: [2, 2, 33, 40] },
  { model: "seresnextaa101d_32x8d", options: grouped, input: [2, 2, 32, 64] },
  { model: "resnetrs50", options: { ...tiny, blocks: [1, 2, 1, 1], width: 8 }, input: [2, 2, 33, 40] },
  { model: "lraspp_mobilenet_v3_large", options: { ...tiny, width: 0.25, head: 12 }, input: [2, 2, 33, 46] },
  {
    model: "ir_se50", options: { embedding: 5, inChannels: 2, width: 8, blocks: [1, 2, 1, 1], imageSize: 20, reduction: 2 },
    input: [2, 2, 20, 20],
  },
  { model: "mixnet_s", options: { ...tiny, width: 0.25, depth: 0.5 }, input: [2, 2, 40, 33] },
  { model: "rexnet_100", options: { ...tiny, width: 0.25 }, input: [2, 2, 33, 40] },
  { model: "repvit_m0_9", options: { ...tiny, widths: [8, 12, 16, 20], blocks: [2, 1, 2, 1] }, input: [2, 2, 33, 40] },
  { model: "repvit_m0_9", options: { ...tiny, widths: [8, 12, 16, 20], blocks: [2, 1, 2, 1], fused: true }, input: [2, 2, 33, 40] },
  { model: "ecaresnet50t", options: { ...tiny, blocks: [1, 2, 1, 1], width: 8 }, input: [2, 2, 33, 40] },
];

/** Names of the families of `furtherNetworks`, whose twins without SE have no name, but the option. */
const withoutTwins = new RegExp(`^(${[
  "tf_", "test_", "efficientnet", "tinynet", "semnas", "mnasnet", "mixnet", "lcnet", "fbnet", "mobilenetv3_(large_(075|150)|small_0)",
  "hardcore",
  "regnet", "lraspp",
  "ir_", "ghost", "ese_", "rexnet", "repvit", "resnetrs", "ecaresnet", "seresnext(26|101_(32x8|64)|101d|aa)", "seresnet152d",
  "resnet\\d+[dt]$",
].join("|")})`);

export function hasNoTwins(name: string): boolean {
  return withoutTwins.test(name);
}

/** Name and options, for titles. */
export function title({ model, options }: SmallNetwork): string {
  const own = Object.entries(options).filter(([name]) => !["classes", "inChannels"].includes(name));
  return [model, ...own.map(([name, value]) => `${name} ${JSON.stringify(value)}`)].join(", ");
}

/**
 * EfficientNetV2 (Tan and Le, arXiv 2104.00298, table 4): fused blocks first, SE in the later ones. Names are timm's
 * (timm/models/efficientnet.py); torchvision's `efficientnet_v2_*` have the same graph with an epsilon of 1e-3.
 */
import { bicubic, centred, imagenet, square } from "../../src/io/images/presets.ts";
import { makeDivisible } from "../../src/nn/attention/squeeze-excite.ts";
import type { Entry, Family } from "../family.ts";
import { efficientNetSe } from "./blocks.ts";
import { efficientNetLayouts, matches, signature } from "./names.ts";
import { mobileNetwork } from "./network.ts";
import type { MobileDefaults, MobilePlan } from "./network.ts";
import { stages } from "./rows.ts";

function plan(stem: number, ...rows: readonly string[]): MobilePlan {
  return {
    stages: stages(...rows), stem, act: "silu", same: false, se: efficientNetSe, head: "convolution",
    features: (width) => (width === 1 ? 1280 : makeDivisible(1280 * width)), layouts: efficientNetLayouts };
}

const small = plan(24, "cn r2 k3 c24 sum", "er r4 s2 e4 c48", "er r4 s2 e4 c64", "ir r6 s2 e4 c128 se.25", "ir r9 e6 c160 se.25",
  "ir r15 s2 e6 c256 se.25");
const medium = plan(24, "cn r3 k3 c24 sum", "er r5 s2 e4 c48", "er r5 s2 e4 c80", "ir r7 s2 e4 c160 se.25", "ir r14 e6 c176 se.25",
  "ir r18 s2 e6 c304 se.25",
  "ir r5 e6 c512 se.25");
const large = plan(32, "cn r4 k3 c32 sum", "er r7 s2 e4 c64", "er r7 s2 e4 c96", "ir r10 s2 e4 c192 se.25", "ir r19 e6 c224 se.25",
  "ir r25 s2 e6 c384 se.25",
  "ir r7 e6 c640 se.25");
const larger = plan(32, "cn r4 k3 c32 sum", "er r8 s2 e4 c64", "er r8 s2 e4 c96", "ir r16 s2 e4 c192 se.25", "ir r24 e6 c256 se.25",
  "ir r32 s2 e6 c512 se.25", "ir r8 e6 c640 se.25");
/** Ross Wightman's: the first stage fused too, wider at the end. */
const wightman: MobilePlan = {
  ...plan(24, "er r2 k3 e1 c24", "er r4 s2 e4 c48", "er r4 s2 e4 c64", "ir r6 s2 e4 c128 se.25", "ir r9 e6 c160 se.25",
    "ir r15 s2 e6 c272 se.25"),
  features: () => 1792,
};

/** b0 to b3: the first version's scaling. */
const basic: MobilePlan = {
  ...plan(32, "cn k3 c16 sum", "er r2 k3 s2 e4 c32", "er r2 k3 s2 e4 c48", "ir r3 k3 s2 e4 c96 se.25", "ir r5 k3 e6 c112 se.25",
    "ir r8 k3 s2 e6 c192 se.25"),
  limit: 0, features: (width) => makeDivisible(1280 * width, 8, 0),
};
const tensorFlow = (of: MobilePlan): MobilePlan => ({ ...of, same: true });

interface Variant {
  readonly timm: string;
  readonly torchvision?: string;
  readonly plan: MobilePlan;
  readonly size: number;
  readonly defaults?: MobileDefaults;
}

const variants: readonly Variant[] = [
  { timm: "efficientnetv2_s", torchvision: "efficientnet_v2_s", plan: small, size: 288 },
  { timm: "efficientnetv2_m", torchvision: "efficientnet_v2_m", plan: medium, size: 320 },
  { timm: "efficientnetv2_l", torchvision: "efficientnet_v2_l", plan: large, size: 384 },
  { timm: "efficientnetv2_rw_t", plan: small, size: 224, defaults: { width: 0.8, depth: 0.9 } },
  { timm: "efficientnetv2_rw_s", plan: wightman, size: 288 },
  ...([[1, 1, 192], [1, 1.1, 192], [1.1, 1.2, 208], [1.2, 1.4, 240]] as const).map(([width, depth, size], n) => (
    { timm: `tf_efficientnetv2_b${n}`, plan: tensorFlow(basic), size, defaults: { width, depth, epsilon: 1e-3 } })),
  { timm: "tf_efficientnetv2_s", plan: tensorFlow(small), size: 300, defaults: { epsilon: 1e-3 } },
  { timm: "tf_efficientnetv2_m", plan: tensorFlow(medium), size: 384, defaults: { epsilon: 1e-3 } },
  { timm: "tf_efficientnetv2_l", plan: tensorFlow(large), size: 384, defaults: { epsilon: 1e-3 } },
  { timm: "efficientnetv2_xl", plan: larger, size: 384 },
  { timm: "tf_efficientnetv2_xl", plan: tensorFlow(larger), size: 384, defaults: { epsilon: 1e-3 } },
];

export const efficientnetsV2: Family = {
  entries: () => variants.flatMap(({ timm, torchvision, plan: of, size, defaults = {} }): Entry[] => [
    { name: timm, size, libraries: ["timm"], build: (name, options) => mobileNetwork(name, of, defaults, options) },
    ...(torchvision === undefined ? [] : [{
      name: torchvision, size: torchvision.endsWith("s") ? 384 : 480, libraries: ["torchvision"],
      build: (name, options) => mobileNetwork(name, of, { ...defaults, epsilon: 1e-3 }, options) } as Entry]),
  ]),
  presets: () => ({
    efficientnet_v2_s: square(imagenet, 384, 384),
    efficientnet_v2_m: square(imagenet, 480, 480),
    efficientnet_v2_l: { ...square(bicubic, 480, 480), ...centred },
    tf_efficientnetv2_b0: square(bicubic, 192, 219),
    "tf_efficientnetv2_b0.in1k@224": square(bicubic, 224, 256),
    tf_efficientnetv2_b1: square(bicubic, 192, 217),
    "tf_efficientnetv2_b1.in1k@240": square(bicubic, 240, 272),
    tf_efficientnetv2_b2: square(bicubic, 208, 233),
    "tf_efficientnetv2_b2.in1k@260": square(bicubic, 260, 292),
    "tf_efficientnetv2_b3.in1k": square(bicubic, 240, 265),
    "tf_efficientnetv2_b3.in1k@300": square(bicubic, 300, 331),
    tf_efficientnetv2_s: { ...square(bicubic, 300, 300), ...centred },
    "tf_efficientnetv2_s.in1k@384": { ...square(bicubic, 384, 384), ...centred },
    // Squeezed to this size, not cut.
    tf_efficientnetv2_xl: { ...bicubic, size: [384, 384], resize: [384, 384], ...centred },
    "tf_efficientnetv2_xl.in21k_ft_in1k@512": { ...bicubic, size: [512, 512], resize: [512, 512], ...centred },
    efficientnetv2_rw_t: square(bicubic, 224, 224),
    "efficientnetv2_rw_t.ra2_in1k@288": square(bicubic, 288, 288),
    efficientnetv2_rw_s: square(bicubic, 288, 288),
    "efficientnetv2_rw_s.ra2_in1k@384": square(bicubic, 384, 384),
  }),
  recognise(shapes) {
    const found = signature(shapes);
    const variant = found && variants.find(({ plan: of, defaults = {} }) => matches(found, of, defaults));
    return variant && (found.layout === "torchvision" ? variant.torchvision ?? variant.timm : variant.timm);
  },
};

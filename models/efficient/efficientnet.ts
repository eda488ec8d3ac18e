/**
 * EfficientNet B0 to B7 (Tan and Le, arXiv 1905.11946, table 1), TinyNet (Han et al., arXiv 2010.14819) and `test_efficientnet`, timm's
 * smallest. Names are timm's; torchvision's, lukemelas' and Hugging Face's are read too. timm and torchvision have the same graph for b0
 * to b4; from b5 on torchvision's batch normalisation has another epsilon. `tf_` is TensorFlow's: padding that follows the image's size,
 * and an epsilon of 1e-3.
 */
import { bicubic, centred, square } from "../../src/io/images/presets.ts";
import type { Preprocessing } from "../../src/io/images/preprocess.ts";
import { makeDivisible } from "../../src/nn/attention/squeeze-excite.ts";
import type { Entry, Family, Library } from "../family.ts";
import { efficientNetSe } from "./blocks.ts";
import { efficientNetLayouts, matches, signature } from "./names.ts";
import { mobileNetwork } from "./network.ts";
import type { MobileDefaults, MobilePlan } from "./network.ts";
import { stages } from "./rows.ts";

const base: MobilePlan = {
  stages: stages(
    "ds k3 c16 se.25", "ir r2 k3 s2 e6 c24 se.25", "ir r2 k5 s2 e6 c40 se.25", "ir r3 k3 s2 e6 c80 se.25", "ir r3 k5 e6 c112 se.25",
    "ir r4 k5 s2 e6 c192 se.25", "ir k3 e6 c320 se.25"),
  stem: 32, act: "silu", same: false, se: efficientNetSe, head: "convolution", features: (width) => makeDivisible(1280 * width),
  layouts: efficientNetLayouts,
};

const tiny: MobilePlan = { ...base, fixedStem: true, repeats: "round", features: (width) => Math.max(1280, makeDivisible(1280 * width)) };

const test: MobilePlan = {
  ...base, stem: 24, limit: 0, features: () => 256,
  stages: stages("cn k3 c16 sum", "er k3 s2 e4 c24", "er k3 s2 e4 c32", "ir k3 s2 e4 c48 se.25", "ir k3 s2 e4 c64 se.25"),
};

/** Width, depth, dropout and image of b0 to b7 (table 8 of the paper; the image is TensorFlow's). */
const sizes: readonly (readonly [number, number, number, number])[] = [
  [1, 1, 0.2, 224], [1, 1.1, 0.2, 240], [1.1, 1.2, 0.3, 260], [1.2, 1.4, 0.3, 300], [1.4, 1.8, 0.4, 380], [1.6, 2.2, 0.4, 456],
    [1.8, 2.6, 0.5, 528],
  [2, 3.1, 0.5, 600]];
/** What timm trained its own at; tested larger. */
const trained = [224, 224, 256, 288, 320, 448, 528, 600];

const tinySizes: readonly (readonly [string, number, number, number])[] = [
  ["a", 1, 1.2, 192], ["b", 0.75, 1.1, 188], ["c", 0.54, 0.85, 184], ["d", 0.54, 0.695, 152], ["e", 0.51, 0.6, 106]];

function entry(name: string, size: number, libraries: readonly Library[], plan: MobilePlan, defaults: MobileDefaults): Entry {
  return { name, size, libraries, build: (called, options) => mobileNetwork(called, plan, defaults, options) };
}

/** At this size, cut out of the middle of an image as much larger as the share says. */
function cropped(size: number, share: number, of: Preprocessing = bicubic): Preprocessing {
  return square(of, size, Math.floor(size / share));
}

export const efficientnets: Family = {
  entries: () => [
    ...sizes.flatMap(([width, depth, dropout, image], n): Entry[] => {
      const defaults = { width, depth, dropout };
      const name = `efficientnet_b${n}`;
      if (n < 5) return [entry(name, trained[n], ["timm", "torchvision"], base, defaults)];
      return [entry(name, trained[n], ["timm"], base, defaults), entry(name, image, ["torchvision"], base, { ...defaults, epsilon: 1e-3 })];
    }),
    ...sizes.map(([width, depth, dropout, image], n) =>
      entry(`tf_efficientnet_b${n}`, image, ["timm"], { ...base, same: true }, { width, depth, dropout, epsilon: 1e-3 })),
    ...tinySizes.map(([letter, width, depth, image]) => entry(`tinynet_${letter}`, image, ["timm"], tiny, { width, depth })),
    entry("test_efficientnet", 160, ["timm"], test, {}),
  ],
  presets: () => ({
    efficientnet_b0: cropped(224, 0.875),
    "efficientnet_b0.ra_in1k": cropped(224, 0.875),
    "efficientnet_b0.ra4_e3600_r224_in1k": { ...cropped(224, 0.9), ...centred },
    "efficientnet_b0.ra4_e3600_r224_in1k@256": { ...cropped(256, 1), ...centred },
    // timm's default weights of b1 want another mean than their siblings.
    efficientnet_b1: { ...cropped(240, 0.9), ...centred },
    "efficientnet_b1.ra4_e3600_r240_in1k": { ...cropped(240, 0.9), ...centred },
    "efficientnet_b1.ra4_e3600_r240_in1k@288": { ...cropped(288, 1), ...centred },
    "efficientnet_b1.ft_in1k": cropped(224, 0.875),
    "efficientnet_b1.ft_in1k@256": cropped(256, 1),
    efficientnet_b2: cropped(256, 0.875),
    "efficientnet_b2.ra_in1k@288": cropped(288, 1),
    efficientnet_b3: cropped(288, 0.875),
    "efficientnet_b3.ra2_in1k@320": cropped(320, 1),
    efficientnet_b4: cropped(320, 0.875),
    "efficientnet_b4.ra2_in1k@384": cropped(384, 1),
    "torchvision/efficientnet_b0": square(bicubic, 224, 256),
    "torchvision/efficientnet_b1": square({ ...bicubic, interpolation: "bilinear" }, 240, 255),
    "efficientnet_b1.IMAGENET1K_V1": square(bicubic, 240, 256),
    "efficientnet_b1.IMAGENET1K_V2": square({ ...bicubic, interpolation: "bilinear" }, 240, 255),
    ...Object.fromEntries([288, 320, 384, 456, 528, 600].map((resize, n) => [`torchvision/efficientnet_b${n + 2}`,
      square(bicubic, sizes[n + 2][3] === 260 ? 288 : sizes[n + 2][3], resize)])),
    ...Object.fromEntries([0.875, 0.882, 0.89, 0.904, 0.922, 0.934, 0.942, 0.949].flatMap((share, n) => {
      const own = cropped(sizes[n][3], share);
      return [[`tf_efficientnet_b${n}`, own], [`tf_efficientnet_b${n}.ap_in1k`, { ...own, ...centred }]];
    })),
    ...Object.fromEntries(tinySizes.map(([letter, , , image]) => [`tinynet_${letter}`, cropped(image, 0.875)])),
    test_efficientnet: cropped(160, 0.95),
  }),
  recognise(shapes) {
    const found = signature(shapes);
    if (found === undefined) return undefined;
    const is = (plan: MobilePlan, defaults: MobileDefaults): boolean => matches(found, plan, defaults);
    if (is(test, {})) return "test_efficientnet";
    const b = sizes.findIndex(([width, depth]) => is(base, { width, depth }));
    if (b >= 0) return `${b >= 5 && found.layout === "torchvision" ? "torchvision/" : ""}efficientnet_b${b}`;
    const letter = tinySizes.find(([, width, depth]) => is(tiny, { width, depth }))?.[0];
    return letter && `tinynet_${letter}`;
  },
};

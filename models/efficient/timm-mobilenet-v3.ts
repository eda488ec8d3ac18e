/**
 * MobileNetV3 (Howard et al., arXiv 1905.02244) at the widths that timm has beside 1.0, with timm's names (timm/models/mobilenetv3.py).
 * Those of width 1 have torchvision's graph: models/mobile/mobilenet-v3.ts. `tf_` is TensorFlow's padding and epsilon. HardCoRe-NAS
 * (Nayman et al., arXiv 2102.11646) has the same blocks, found by search.
 */
import { centred, imagenet, square } from "../../src/io/images/presets.ts";
import type { Entry, Family } from "../family.ts";
import { mobileNetV3Se } from "./blocks.ts";
import { matches, signature } from "./names.ts";
import { mobileNetwork } from "./network.ts";
import type { MobileDefaults, MobilePlan } from "./network.ts";
import { stages } from "./rows.ts";

const shared = { stem: 16, act: "hard_swish", same: false, se: mobileNetV3Se, head: "pooled" } as const;

const large: MobilePlan = {
  ...shared, features: () => 1280,
  stages: stages(
    "ds k3 c16 relu", "ir k3 s2 e4 c24 relu, ir k3 e3 c24 relu", "ir r3 k5 s2 e3 c40 se.25 relu",
      "ir k3 s2 e6 c80, ir k3 e2.5 c80, ir r2 k3 e2.3 c80",
    "ir r2 k3 e6 c112 se.25", "ir r3 k5 s2 e6 c160 se.25", "cn k1 c960"),
};

const small: MobilePlan = {
  ...shared, features: () => 1024,
  stages: stages(
    "ds k3 s2 c16 se.25 relu", "ir k3 s2 e4.5 c24 relu, ir k3 e3.67 c24 relu", "ir k5 s2 e4 c40 se.25, ir r2 k5 e6 c40 se.25",
      "ir r2 k5 e3 c48 se.25",
    "ir r3 k5 s2 e6 c96 se.25", "cn k1 c576"),
};

/** Below a width of 0.75 the stem keeps its 16 channels. */
const narrow: MobilePlan = { ...small, fixedStem: true };

const hardcore = { ...shared, stem: 32, features: () => 1280 } as const;
const first = "ds k3 c16 relu";
const last = "cn k1 c960";
const searched: Readonly<Record<string, readonly string[]>> = {
  a: ["ir k5 s2 e3 c24 relu, ir k5 e3 c24 relu se.25", "ir k5 s2 e3 c40 relu, ir k5 e6 c40 relu se.25",
    "ir k5 s2 e6 c80 se.25, ir k5 e6 c80 se.25",
    "ir r2 k5 e6 c112 se.25", "ir r2 k5 s2 e6 c192 se.25"],
  b: ["ir k5 s2 e3 c24 relu, ir k5 e3 c24 relu se.25, ir k3 e3 c24 relu", "ir r3 k5 s2 e3 c40 relu", "ir r2 k5 s2 e3 c80, ir r2 k3 e3 c80",
    "ir k5 e3 c112, ir r3 k3 e3 c112", "ir r2 k5 s2 e6 c192 se.25, ir k3 e3 c192 se.25"],
  c: ["ir k5 s2 e3 c24 relu, ir k5 e3 c24 relu se.25", "ir r4 k5 s2 e3 c40 relu", "ir k5 s2 e4 c80, ir k5 e6 c80 se.25, ir r2 k3 e3 c80",
    "ir k5 e6 c112 se.25, ir r3 k3 e3 c112", "ir r2 k5 s2 e6 c192 se.25, ir k3 e3 c192 se.25"],
  d: ["ir r2 k5 s2 e3 c24 relu se.25", "ir k5 s2 e3 c40 relu se.25, ir k5 e4 c40 relu se.25, ir k3 e3 c40 relu se.25",
    "ir k5 s2 e4 c80 se.25, ir r3 k3 e3 c80 se.25", "ir k3 e4 c112 se.25, ir k5 e4 c112 se.25, ir k3 e3 c112 se.25, ir k5 e3 c112 se.25",
    "ir r3 k5 s2 e6 c192 se.25, ir k3 e6 c192 se.25"],
  e: ["ir r2 k5 s2 e3 c24 relu se.25", "ir k5 s2 e6 c40 relu se.25, ir r2 k5 e4 c40 relu se.25, ir k3 e3 c40 relu se.25",
    "ir k5 s2 e4 c80 se.25, ir k3 e6 c80 se.25", "ir r3 k5 e6 c112 se.25, ir k5 e3 c112 se.25",
    "ir r3 k5 s2 e6 c192 se.25, ir k3 e6 c192 se.25"],
  f: ["ir r2 k5 s2 e3 c24 relu se.25", "ir r2 k5 s2 e6 c40 relu se.25", "ir r2 k5 s2 e6 c80 se.25, ir r2 k3 e3 c80 se.25",
    "ir k3 e6 c112 se.25, ir r2 k5 e6 c112 se.25, ir k3 e3 c112 se.25", "ir r2 k5 s2 e6 c192 se.25, ir r2 k3 e6 c192 se.25"],
};

const nas = Object.entries(searched).map(([letter, rows]) => [`hardcorenas_${letter}`,
  { ...hardcore, stages: stages(first, ...rows, last) } as MobilePlan] as const);

const variants: readonly (readonly [string, MobilePlan, MobileDefaults, number])[] = [
  ["mobilenetv3_large_075", large, { width: 0.75 }, 224],
  ["mobilenetv3_large_150d", large, { width: 1.5, depth: 1.2 }, 256],
  ["mobilenetv3_small_075", small, { width: 0.75 }, 224],
  ["mobilenetv3_small_050", narrow, { width: 0.5 }, 224],
  ["tf_mobilenetv3_large_100", { ...large, same: true }, { epsilon: 1e-3 }, 224],
  ["tf_mobilenetv3_large_075", { ...large, same: true }, { width: 0.75, epsilon: 1e-3 }, 224],
  ["tf_mobilenetv3_small_100", { ...small, same: true }, { epsilon: 1e-3 }, 224],
  ["tf_mobilenetv3_small_075", { ...small, same: true }, { width: 0.75, epsilon: 1e-3 }, 224],
  ...nas.map(([name, plan]) => [name, plan, {}, 224] as const),
];

export const timmMobilenetsV3: Family = {
  entries: () => variants.map(([name, plan, defaults, size]): Entry => ({
    name, size, libraries: ["timm"], build: (called, options) => mobileNetwork(called, plan, defaults, options) })),
  presets: () => ({
    mobilenetv3_large_150d: { ...square(imagenet, 256, 269), ...centred },
    "mobilenetv3_large_150d.ra4_e3600_r256_in1k@320": { ...square(imagenet, 320, 320), ...centred },
    mobilenetv3_small_075: imagenet,
    mobilenetv3_small_050: imagenet,
    ...Object.fromEntries(["large_100", "large_075", "small_100", "small_075"].flatMap((size) => [
      [`tf_mobilenetv3_${size}`, { ...imagenet, ...centred }], [`tf_mobilenetv3_${size}.in1k`, { ...imagenet, ...centred }]])),
    ...Object.fromEntries(nas.map(([name]) => [name, imagenet])),
  }),
  recognise(shapes) {
    const found = signature(shapes);
    // TensorFlow's have the same names and shapes.
    return found && variants.find(([name, plan, defaults]) => !name.startsWith("tf_") && matches(found, plan, defaults))?.[0];
  },
};

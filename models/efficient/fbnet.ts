/** FBNetV3 B, D and G (Dai et al., arXiv 2006.02049), as timm has them (timm/models/mobilenetv3.py, `_gen_fbnetv3`). */
import { imagenet, square } from "../../src/io/images/presets.ts";
import { makeDivisible } from "../../src/nn/attention/squeeze-excite.ts";
import type { Entry, Family } from "../family.ts";
import { matches, signature } from "./names.ts";
import { mobileNetwork } from "./network.ts";
import type { MobilePlan } from "./network.ts";
import { stages } from "./rows.ts";

const plan = (stem: number, ...rows: readonly string[]): MobilePlan => ({
  stages: stages(...rows), stem, act: "hard_swish", same: false, head: "pooled without bias", features: () => 1984, limit: 0.95,
  se: { of: "input", round: (width) => makeDivisible(width, 8, 0.95), gate: "hard_sigmoid", inner: undefined },
});

const variants = {
  fbnetv3_b: plan(16,
    "ds r2 k3 c16", "ir k5 s2 e4 c24, ir r3 k5 e2 c24", "ir k5 s2 e5 c40 se.25, ir r4 k5 e3 c40 se.25", "ir k5 s2 e5 c72, ir r4 k3 e3 c72",
    "ir k3 e5 c120 se.25, ir r5 k5 e3 c120 se.25", "ir k3 s2 e6 c184 se.25, ir r5 k5 e4 c184 se.25, ir k5 e6 c224 se.25", "cn k1 c1344"),
  fbnetv3_d: plan(24,
    "ds r2 k3 c16", "ir k3 s2 e5 c24, ir r5 k3 e2 c24", "ir k5 s2 e4 c40 se.25, ir r4 k3 e3 c40 se.25", "ir k3 s2 e5 c72, ir r4 k3 e3 c72",
    "ir k3 e5 c128 se.25, ir r6 k5 e3 c128 se.25", "ir k3 s2 e6 c208 se.25, ir r5 k5 e5 c208 se.25, ir k5 e6 c240 se.25", "cn k1 c1440"),
  fbnetv3_g: plan(32,
    "ds r3 k3 c24", "ir k5 s2 e4 c40, ir r4 k5 e2 c40", "ir k5 s2 e4 c56 se.25, ir r4 k5 e3 c56 se.25",
    "ir k5 s2 e5 c104, ir r4 k3 e3 c104", "ir k3 e5 c160 se.25, ir r8 k5 e3 c160 se.25",
    "ir k3 s2 e6 c264 se.25, ir r6 k5 e5 c264 se.25, ir r2 k5 e6 c288 se.25", "cn k1 c1728"),
} as const;

const names = Object.keys(variants) as (keyof typeof variants)[];

export const fbnets: Family = {
  entries: () => names.map((name): Entry => (
    { name, size: name === "fbnetv3_g" ? 240 : 224, libraries: ["timm"],
      build: (called, options) => mobileNetwork(called, variants[name], {}, options) })),
  presets: () => ({
    fbnetv3_b: square(imagenet, 224, 235), "fbnetv3_b.ra2_in1k@256": square(imagenet, 256, 269),
    fbnetv3_d: square(imagenet, 224, 235), "fbnetv3_d.ra2_in1k@256": square(imagenet, 256, 269),
    fbnetv3_g: square(imagenet, 240, 252), "fbnetv3_g.ra2_in1k@288": square(imagenet, 288, 303),
  }),
  recognise(shapes) {
    const found = signature(shapes);
    return found && names.find((name) => matches(found, variants[name], {}));
  },
};

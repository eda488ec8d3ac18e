/** FBNetV3-B (Dai et al., arXiv 2006.02049), as timm has it (timm/models/mobilenetv3.py, `fbnetv3_b`). */
import { imagenet, square } from "../../src/io/images/presets.ts";
import { makeDivisible } from "../../src/nn/attention/squeeze-excite.ts";
import type { Family } from "../family.ts";
import { matches, signature } from "./names.ts";
import { mobileNetwork } from "./network.ts";
import type { MobilePlan } from "./network.ts";
import { stages } from "./rows.ts";

const plan: MobilePlan = {
  stages: stages(
    "ds r2 k3 c16", "ir k5 s2 e4 c24, ir r3 k5 e2 c24", "ir k5 s2 e5 c40 se.25, ir r4 k5 e3 c40 se.25", "ir k5 s2 e5 c72, ir r4 k3 e3 c72",
    "ir k3 e5 c120 se.25, ir r5 k5 e3 c120 se.25", "ir k3 s2 e6 c184 se.25, ir r5 k5 e4 c184 se.25, ir k5 e6 c224 se.25", "cn k1 c1344"),
  stem: 16, act: "hard_swish", same: false, head: "pooled without bias", features: () => 1984, limit: 0.95,
  se: { of: "input", round: (width) => makeDivisible(width, 8, 0.95), gate: "hard_sigmoid", inner: undefined },
};

export const fbnets: Family = {
  entries: () => [{ name: "fbnetv3_b", size: 224, libraries: ["timm"], build: (name, options) => mobileNetwork(name, plan, {}, options) }],
  presets: () => ({ fbnetv3_b: square(imagenet, 224, 235), "fbnetv3_b.ra2_in1k@256": square(imagenet, 256, 269) }),
  recognise(shapes) {
    const found = signature(shapes);
    return found !== undefined && matches(found, plan, {}) ? "fbnetv3_b" : undefined;
  },
};

/**
 * PP-LCNet (Cui et al., arXiv 2109.15099, table 1) as timm has it (timm/models/mobilenetv3.py, `lcnet_*`): no sums, SE in the last two
 * blocks only.
 */
import { bicubic } from "../../src/io/images/presets.ts";
import type { Entry, Family } from "../family.ts";
import { mobileNetV3Se } from "./blocks.ts";
import { matches, signature } from "./names.ts";
import { mobileNetwork } from "./network.ts";
import type { MobilePlan } from "./network.ts";
import { roundEven, stages } from "./rows.ts";

const plan: MobilePlan = {
  stages: stages(
    "ds k3 c32 act bare", "ds r2 k3 s2 c64 act bare", "ds r2 k3 s2 c128 act bare", "ds k3 s2 c256 act bare, ds k5 c256 act bare",
      "ds r4 k5 c256 act bare",
    "ds r2 k5 s2 c512 se.25 act bare"),
  stem: 16, act: "hard_swish", same: false, se: { ...mobileNetV3Se, round: roundEven }, head: "pooled", features: () => 1280,
};

const variants = [["lcnet_035", 0.35], ["lcnet_050", 0.5], ["lcnet_075", 0.75], ["lcnet_100", 1], ["lcnet_150", 1.5]] as const;

export const lcnets: Family = {
  entries: () => variants.map(([name, width]): Entry => ({ name, libraries: ["timm"], build: (called, options) => mobileNetwork(called,
    plan, { width }, options) })),
  presets: () => Object.fromEntries(variants.map(([name]) => [name, bicubic])),
  recognise(shapes) {
    const found = signature(shapes);
    return found && variants.find(([, width]) => matches(found, plan, { width }))?.[0];
  },
};

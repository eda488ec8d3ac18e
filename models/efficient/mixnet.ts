/**
 * MixNet (Tan and Le, arXiv 1907.09595, figure 5), as timm has it (timm/models/efficientnet.py): depthwise kernels of 3 to 11 side by side.
 */
import { bicubic } from "../../src/io/images/presets.ts";
import type { Entry, Family } from "../family.ts";
import { efficientNetSe } from "./blocks.ts";
import { matches, signature } from "./names.ts";
import { mobileNetwork } from "./network.ts";
import type { MobilePlan } from "./network.ts";
import { stages } from "./rows.ts";

const shared = { act: "relu", same: false, se: efficientNetSe, head: "convolution", features: () => 1536 } as const;

const small: MobilePlan = {
  ...shared, stem: 16,
  stages: stages(
    "ds k3 c16", "ir k3 a2 p2 s2 e6 c24, ir k3 a2 p2 e3 c24", "ir k3.5.7 s2 e6 c40 se.5 silu, ir r3 k3.5 a2 p2 e6 c40 se.5 silu",
    "ir k3.5.7 p2 s2 e6 c80 se.25 silu, ir r2 k3.5 p2 e6 c80 se.25 silu",
    "ir k3.5.7 a2 p2 e6 c120 se.5 silu, ir r2 k3.5.7.9 a2 p2 e3 c120 se.5 silu",
    "ir k3.5.7.9.11 s2 e6 c200 se.5 silu, ir r2 k3.5.7.9 p2 e6 c200 se.5 silu"),
};

const medium: MobilePlan = {
  ...shared, stem: 24,
  stages: stages(
    "ds k3 c24", "ir k3.5.7 a2 p2 s2 e6 c32, ir k3 a2 p2 e3 c32", "ir k3.5.7.9 s2 e6 c40 se.5 silu, ir r3 k3.5 a2 p2 e6 c40 se.5 silu",
    "ir k3.5.7 s2 e6 c80 se.25 silu, ir r3 k3.5.7.9 a2 p2 e6 c80 se.25 silu",
    "ir k3 e6 c120 se.5 silu, ir r3 k3.5.7.9 a2 p2 e3 c120 se.5 silu",
    "ir k3.5.7.9 s2 e6 c200 se.5 silu, ir r3 k3.5.7.9 p2 e6 c200 se.5 silu"),
};

const variants = [["mixnet_s", small, 1], ["mixnet_m", medium, 1], ["mixnet_l", medium, 1.3]] as const;

export const mixnets: Family = {
  entries: () => variants.map(([name, plan, width]): Entry => (
    { name, libraries: ["timm"], build: (called, options) => mobileNetwork(called, plan, { width }, options) })),
  presets: () => Object.fromEntries(variants.map(([name]) => [name, bicubic])),
  recognise(shapes) {
    const found = signature(shapes);
    return found && variants.find(([, plan, width]) => matches(found, plan, { width }))?.[0];
  },
};

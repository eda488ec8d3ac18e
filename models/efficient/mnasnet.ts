/**
 * MnasNet-A1 and its small sibling (Tan et al., arXiv 1807.11626, figure 7), with SE in some stages; as timm has them (`semnasnet_*`,
 * `mnasnet_small`).
 */
import { bicubic } from "../../src/io/images/presets.ts";
import type { Entry, Family } from "../family.ts";
import { efficientNetSe } from "./blocks.ts";
import { matches, signature } from "./names.ts";
import { mobileNetwork } from "./network.ts";
import type { MobilePlan } from "./network.ts";
import { stages } from "./rows.ts";

const shared = { act: "relu", same: false, se: { ...efficientNetSe, inner: "relu" }, head: "convolution", features: () => 1280 } as const;

const a1: MobilePlan = {
  ...shared, stem: 32,
  stages: stages(
    "ds k3 c16 bare", "ir r2 k3 s2 e6 c24", "ir r3 k5 s2 e3 c40 se.25", "ir r4 k3 s2 e6 c80", "ir r2 k3 e6 c112 se.25",
      "ir r3 k5 s2 e6 c160 se.25", "ir k3 e6 c320"),
};

const small: MobilePlan = {
  ...shared, stem: 8,
  stages: stages(
    "ds k3 c8", "ir k3 s2 e3 c16", "ir r2 k3 s2 e6 c16", "ir r4 k5 s2 e6 c32 se.25", "ir r3 k3 e6 c32 se.25", "ir r3 k5 s2 e6 c88 se.25",
      "ir k3 e6 c144"),
};

const variants = [
  ["semnasnet_050", a1, 0.5], ["semnasnet_075", a1, 0.75], ["semnasnet_100", a1, 1], ["semnasnet_140", a1, 1.4],
  ["mnasnet_small", small, 1],
] as const;

export const mnasnets: Family = {
  entries: () => variants.map(([name, plan, width]): Entry => ({
    name, libraries: ["timm"], build: (called, options) => mobileNetwork(called, plan, { width }, options) })),
  presets: () => Object.fromEntries(variants.map(([name]) => [name, bicubic])),
  recognise(shapes) {
    const found = signature(shapes);
    return found && variants.find(([, plan, width]) => matches(found, plan, { width }))?.[0];
  },
};

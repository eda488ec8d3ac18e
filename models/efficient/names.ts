/** How others name the tensors of EfficientNet, and how its relatives are told apart by names and shapes. */
import { makeDivisible } from "../../src/nn/attention/squeeze-excite.ts";
import type { Shape } from "../../src/tensor.ts";
import type { WeightLayout } from "../../src/weight-layout.ts";
import type { MobileDefaults, MobilePlan } from "./network.ts";
import { deepened } from "./rows.ts";

const BLOCK = /^blocks\.\d+\.\d+\./;

/** The paths of a model's blocks in their order: "blocks.0.0.", "blocks.1.0.", ... */
function blocksOf(wanted: ReadonlyMap<string, Shape>): string[] {
  return [...new Set([...wanted.keys()].flatMap((name) => BLOCK.exec(name) ?? []))];
}

/** A convolution and its normalisation for each position of a block of torchvision's, by what the model's block has. */
function torchvisionPositions(block: string, wanted: ReadonlyMap<string, Shape>): readonly (readonly [string, string] | "se")[] {
  const has = (name: string): boolean => wanted.has(`${block}${name}.weight`);
  if (has("conv")) return [["conv", "bn1"]];
  if (has("conv_exp")) return [["conv_exp", "bn1"], ["conv_pwl", "bn2"]];
  const se = [...wanted.keys()].some((name) => name.startsWith(`${block}se.`)) ? ["se" as const] : [];
  return has("conv_pwl")
    ? [["conv_pw", "bn1"], ["conv_dw", "bn2"], ...se, ["conv_pwl", "bn3"]] : [["conv_dw", "bn1"], ...se, ["conv_pw", "bn2"]];
}

/** torchvision/models/efficientnet.py: `features.0` is the stem, `features.1` and so on the stages, the last one the head. */
const torchvision: WeightLayout = {
  name: "torchvision EfficientNet",
  read(file, wanted) {
    if (!file.has("features.0.0.weight") || !file.has("classifier.1.weight")) return undefined;
    const head = Math.max(...[...file.keys()].flatMap((name) => Number(/^features\.(\d+)\./.exec(name)?.[1] ?? [])));
    return {
      rename(name) {
        const [, stage, rest] = /^features\.(\d+)\.(.+)$/.exec(name) ?? [];
        if (stage === undefined) return name.replace(/^classifier\.1\./, "classifier.");
        if (stage === "0") return rest.replace(/^0\./, "conv_stem.").replace(/^1\./, "bn1.");
        if (Number(stage) === head) return rest.replace(/^0\./, "conv_head.").replace(/^1\./, "bn2.");
        const [, number, at, leaf] = /^(\d+)\.block\.(\d+)\.(.+)$/.exec(rest) ?? [];
        const block = `blocks.${Number(stage) - 1}.${number}.`;
        const position = torchvisionPositions(block, wanted)[Number(at)];
        if (position === undefined) return name;
        if (position === "se") return `${block}se.${leaf.replace(/^fc1\./, "conv_reduce.").replace(/^fc2\./, "conv_expand.")}`;
        return block + leaf.replace(/^0\./, `${position[0]}.`).replace(/^1\./, `${position[1]}.`);
      },
    };
  },
};

type Table = readonly (readonly [string, string, string])[];

/** Layouts that number all blocks in a row: `table` has their leaf, ours with an expansion, and ours without. */
function numbered(name: string, key: string, pattern: RegExp, outside: readonly (readonly [string, string])[], table: Table): WeightLayout {
  return {
    name,
    read(file, wanted) {
      if (!file.has(key)) return undefined;
      const blocks = blocksOf(wanted);
      return {
        rename(given) {
          const [, number, leaf] = pattern.exec(given) ?? [];
          if (number === undefined) {
            const found = outside.find(([theirs]) => given.startsWith(theirs));
            return found === undefined ? given : given.replace(found[0], found[1]);
          }
          const block = blocks[Number(number)];
          const found = table.find(([theirs]) => leaf.startsWith(`${theirs}.`));
          if (block === undefined || found === undefined) return given;
          return block + leaf.replace(found[0], found[wanted.has(`${block}conv_pwl.weight`) ? 1 : 2]);
        },
      };
    },
  };
}

/** efficientnet_pytorch/model.py of lukemelas. */
const lukemelas = numbered("lukemelas EfficientNet", "_conv_stem.weight", /^_blocks\.(\d+)\.(.+)$/, [
  ["_conv_stem.", "conv_stem."], ["_bn0.", "bn1."], ["_conv_head.", "conv_head."], ["_bn1.", "bn2."], ["_fc.", "classifier."],
], [
  ["_expand_conv", "conv_pw", ""], ["_bn0", "bn1", ""], ["_depthwise_conv", "conv_dw", "conv_dw"], ["_bn1", "bn2", "bn1"],
  ["_se_reduce", "se.conv_reduce", "se.conv_reduce"], ["_se_expand", "se.conv_expand", "se.conv_expand"],
  ["_project_conv", "conv_pwl", "conv_pw"], ["_bn2", "bn3", "bn2"],
]);

/** models/efficientnet/modeling_efficientnet.py of Hugging Face's transformers. */
const huggingFace = numbered("Hugging Face EfficientNet", "efficientnet.embeddings.convolution.weight",
  /^efficientnet\.encoder\.blocks\.(\d+)\.(.+)$/, [
  ["efficientnet.embeddings.convolution.", "conv_stem."], ["efficientnet.embeddings.batchnorm.", "bn1."],
  ["efficientnet.encoder.top_conv.", "conv_head."], ["efficientnet.encoder.top_bn.", "bn2."],
], [
  ["expansion.expand_conv", "conv_pw", ""], ["expansion.expand_bn", "bn1", ""], ["depthwise_conv.depthwise_conv", "conv_dw", "conv_dw"],
  ["depthwise_conv.depthwise_norm", "bn2", "bn1"], ["squeeze_excite.reduce", "se.conv_reduce", "se.conv_reduce"],
  ["squeeze_excite.expand", "se.conv_expand", "se.conv_expand"], ["projection.project_conv", "conv_pwl", "conv_pw"],
    ["projection.project_bn", "bn3", "bn2"],
]);

export const efficientNetLayouts: readonly WeightLayout[] = [torchvision, lukemelas, huggingFace];

/** What tells mobile networks apart. */
export interface Signature {
  readonly layout: "timm" | "torchvision" | "other";
  /** Shape of the head's convolution, and channels of the stem. */
  readonly head: Shape;
  readonly stem: number;
  /** Kernels of the depthwise convolutions, the smallest first; how many gates there are, and is one in the first block? */
  readonly depthwise: readonly number[];
  readonly gates: number;
  readonly seFirst: boolean;
}

const places = [
  ["timm", "conv_stem.weight", ["conv_head.weight"], "blocks.0.0.se.conv_reduce.weight"],
  ["torchvision", "features.0.0.weight", ["features.8.0.weight", "features.7.0.weight"], "features.1.0.block.1.fc1.weight"],
  ["other", "_conv_stem.weight", ["_conv_head.weight"], "_blocks.0._se_reduce.weight"],
  ["other", "efficientnet.embeddings.convolution.weight", ["efficientnet.encoder.top_conv.weight"],
    "efficientnet.encoder.blocks.0.squeeze_excite.reduce.weight"],
] as const;

export function signature(shapes: ReadonlyMap<string, Shape>): Signature | undefined {
  for (const [layout, stem, heads, se] of places) {
    const head = heads.map((name) => shapes.get(name)).find((shape) => shape?.[2] === 1);
    if (!shapes.has(stem) || head === undefined) continue;
    const depthwise = [...shapes.values()].filter((shape) => shape.length === 4 && shape[1] === 1 && shape[2] > 1)
      .map((shape) => shape[2]).sort((a, b) => a - b);
    const gates = [...shapes.keys()].filter((name) => /(conv_reduce|se_reduce|squeeze_excite\.reduce|\.fc1)\.weight$/.test(name)).length;
    return { layout, head, stem: shapes.get(stem)![0], depthwise, gates, seFirst: shapes.has(se) };
  }
  return undefined;
}

/** Would a network of this plan, width and depth have this signature? */
export function matches(found: Signature, plan: MobilePlan, { width = 1, depth = 1 }: MobileDefaults): boolean {
  const scaled = (channels: number): number => (width === 1 ? channels : makeDivisible(channels * width, 8, plan.limit ?? 0.9));
  const rows = plan.stages.flatMap((stage) => deepened(stage, depth, plan.repeats ?? "ceil"));
  const each = rows.flatMap(({ kind, repeats, kernels }) => (
    kind === "ds" || kind === "ir" ? Array.from({ length: repeats }, () => kernels).flat() : []
  )).sort((a, b) => a - b);
  const gates = rows.reduce((sum, { repeats, se }) => sum + (se > 0 ? repeats : 0), 0);
  const last = scaled(rows[rows.length - 1].channels);
  return found.stem === (plan.fixedStem === true ? plan.stem : scaled(plan.stem)) && found.depthwise.join() === each.join() &&
    found.gates === gates &&
    found.head.join() === [plan.features(width), last, 1, 1].join() && found.seFirst === (rows[0].se > 0);
}

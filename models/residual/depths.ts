/** How deep the ResNets are (He et al., arXiv 1512.03385, table 1), and how their weights tell it. */
import type { Shape } from "../../src/tensor.ts";

export type Depth = 18 | 34 | 50 | 101 | 152;

interface Stages {
  readonly bottleneck: boolean;
  /** Blocks of each stage. */
  readonly blocks: readonly number[];
}

export const stagesOf: Readonly<Record<Depth, Stages>> = {
  18: { bottleneck: false, blocks: [2, 2, 2, 2] },
  34: { bottleneck: false, blocks: [3, 4, 6, 3] },
  50: { bottleneck: true, blocks: [3, 4, 6, 3] },
  101: { bottleneck: true, blocks: [3, 4, 23, 3] },
  152: { bottleneck: true, blocks: [3, 8, 36, 3] },
};
export const depths: readonly Depth[] = [18, 34, 50, 101, 152];

/** The ResNet, ResNeXt or SENet-154 with these tensors in names of timm, torchvision, Cadene or moskomule; undefined where it is none. */
export function residualName(shapes: ReadonlyMap<string, Shape>): string | undefined {
  if (!shapes.has("layer1.0.conv1.weight")) return undefined;
  const names = [...shapes.keys()];
  const blocks: number[] = [];
  for (let stage = 1; names.some((name) => name.startsWith(`layer${stage}.`)); stage++) {
    let count = 0;
    while (shapes.has(`layer${stage}.${count}.conv1.weight`)) count++;
    blocks.push(count);
  }
  const se = names.some((name) => /\.se(_module)?\.fc/.test(name)) ? "se" : "";
  if (blocks.length === 3) return blocks.every((n) => n === blocks[0]) ? `${se === "" ? "" : "se_"}resnet${6 * blocks[0] + 2}` : undefined;
  const legacy = names.some((name) => name.startsWith("layer0.")) ? "legacy_" : "";
  if (shapes.has("layer0.conv3.weight")) return "legacy_senet154";
  const bottleneck = shapes.has("layer1.0.conv3.weight");
  const depth = depths.find((each) => stagesOf[each].bottleneck === bottleneck && stagesOf[each].blocks.join() === blocks.join());
  if (depth === undefined) return undefined;
  const [out, perGroup] = shapes.get("layer1.0.conv2.weight") ?? [];
  return out === perGroup ? `${legacy}${se}resnet${depth}`
    : out === 128 && perGroup === 4 ? `${legacy}${se}resnext${depth}_32x4d`
    : out === 256 && perGroup === 2 && depth === 152 && shapes.has("conv1.6.weight") ? "senet154"
    : undefined;
}

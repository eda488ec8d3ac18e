/**
 * Which network a weights file belongs to, told from its names and shapes alone, for messages such as "these are weights of
 * legacy_seresnet50". A guess: two networks may differ in what leaves no trace in the weights (padding, epsilon, activations).
 */
import type { Shape } from "../../tensor.ts";

/** Blocks in each stage, bottlenecks marked with "b": the depth. */
const DEPTHS: ReadonlyMap<string, number> = new Map([
  ["2,2,2,2", 18], ["3,4,6,3", 34], ["3,4,6,3b", 50], ["3,4,23,3b", 101], ["3,8,36,3b", 152],
]);

/**
 * The name of the model that has tensors of these names and shapes, or undefined where none is known.
 * Names are those of timm, torchvision, Cadene or moskomule, without any prefix.
 */
export function checkpointModel(shapes: ReadonlyMap<string, Shape>): string | undefined {
  if (shapes.has("layer1.0.conv1.weight")) return resnetName(shapes);
  if (shapes.has("conv_stem.weight")) {
    const head = shapes.get("conv_head.weight")?.join(",");
    if (head === "1280,320,1,1") return "mobilenet_v2";
    return head === "1280,960,1,1" ? "mobilenetv3_large_100" : head === "1024,576,1,1" ? "mobilenetv3_small_100" : undefined;
  }
  if (shapes.has("features.1.conv.0.0.weight")) return "mobilenet_v2";
  if (shapes.has("features.1.block.0.0.weight")) {
    const width = shapes.get("classifier.0.weight")?.[1];
    return width === 960 ? "mobilenet_v3_large" : width === 576 ? "mobilenet_v3_small" : undefined;
  }
  return undefined;
}

function resnetName(shapes: ReadonlyMap<string, Shape>): string | undefined {
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
  const depth = DEPTHS.get(blocks.join(",") + (shapes.has("layer1.0.conv3.weight") ? "b" : ""));
  if (depth === undefined) return undefined;
  const [out, perGroup] = shapes.get("layer1.0.conv2.weight") ?? [];
  return out === perGroup ? `${legacy}${se}resnet${depth}` : out === 128 && perGroup === 4 ? `${legacy}${se}resnext${depth}_32x4d` : undefined;
}

/**
 * ResNets of today, as timm has them (timm/models/resnet.py): `d` and `t`, with three convolutions as the stem and shortcuts that halve
 * the image by its mean (He et al., "Bag of Tricks", arXiv 1812.01187); ResNet-RS (Bello et al., arXiv 2103.07579); ECA-ResNet (Wang et
 * al., arXiv 1910.03151); SE-ResNeXt of these. `aa` halves the image behind a convolution, not by its stride; its pools round sizes down
 * and its shortcuts round them up, so an image whose sides are no multiples of 32 may not fit.
 */
import { bicubic, square } from "../../src/io/images/presets.ts";
import type { Preprocessing } from "../../src/io/images/preprocess.ts";
import { QuarteredImage } from "../../src/nn/image-size.ts";
import type { Shape } from "../../src/tensor.ts";
import type { Entry, Family } from "../family.ts";
import { count, counts, readOptions } from "../options.ts";
import type { GivenOptions } from "../options.ts";
import { stagesOf } from "./depths.ts";
import { ResNet, resnetReaders } from "./resnet.ts";
import type { Plan, ResNetOptions } from "./resnet.ts";
import { groupedWidth } from "./resnext.ts";
import type { GroupOptions } from "./resnext.ts";

type Gate = "none" | "se" | "eca";

interface Variant {
  readonly name: string;
  readonly stem: Plan["stem"];
  readonly blocks: readonly number[];
  readonly gate: Gate;
  readonly groups: number;
  readonly groupWidth: number;
  readonly average: boolean;
  readonly pooled: boolean;
  readonly rs: boolean;
  readonly size: number;
  readonly preprocessing: Preprocessing;
}

const d = [32, 32, 64] as const;
const t = [24, 32, 64] as const;
const depth26 = [2, 2, 2, 2];
const depth152 = stagesOf[152].blocks;

function variant(
  name: string, gate: Gate, blocks: readonly number[], size: number, tested: Preprocessing, rest: Partial<Variant> = {},
): Variant {
  return {
    name, gate, blocks, stem: d, groups: 1, groupWidth: 64, average: true, pooled: false, rs: false, size, preprocessing: tested, ...rest };
}

const at = (size: number, resize: number): Preprocessing => square(bicubic, size, resize);
const x4 = { groups: 32, groupWidth: 4 } as const;
const x8 = { groups: 32, groupWidth: 8 } as const;
const original = { stem: "7x7", average: false } as const;
const rs = { rs: true } as const;

const variants: readonly Variant[] = [
  variant("resnet26d", "none", depth26, 224, bicubic),
  variant("resnet26t", "none", depth26, 256, at(256, 272), { stem: t }),
  variant("resnet50d", "none", stagesOf[50].blocks, 224, at(224, 235)),
  variant("resnet50t", "none", stagesOf[50].blocks, 224, at(224, 235), { stem: t }),
  variant("resnet101d", "none", stagesOf[101].blocks, 256, at(256, 269)),
  variant("resnet152d", "none", depth152, 256, at(256, 269)),
  variant("seresnet152d", "se", depth152, 256, at(256, 269)),
  variant("seresnext26d_32x4d", "se", depth26, 224, bicubic, x4),
  variant("seresnext26t_32x4d", "se", depth26, 224, bicubic, { ...x4, stem: t }),
  variant("seresnext101_32x8d", "se", stagesOf[101].blocks, 224, at(224, 235), { ...x8, ...original }),
  variant("seresnext101_64x4d", "se", stagesOf[101].blocks, 224, bicubic, { groups: 64, groupWidth: 4, ...original }),
  variant("seresnext101d_32x8d", "se", stagesOf[101].blocks, 224, at(224, 235), x8),
  variant("seresnextaa101d_32x8d", "se", stagesOf[101].blocks, 224, at(224, 235), { ...x8, pooled: true }),
  variant("resnetrs50", "se", stagesOf[50].blocks, 160, at(160, 175), rs),
  variant("resnetrs101", "se", stagesOf[101].blocks, 192, at(192, 204), rs),
  variant("resnetrs152", "se", depth152, 256, at(256, 256), rs),
  variant("resnetrs200", "se", [3, 24, 36, 3], 256, at(256, 256), rs),
  variant("resnetrs270", "se", [4, 29, 53, 4], 256, at(256, 256), rs),
  variant("resnetrs350", "se", [4, 36, 72, 4], 288, at(288, 288), rs),
  variant("resnetrs420", "se", [4, 44, 87, 4], 320, at(320, 320), rs),
  variant("ecaresnet26t", "eca", depth26, 256, at(256, 269), { stem: t }),
  variant("ecaresnet50d", "eca", stagesOf[50].blocks, 224, bicubic),
  variant("ecaresnet50t", "eca", stagesOf[50].blocks, 256, at(256, 269), { stem: t }),
  variant("ecaresnetlight", "eca", [1, 1, 11, 3], 224, bicubic, { stem: "7x7" }),
  variant("ecaresnet101d", "eca", stagesOf[101].blocks, 224, bicubic),
];

/** @throws RangeError for an unknown option or a wrong value */
function resnetD(name: string, of: Variant, options: GivenOptions): ResNet {
  const read = readOptions<ResNetOptions & GroupOptions>(name, options, {
    ...resnetReaders(of.gate !== "none", true), blocks: counts(of.blocks), groups: count(of.groups), groupWidth: count(of.groupWidth) });
  const given: ResNetOptions = { ...read, attention: read.attention ?? (read.se && of.gate === "eca" ? "eca" : undefined) };
  return new ResNet({
    ...(of.pooled ? { door: new QuarteredImage(name, 8) } : {}),
    stem: of.stem, blocks: read.blocks, pool: of.rs ? "convolution" : of.pooled ? "average" : "max",
    bottleneck: (width) => {
      const middle = groupedWidth(name, width, read);
      return {
        first: middle, middle, to: 4 * width, groups: read.groups, projection: of.average ? "average" : 1, pooled: of.pooled,
        ...(of.rs ? { se: { reduction: 4 } } : {}) };
    },
  }, given);
}

/** What of a variant its weights show. */
type Traced = Pick<Variant, "stem" | "blocks" | "gate" | "groups" | "groupWidth" | "average" | "rs">;

function trace({ stem, blocks, gate, groups, groupWidth, average, rs: pool }: Traced): string {
  return [stem, ...blocks, gate, groups, groupWidth, average, pool].join();
}

function traceOf(shapes: ReadonlyMap<string, Shape>): string | undefined {
  const grouped = shapes.get("layer1.0.conv2.weight");
  if (grouped === undefined || !shapes.has("layer1.0.conv3.weight")) return undefined;
  const blocks = [1, 2, 3, 4].map((stage) => {
    let n = 0;
    while (shapes.has(`layer${stage}.${n}.conv1.weight`)) n++;
    return n;
  });
  const stem = [0, 3, 6].map((n) => shapes.get(`conv1.${n}.weight`)?.[0]).join();
  const projection = shapes.get("layer1.0.downsample.1.weight");
  return trace({
    stem: stem === ",," ? "7x7" : stem as Plan["stem"],
    blocks,
    gate: shapes.has("layer1.0.se.fc1.weight") ? "se" : shapes.has("layer1.0.se.conv.weight") ? "eca" : "none",
    groups: grouped[0] / grouped[1],
    groupWidth: grouped[1],
    // Behind a pool, or nothing, the shortcut's convolution is the second.
    average: projection?.length === 4,
    rs: shapes.has("maxpool.0.weight"),
  });
}

export const resnetsD: Family = {
  entries: () => variants.map((of): Entry => (
    { name: of.name, size: of.size, libraries: ["timm"], build: (name, options) => resnetD(name, of, options) })),
  presets: () => Object.fromEntries(variants.map(({ name, preprocessing }) => [name, preprocessing])),
  recognise(shapes) {
    const found = traceOf(shapes);
    return found === undefined ? undefined : variants.find((of) => trace(of) === found && (of.average || of.gate !== "none"))?.name;
  },
};

/**
 * ResNeXt (Xie et al., arXiv 1611.05431, table 1: the 3x3 convolutions in 32 groups) and SENet-154 (Hu et al., arXiv 1709.01507,
 * appendix: 64 groups, a first 1x1 convolution of half the width, three 3x3 convolutions as the stem, 3x3 convolutions in the
 * shortcuts that halve the image, dropout), as timm has them (timm/models/resnet.py: `resnext50_32x4d`, `seresnext50_32x4d`,
 * `senet154`; torchvision's `resnext50_32x4d` is the same). Caffe's and Cadene's: models/residual/legacy-senet.ts.
 *
 * The paper prints 4.24 G multiply-adds for ResNeXt-50, 7.99 G for ResNeXt-101, with SE 4.25 G and 8.00 G. Convolution and linear
 * layers are 4,230 M and 7,970 M; with one operation for every value that is normalised (14.4 M and 21.2 M), and with SE's excitation
 * and scale, all four figures come out. (For ResNets they do not: there convolution and linear layers alone are the paper's.)
 */
import { show } from "../../src/errors.ts";
import { check, whole } from "../../src/checks.ts";
import { bicubic, square } from "../../src/io/images/presets.ts";
import type { Entry, Family } from "../family.ts";
import { count, counts, member, readOptions } from "../options.ts";
import type { GivenOptions, Readers } from "../options.ts";
import { stagesOf } from "./depths.ts";
import type { BottleneckSizes } from "./resnet-blocks.ts";
import { ResNet, resnetReaders } from "./resnet.ts";
import type { ResNetOptions } from "./resnet.ts";

export interface GroupOptions {
  /** Blocks of each of the four stages. */
  readonly blocks: readonly number[];
  /** Groups of the 3x3 convolutions (the paper's cardinality). */
  readonly groups: number;
  /** Channels of each group where the stage is 64 wide; wider stages have more. */
  readonly groupWidth: number;
}

/** Channels of the 3x3 convolution in a stage of this width. @throws RangeError naming the options, where none is left */
export function groupedWidth(name: string, width: number, options: Pick<GroupOptions, "groups" | "groupWidth">): number {
  const { groups, groupWidth } = Object(options) as typeof options;
  check(show(name), "width", width, whole());
  check(show(name), "groups", groups, whole());
  check(show(name), "groupWidth", groupWidth, whole());
  const perGroup = Math.floor((width * groupWidth) / 64);
  if (perGroup < 1) {
    throw new RangeError(
      `${name}: option "groupWidth" of ${groupWidth} leaves no channel for a group at option "width" ${width}: their product wants at ` +
      `least 64`,
    );
  }
  return perGroup * groups;
}

/** Blocks of each stage. */
const blocksOf = { 50: stagesOf[50].blocks, 101: stagesOf[101].blocks, 154: stagesOf[152].blocks } as const;

/** Reads the options of a network of this depth. */
export function groupReaders(depth: 50 | 101 | 154): Readers<GroupOptions> {
  return {
    blocks: counts(blocksOf[member("groupReaders", "depth", depth, [50, 101, 154])]), groups: count(depth === 154 ? 64 : 32),
    groupWidth: count(4),
  };
}

/** `resnext50_32x4d`, `seresnext50_32x4d` and those of 101 layers. */
export function resnext(name: string, depth: 50 | 101, se: boolean, options: GivenOptions): ResNet {
  const read = readOptions<ResNetOptions & GroupOptions>(name, options, { ...resnetReaders(se, true), ...groupReaders(depth) });
  const bottleneck = (width: number): BottleneckSizes => {
    const middle = groupedWidth(name, width, read);
    return { first: middle, middle, to: 4 * width, groups: read.groups, projection: 1 };
  };
  return new ResNet({ stem: "7x7", blocks: read.blocks, bottleneck }, read);
}

/** `senet154`: 154 convolutions and linear layers outside the SE blocks. Without them by the option `se: false`. */
export function senet154(name: string, options: GivenOptions): ResNet {
  const read = readOptions<ResNetOptions & GroupOptions>(name, options, { ...resnetReaders(true, true, 0.2), ...groupReaders(154) });
  const bottleneck = (width: number): BottleneckSizes => {
    const middle = groupedWidth(name, width, read);
    return { first: halved(name, middle, read), middle, to: 4 * width, groups: read.groups, projection: 3 };
  };
  return new ResNet({ stem: "deep", blocks: read.blocks, bottleneck }, read);
}

/** Half of the 3x3 convolution's output goes into it. @throws RangeError where its groups do not divide that */
export function halved(name: string, middle: number, options: Pick<GroupOptions, "groups">): number {
  check(show(name), "middle", middle, whole());
  const { groups } = Object(options) as typeof options;
  check(show(name), "groups", groups, whole());
  if (middle % (2 * groups) !== 0) {
    throw new RangeError(`${name}: option "groups" wants a divisor of half the ${middle} channels of the 3x3 convolution, got ${groups}`);
  }
  return middle / 2;
}

export const resnexts: Family = {
  entries: () => [
    ...([50, 101] as const).flatMap((depth): Entry[] => [
      {
        name: `resnext${depth}_32x4d`, libraries: depth === 50 ? ["timm", "torchvision"] : ["timm"],
        build: (name, options) => resnext(name, depth, false, options),
      },
      { name: `seresnext${depth}_32x4d`, libraries: ["timm"], build: (name, options) => resnext(name, depth, true, options) },
    ]),
    { name: "senet154", libraries: ["timm"], build: senet154 },
  ],
  presets: () => ({
    "timm/resnext50_32x4d": square(bicubic, 224, 235),
    seresnext50_32x4d: bicubic,
    seresnext101_32x4d: bicubic,
    senet154: bicubic,
  }),
};

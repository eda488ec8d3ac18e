/**
 * ReXNet (Han et al., arXiv 2007.00992), as timm has it (timm/models/rexnet.py): channels grow a little with every block, so a block's
 * input is added to the first of its outputs only. SE normalises its hidden layer, and ReLU6 comes behind it.
 */
import { ReLU6, SiLU } from "../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { PartialResidual, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import type { Attention } from "../../src/nn/attention/attention.ts";
import { bicubic } from "../../src/io/images/presets.ts";
import { roundEven } from "../efficient/rows.ts";
import type { Entry, Family } from "../family.ts";
import { Head } from "../head.ts";
import { count, fraction, positive, readOptions } from "../options.ts";
import type { GivenOptions } from "../options.ts";
import { makeSe, present, seReaders } from "../se-options.ts";
import type { SeOptions } from "../se-options.ts";

export interface ReXNetOptions extends SeOptions {
  readonly classes: number;
  readonly inChannels: number;
  readonly width: number;
  readonly dropout: number;
}

/** Of each block; the first has no expansion, the first three no SE. */
const strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1];

class ConvNorm extends Composite {
  readonly conv: Conv2d;
  readonly bn: BatchNorm2d;
  readonly body: Module;

  constructor(
    from: number, to: number, kernel: number,
    { stride = 1, groups = 1, act = false }: { stride?: number; groups?: number; act?: boolean } = {},
  ) {
    super();
    this.conv = new Conv2d(from, to, { kernel, stride, groups, padding: (kernel - 1) / 2, bias: false });
    this.bn = new BatchNorm2d(to);
    this.body = new Sequential(...present<Module>(this.conv, this.bn, act ? new SiLU() : undefined));
  }
}

class LinearBottleneck extends Composite {
  readonly convExp: ConvNorm | undefined;
  readonly convDw: ConvNorm;
  readonly se: Attention | undefined;
  readonly convPwl: ConvNorm;
  readonly body: Module;

  constructor(from: number, to: number, index: number, options: ReXNetOptions) {
    super();
    const expansion = index === 0 ? 1 : 6;
    const wide = from * expansion;
    const stride = strides[index];
    this.convExp = expansion === 1 ? undefined : new ConvNorm(from, wide, 1, { act: true });
    this.convDw = new ConvNorm(wide, wide, 3, { stride, groups: wide });
    this.se = index < 3 ? undefined : makeSe(
      wide, options, { hidden: Math.max(1, Math.floor(wide / (options.reduction ?? 12))), norm: true },
    );
    this.convPwl = new ConvNorm(wide, to, 1);
    const branch = new Sequential(...present<Module>(this.convExp, this.convDw, this.se, new ReLU6(), this.convPwl));
    this.body = stride === 1 && from <= to ? new PartialResidual(branch) : branch;
  }
}

/** Images [N, inChannels, H, W] to logits [N, classes]. */
export class ReXNet extends Composite {
  readonly stem: ConvNorm;
  readonly features: Sequential;
  readonly head: Head;
  readonly body: Module;

  constructor(options: ReXNetOptions) {
    super();
    const { width } = options;
    // Widths grow by 180 in sixteen steps, from 16; narrow networks keep the first ones.
    const first = width < 1 ? 16 / width : 16;
    let channels = width < 1 ? 32 : roundEven(32 * width);
    this.stem = new ConvNorm(options.inChannels, channels, 3, { stride: 2, act: true });
    const blocks = strides.map((_, i) => {
      const to = roundEven((first + (180 / strides.length) * i) * width);
      const block = new LinearBottleneck(channels, to, i, options);
      channels = to;
      return block;
    });
    const last = Math.floor(1280 * width);
    this.features = new Sequential(...blocks, new ConvNorm(channels, last, 1, { act: true }));
    this.head = new Head(last, options, 0.01);
    this.body = new Sequential(this.stem, this.features, this.head);
  }
}

const variants = [["rexnet_100", 1], ["rexnet_130", 1.3], ["rexnet_150", 1.5], ["rexnet_200", 2], ["rexnet_300", 3]] as const;

function rexnet(name: string, width: number, options: GivenOptions): ReXNet {
  return new ReXNet(readOptions<ReXNetOptions>(name, options, {
    classes: count(1000), inChannels: count(3), width: positive(width), dropout: fraction(0.2), ...seReaders({ se: true }) }));
}

export const rexnets: Family = {
  entries: () => variants.map(([name, width]): Entry => ({
    name, libraries: ["timm"], build: (called, options) => rexnet(called, width, options),
  })),
  presets: () => Object.fromEntries(variants.map(([name]) => [name, bicubic])),
  recognise(shapes) {
    const last = shapes.get("features.16.conv.weight")?.[0];
    return shapes.has("features.0.conv_dw.conv.weight") ? variants.find(([, width]) => Math.floor(1280 * width) === last)?.[0] : undefined;
  },
};

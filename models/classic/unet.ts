/**
 * U-Net (Ronneberger, Fischer, Brox, arXiv 1505.04597, figure 1) with padded convolutions and batch normalisation, so that the
 * output is as large as the input; and SE-U-Net: SE after every block of encoder and decoder, the lowest one too, and what SE puts
 * out feeds both the pooling and the skip (Roy, Navab, Wachinger, arXiv 1803.02579, section 2; their code's EncoderBlock). Reduction 2,
 * as there. Attention "scse" is the variant that the paper proposes.
 */
import { ReLU } from "../../src/nn/layers/activations.ts";
import type { Attention } from "../../src/nn/attention/attention.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Concatenate, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d, ConvTranspose2d } from "../../src/nn/layers/conv.ts";
import { ImageMultiple } from "../../src/nn/image-size.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { MaxPool2d } from "../../src/nn/layers/pooling.ts";
import { Identity } from "../../src/nn/layers/reshape.ts";
import { sePrefix } from "../family.ts";
import type { Family } from "../family.ts";
import { count, optional, readOptions } from "../options.ts";
import type { GivenOptions } from "../options.ts";
import { makeSe, present, seReaders } from "../se-options.ts";
import type { SeOptions } from "../se-options.ts";

export interface UNetOptions extends SeOptions {
  /** Of a pixel. */
  readonly classes: number;
  readonly inChannels: number;
  /** Channels of the first block; they double with every pooling. */
  readonly width: number;
  /** Poolings: the sides of an image are multiples of two to this power. */
  readonly depth: number;
}

/** Two 3x3 convolutions, then SE. */
class Block extends Composite {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly se: Attention | undefined;
  readonly body: Module;

  constructor(from: number, to: number, options: UNetOptions) {
    super();
    this.conv1 = new Conv2d(from, to, { kernel: 3, padding: 1, bias: false });
    this.bn1 = new BatchNorm2d(to);
    this.conv2 = new Conv2d(to, to, { kernel: 3, padding: 1, bias: false });
    this.bn2 = new BatchNorm2d(to);
    this.se = makeSe(to, options, { reduction: 2 });
    this.body = new Sequential(...present<Module>(this.conv1, this.bn1, new ReLU(), this.conv2, this.bn2, new ReLU(), this.se));
  }
}

/**
 * Images [N, inChannels, H, W], H and W divisible by 2^depth, to logits [N, classes, H, W]. State dict, numbers from the largest image
 * to the smallest: encoder.0.conv1.weight ... encoder.4.*, up.0.weight ... up.3.*, decoder.0.conv1.weight ... decoder.3.*, head.*.
 */
export class UNet extends Composite {
  readonly body: Module;
  readonly #children: [string, Module][];

  constructor(name: string, options: UNetOptions) {
    super();
    const { width, depth } = options;
    const levels = Array.from({ length: depth }, (_, i) => width << i);
    const encoder = [...levels, width << depth].map((to, i) => new Block(i === 0 ? options.inChannels : levels[i - 1], to, options));
    const up = levels.map((to) => new ConvTranspose2d(2 * to, to, { kernel: 2, stride: 2 }));
    const decoder = levels.map((to) => new Block(2 * to, to, options));
    const head = new Conv2d(width, options.classes, { kernel: 1 });
    const numbered = (name: string, modules: readonly Module[]): [string, Module][] => modules.map((module, i) => [`${name}.${i}`, module]);
    this.#children = [...numbered("encoder", encoder), ...numbered("up", up), ...numbered("decoder", decoder), ["head", head]];
    // From the lowest level up: each level is its encoder, whose output goes on by itself and through all below, and its decoder.
    let below: Module = encoder[depth];
    for (let i = depth - 1; i >= 0; i--) {
      const through = new Sequential(new MaxPool2d({ kernel: 2 }), below, up[i]);
      below = new Sequential(encoder[i], new Concatenate(new Identity(), through), decoder[i]);
    }
    this.body = new Sequential(new ImageMultiple(name, 1 << depth), below, head);
  }

  override children(): [string, Module][] {
    return this.#children;
  }
}

/** `unet` and `se_unet`. */
export function unet(name: string, se: boolean, options: GivenOptions): UNet {
  return new UNet(name, readOptions<UNetOptions>(name, options, {
    classes: count(2),
    inChannels: count(3),
    width: count(64),
    depth: optional(4, "a whole number from 1 to 8", (v) => Number.isInteger(v) && (v as number) >= 1 && (v as number) <= 8),
    ...seReaders({ se }),
  }));
}

export const unets: Family = {
  entries: () => [
    { name: "unet", build: (name, options) => unet(name, false, options) },
    { name: "se_unet", build: (name, options) => unet(name, true, options) },
  ],
  recognise: (shapes) => (
    shapes.has("encoder.0.conv1.weight") && shapes.has("up.0.weight") && shapes.has("head.weight") ? `${sePrefix(shapes)}unet` : undefined
  ),
};

/** A stem, stages of blocks, a head: the mobile networks of timm (timm/models/efficientnet.py, mobilenetv3.py), with its names. */
import { activation } from "../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Dropout } from "../../src/nn/layers/dropout.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { GlobalAveragePool } from "../../src/nn/layers/pooling.ts";
import { Flatten } from "../../src/nn/layers/reshape.ts";
import { Sequential } from "../../src/nn/combinators.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { makeDivisible } from "../../src/nn/attention/squeeze-excite.ts";
import type { WeightLayout } from "../../src/weight-layout.ts";
import { count, fraction, positive, readOptions } from "../options.ts";
import type { GivenOptions } from "../options.ts";
import { present, seReaders } from "../se-options.ts";
import type { SeOptions } from "../se-options.ts";
import { block, conv } from "./blocks.ts";
import type { BlockStyle } from "./blocks.ts";
import { deepened } from "./rows.ts";
import type { Row } from "./rows.ts";

/** What a user may set. */
export interface MobileOptions extends SeOptions {
  readonly classes: number;
  readonly inChannels: number;
  /** Times the channels, and times the blocks of each stage. */
  readonly width: number;
  readonly depth: number;
  readonly epsilon: number;
  readonly dropout: number;
}

/** What a family fixes. */
export interface MobilePlan extends Omit<BlockStyle, "options" | "epsilon"> {
  readonly stages: readonly (readonly Row[])[];
  readonly stem: number;
  /** Does the stem keep its channels, whatever the width? */
  readonly fixedStem?: boolean;
  /** How repeats times the depth become whole. */
  readonly repeats?: "ceil" | "round";
  /** A width may lose at most 1 - limit of itself where it is rounded to a multiple of 8. */
  readonly limit?: number;
  /**
   * `convolution`: 1x1 convolution to `features`, normalisation, activation, then the mean (EfficientNet). `pooled`: the mean first, then
   * a 1x1 convolution to `features`, with a bias or without, and an activation (MobileNetV3).
   */
  readonly head: "convolution" | "pooled" | "pooled without bias";
  readonly features: (width: number) => number;
  /** Layouts of names beside timm's. */
  readonly layouts?: readonly WeightLayout[];
}

/** Images [N, inChannels, H, W] to logits [N, classes]. */
export class MobileNetwork extends Composite {
  readonly convStem: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly blocks: Sequential;
  readonly convHead: Conv2d;
  readonly bn2: BatchNorm2d | undefined;
  readonly classifier: Linear;
  readonly body: Module;
  readonly #layouts: readonly WeightLayout[];

  constructor(plan: MobilePlan, options: MobileOptions) {
    super();
    const { act, same, head } = plan;
    const { epsilon, width } = options;
    const style: BlockStyle = { act, same, se: plan.se, epsilon, options };
    const scaled = (channels: number): number => (width === 1 ? channels : makeDivisible(channels * width, 8, plan.limit ?? 0.9));
    let channels = plan.fixedStem === true ? plan.stem : scaled(plan.stem);
    this.convStem = conv(options.inChannels, channels, 3, 2, 1, style);
    this.bn1 = new BatchNorm2d(channels, { epsilon });
    this.blocks = new Sequential(...plan.stages.map((rows) => new Sequential(...deepened(rows, options.depth,
      plan.repeats ?? "ceil").flatMap((row) => {
      const wide: Row = { ...row, channels: scaled(row.channels) };
      return Array.from({ length: row.repeats }, (_, i) => {
        const made = block(wide, channels, i === 0 ? row.stride : 1, style);
        channels = wide.channels;
        return made;
      });
    }))));
    const features = plan.features(width);
    const pooled = head !== "convolution";
    this.convHead = new Conv2d(channels, features, { kernel: 1, bias: head === "pooled" });
    this.bn2 = pooled ? undefined : new BatchNorm2d(features, { epsilon });
    this.classifier = new Linear(features, options.classes, { initialDeviation: 0.01 });
    const pool = (where: boolean): Module | undefined => (where ? new GlobalAveragePool() : undefined);
    this.body = new Sequential(...present<Module>(
      this.convStem, this.bn1, activation(act), this.blocks, pool(pooled), this.convHead, this.bn2, activation(act), pool(!pooled),
      new Flatten(), new Dropout(options.dropout), this.classifier));
    this.#layouts = plan.layouts ?? [];
  }

  override layouts(): readonly WeightLayout[] {
    return this.#layouts;
  }
}

/** What a network is at, where the user says nothing. */
export interface MobileDefaults {
  readonly width?: number;
  readonly depth?: number;
  readonly epsilon?: number;
  readonly dropout?: number;
}

/** @throws RangeError for an unknown option or a wrong value */
export function mobileNetwork(name: string, plan: MobilePlan, defaults: MobileDefaults, options: GivenOptions): MobileNetwork {
  return new MobileNetwork(plan, readOptions<MobileOptions>(name, options, {
    classes: count(1000),
    inChannels: count(3),
    width: positive(defaults.width ?? 1),
    depth: positive(defaults.depth ?? 1),
    epsilon: positive(defaults.epsilon ?? 1e-5),
    dropout: fraction(defaults.dropout ?? 0.2),
    ...seReaders({ se: true }),
  }));
}

/**
 * IR-SE (the network of ArcFace: Deng et al., arXiv 1801.07698, section 3.1, "improved residual" units), as InsightFace_Pytorch and
 * face.evoLVe have it, and the identity networks of face generators: faces of 112x112 pixels to a vector of length 1. A unit normalises
 * first; SE (reduction 16, without biases) stands at the end of the branch; no activation follows the sum.
 */
import { BatchNorm1d, BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { Residual, Sequential } from "../../src/nn/combinators.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Dropout } from "../../src/nn/layers/dropout.ts";
import { L2Normalise } from "../../src/nn/layers/l2-normalise.ts";
import { Linear } from "../../src/nn/layers/linear.ts";
import { MaxPool2d } from "../../src/nn/layers/pooling.ts";
import { PReLU } from "../../src/nn/layers/prelu.ts";
import { Flatten } from "../../src/nn/layers/reshape.ts";
import { ExactImage } from "../../src/nn/image-size.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import { centred, imagenet } from "../../src/io/images/presets.ts";
import type { Entry, Family } from "../family.ts";
import { count, counts, flag, fraction, readOptions } from "../options.ts";
import type { GivenOptions } from "../options.ts";
import { makeSe, present, seReaders } from "../se-options.ts";
import type { SeOptions } from "../se-options.ts";

export interface IrSeOptions extends SeOptions {
  /** Numbers of the answer. */
  readonly embedding: number;
  readonly inChannels: number;
  /** Channels of the first stage; they double with each stage. */
  readonly width: number;
  /** Units of the four stages. */
  readonly blocks: readonly number[];
  /** Height and width of the images, which the linear layer is made for. */
  readonly imageSize: number;
  readonly dropout: number;
  /** Has the answer length 1? Else it is what the last normalisation gives. */
  readonly normalise: boolean;
}

class Unit extends Composite {
  readonly shortcutLayer: Sequential | MaxPool2d | undefined;
  readonly resLayer: Sequential;
  readonly body: Module;

  constructor(from: number, to: number, stride: number, options: IrSeOptions) {
    super();
    if (from !== to) {
      this.shortcutLayer = new Sequential(new Conv2d(from, to, { kernel: 1, stride, bias: false }), new BatchNorm2d(to));
    } else if (stride > 1) {
      this.shortcutLayer = new MaxPool2d({ kernel: 1, stride });
    }
    this.resLayer = new Sequential(...present<Module>(
      new BatchNorm2d(from), new Conv2d(from, to, { kernel: 3, padding: 1, bias: false }), new PReLU(to),
      new Conv2d(to, to, { kernel: 3, stride, padding: 1, bias: false }), new BatchNorm2d(to), makeSe(to, options)));
    this.body = this.shortcutLayer === undefined ? new Residual(this.resLayer) : new Residual(this.resLayer, this.shortcutLayer);
  }
}

/** Images [N, inChannels, imageSize, imageSize] to embeddings [N, embedding]. */
export class IrSe extends Composite {
  readonly inputLayer: Sequential;
  readonly bodyUnits: Sequential;
  readonly outputLayer: Sequential;
  readonly body: Module;

  constructor(name: string, options: IrSeOptions) {
    super();
    const { width, blocks, imageSize, embedding } = options;
    this.inputLayer = new Sequential(
      new Conv2d(options.inChannels, width, { kernel: 3, padding: 1, bias: false }), new BatchNorm2d(width), new PReLU(width));
    let channels = width;
    this.bodyUnits = new Sequential(...blocks.flatMap((units, stage) => Array.from({ length: units }, (_, i) => {
      const unit = new Unit(channels, width << stage, i === 0 ? 2 : 1, options);
      channels = width << stage;
      return unit;
    })));
    const side = blocks.reduce((size) => Math.ceil(size / 2), imageSize);
    this.outputLayer = new Sequential(
      new BatchNorm2d(channels), new Dropout(options.dropout), new Flatten(), new Linear(channels * side * side, embedding),
      new BatchNorm1d(embedding));
    this.body = new Sequential(...present<Module>(
      new ExactImage(name, imageSize), this.inputLayer, this.bodyUnits, this.outputLayer,
      options.normalise ? new L2Normalise() : undefined));
  }

  /** In the state dict the units are called body, as published. */
  override children(): [string, Module][] {
    return [["input_layer", this.inputLayer], ["body", this.bodyUnits], ["output_layer", this.outputLayer]];
  }
}

const variants: readonly (readonly [depth: number, blocks: readonly number[]])[] = [
  [50, [3, 4, 14, 3]], [100, [3, 13, 30, 3]], [152, [3, 8, 36, 3]],
];

function irSe(name: string, blocks: readonly number[], se: boolean, options: GivenOptions): IrSe {
  return new IrSe(name, readOptions<IrSeOptions>(name, options, {
    embedding: count(512), inChannels: count(3), width: count(64), blocks: counts(blocks), imageSize: count(112), dropout: fraction(0.6),
    normalise: flag(true), ...seReaders({ se }), seBias: flag(false) }));
}

export const irSes: Family = {
  entries: () => variants.flatMap(([depth, blocks]) => [true, false].map((se): Entry => (
    { name: se ? `ir_se${depth}` : `ir_${depth}`, size: 112, build: (name, options) => irSe(name, blocks, se, options) }))),
  // Aligned faces, as a detector of landmarks gives them.
  presets: () => Object.fromEntries(variants.flatMap(([depth]) => [`ir_se${depth}`, `ir_${depth}`]).map(
    (name) => [name, { ...imagenet, size: [112, 112], resize: [112, 112], ...centred }])),
  recognise(shapes) {
    if (!shapes.has("input_layer.2.weight") || !shapes.has("body.0.res_layer.3.weight")) return undefined;
    const units = new Set([...shapes.keys()].map((name) => /^body\.(\d+)\./.exec(name)?.[1])).size - 1;
    const [depth] = variants.find(([, blocks]) => blocks.reduce((sum, n) => sum + n, 0) === units) ?? variants[0];
    return [...shapes.keys()].some((name) => name.includes(".5.fc1.")) ? `ir_se${depth}` : `ir_${depth}`;
  },
};

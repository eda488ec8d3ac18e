/** The blocks that mobile networks are made of, with timm's names (timm/models/_efficientnet_blocks.py). */
import { activation } from "../../src/nn/layers/activations.ts";
import type { ActivationName } from "../../src/nn/layers/activations.ts";
import { BatchNorm2d } from "../../src/nn/layers/batch-norm.ts";
import { MixedConv2d } from "../../src/nn/layers/channel-split.ts";
import { Conv2d } from "../../src/nn/layers/conv.ts";
import { Residual, Sequential } from "../../src/nn/combinators.ts";
import { Composite } from "../../src/nn/module.ts";
import type { Module } from "../../src/nn/module.ts";
import type { Attention } from "../../src/nn/attention/attention.ts";
import { makeDivisible } from "../../src/nn/attention/squeeze-excite.ts";
import { makeSe, present } from "../se-options.ts";
import type { SeOptions } from "../se-options.ts";
import { roundEven } from "./rows.ts";
import type { Row } from "./rows.ts";

/** What all blocks of a network share. */
export interface BlockStyle {
  readonly act: ActivationName;
  /** Of batch normalisation. */
  readonly epsilon: number;
  /** TensorFlow's: as much as the stride leaves over, the odd one right and below. */
  readonly same: boolean;
  readonly se: SeStyle;
  readonly options: SeOptions;
}

/** How the SE blocks of a network are made. */
export interface SeStyle {
  /** The channels that the hidden width is a share of: the block's input, or what it expands to. */
  readonly of: "input" | "expanded";
  /** From that share to a whole number; a quarter where a row says ".25". */
  readonly round: (width: number) => number;
  readonly gate: ActivationName;
  /** Undefined: the block's own activation. */
  readonly inner: ActivationName | undefined;
}

/** EfficientNet's: a share of the block's input, the block's activation inside, a sigmoid. */
export const efficientNetSe: SeStyle = { of: "input", round: roundEven, gate: "sigmoid", inner: undefined };
/** MobileNetV3's: a share of the expanded channels to a multiple of 8, ReLU, the hard sigmoid of slope 1/6. */
export const mobileNetV3Se: SeStyle = { of: "expanded", round: (width) => makeDivisible(width), gate: "hard_sigmoid", inner: "relu" };

/** A convolution without bias, padded so that stride 1 keeps the size. */
export function conv(from: number, to: number, kernel: number, stride: number, groups: number, { same }: Pick<BlockStyle, "same">): Conv2d {
  return new Conv2d(from, to, { kernel, stride, groups, padding: same ? "same" : (kernel - 1) / 2, bias: false });
}

/** One convolution, or several side by side where a row has several kernels, or splits its 1x1 convolutions. */
function mixed(from: number, to: number, kernels: readonly number[], stride: number, depthwise: boolean, style: BlockStyle): Module {
  const make = (inputs: number, outputs: number, kernel: number): Conv2d => conv(
    inputs, outputs, kernel, stride, depthwise ? inputs : 1, style,
  );
  return kernels.length === 1 ? make(from, to, kernels[0]) : new MixedConv2d(from, to, kernels, make);
}

const pointwise = (count: number): number[] => new Array<number>(count).fill(1);

function norm(channels: number, { epsilon }: BlockStyle): BatchNorm2d {
  return new BatchNorm2d(channels, { epsilon });
}

function seOf(row: Row, from: number, width: number, style: BlockStyle): Attention | undefined {
  if (row.se === 0) return undefined;
  const { se, options } = style;
  const share = options.reduction === undefined ? row.se : 1 / options.reduction;
  const { reduction: _, ...rest } = options;
  return makeSe(width, { ...rest, reduction: undefined, inner: se.inner ?? row.act ?? style.act }, {
    hidden: se.round((se.of === "input" ? from : width) * share), gate: se.gate, names: ["conv_reduce", "conv_expand"] });
}

function summed(row: Row, from: number, stride: number, branch: Sequential): Module {
  return row.sum && stride === 1 && from === row.channels ? new Residual(branch) : branch;
}

/** Depthwise convolution, SE, 1x1 convolution. */
class DepthwiseSeparable extends Composite {
  readonly convDw: Module;
  readonly bn1: BatchNorm2d;
  readonly se: Attention | undefined;
  readonly convPw: Module;
  readonly bn2: BatchNorm2d;
  readonly body: Module;

  constructor(row: Row, from: number, stride: number, style: BlockStyle) {
    super();
    const act = row.act ?? style.act;
    this.convDw = conv(from, from, row.kernels[0], stride, from, style);
    this.bn1 = norm(from, style);
    this.se = seOf(row, from, from, style);
    this.convPw = conv(from, row.channels, 1, 1, 1, style);
    this.bn2 = norm(row.channels, style);
    this.body = summed(row, from, stride, new Sequential(...present<Module>(
      this.convDw, this.bn1, activation(act), this.se, this.convPw, this.bn2, row.actAfter ? activation(act) : undefined)));
  }
}

/** 1x1 convolution up, depthwise convolution, SE, 1x1 convolution down (MobileNetV2, arXiv 1801.04381). */
class InvertedResidual extends Composite {
  readonly convPw: Module;
  readonly bn1: BatchNorm2d;
  readonly convDw: Module;
  readonly bn2: BatchNorm2d;
  readonly se: Attention | undefined;
  readonly convPwl: Module;
  readonly bn3: BatchNorm2d;
  readonly body: Module;

  constructor(row: Row, from: number, stride: number, style: BlockStyle) {
    super();
    const act = row.act ?? style.act;
    const wide = makeDivisible(from * row.expansion);
    this.convPw = mixed(from, wide, pointwise(row.expanding), 1, false, style);
    this.bn1 = norm(wide, style);
    this.convDw = mixed(wide, wide, row.kernels, stride, true, style);
    this.bn2 = norm(wide, style);
    this.se = seOf(row, from, wide, style);
    this.convPwl = mixed(wide, row.channels, pointwise(row.projecting), 1, false, style);
    this.bn3 = norm(row.channels, style);
    this.body = summed(row, from, stride, new Sequential(...present<Module>(
      this.convPw, this.bn1, activation(act), this.convDw, this.bn2, activation(act), this.se, this.convPwl, this.bn3)));
  }
}

/** The expansion and the depthwise convolution as one (EfficientNetV2, arXiv 2104.00298, section 3.2). */
class FusedInvertedResidual extends Composite {
  readonly convExp: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly se: Attention | undefined;
  readonly convPwl: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly body: Module;

  constructor(row: Row, from: number, stride: number, style: BlockStyle) {
    super();
    const act = row.act ?? style.act;
    const wide = makeDivisible(from * row.expansion);
    this.convExp = conv(from, wide, row.kernels[0], stride, 1, style);
    this.bn1 = norm(wide, style);
    this.se = seOf(row, from, wide, style);
    this.convPwl = conv(wide, row.channels, 1, 1, 1, style);
    this.bn2 = norm(row.channels, style);
    this.body = summed(row, from, stride, new Sequential(...present<Module>(
      this.convExp, this.bn1, activation(act), this.se, this.convPwl, this.bn2)));
  }
}

/** One convolution with normalisation and activation; the sum, where there is one, stands behind the activation. */
class ConvolutionBlock extends Composite {
  readonly conv: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly body: Module;

  constructor(row: Row, from: number, stride: number, style: BlockStyle) {
    super();
    this.conv = conv(from, row.channels, row.kernels[0], stride, 1, style);
    this.bn1 = norm(row.channels, style);
    this.body = summed(row, from, stride, new Sequential(this.conv, this.bn1, activation(row.act ?? style.act)));
  }
}

const kinds = { ds: DepthwiseSeparable, ir: InvertedResidual, er: FusedInvertedResidual, cn: ConvolutionBlock } as const;

/** One block of a row, whose channels are those of the network's width already. */
export function block(row: Row, from: number, stride: number, style: BlockStyle): Module {
  return new kinds[row.kind](row, from, stride, style);
}

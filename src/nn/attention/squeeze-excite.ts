/**
 * Squeeze-and-Excitation (Hu, Shen, Albanie, Sun, Wu: "Squeeze-and-Excitation Networks", arXiv 1709.01507):
 *
 *   z = mean over the image of x        squeeze     (equation 2)
 *   s = gate(W2 inner(W1 z))            excitation  (equation 3)
 *   y = s * x, channel by channel       scale       (equation 4)
 *
 * The two linear maps are 1x1 convolutions on a 1x1 image, as all published weights have them. The same block
 * without modules, forward and backward on one page: kernels/reference/squeeze-excite.ts.
 */
import { checkExcitation, excitationKinds } from "./options.ts";
import { activation } from "../layers/activations.ts";
import type { ActivationName } from "../layers/activations.ts";
import { Attention } from "./attention.ts";
import { Recalibrate, Sequential } from "../combinators.ts";
import { BatchNorm2d } from "../layers/batch-norm.ts";
import { Conv2d } from "../layers/conv.ts";
import type { Module } from "../module.ts";
import { GlobalAveragePool, GlobalMaxPool } from "../layers/pooling.ts";

/**
 * How the hidden width follows from the channels: `floor` is C / r rounded down (the paper, Caffe, Cadene); `divisible`
 * is C / r rounded to a multiple of 8 (timm's seresnet*).
 */
export type Rounding = "floor" | "divisible";

/**
 * What a SqueezeExcite may be told; the defaults are the paper's (Hu et al., arXiv 1709.01507).
 * @example
 * const options: SqueezeExciteOptions = { reduction: 4, gate: "hard_sigmoid", squeeze: "max" };
 * new SqueezeExcite(64, options).hidden   // => 16
 */
export interface SqueezeExciteOptions {
  /** The paper's r. Default 16. */
  readonly reduction?: number;
  /** Default "floor". */
  readonly rounding?: Rounding;
  /** The exact hidden width, instead of reduction and rounding. */
  readonly hidden?: number;
  /** Default "sigmoid"; MobileNetV3 has "hard_sigmoid". */
  readonly gate?: ActivationName;
  /** Default "relu". */
  readonly inner?: ActivationName;
  /** Default true, as in the released models; the paper's ablations have none. */
  readonly bias?: boolean;
  /** Default "mean"; "max" is the alternative of the paper's table 11. */
  readonly squeeze?: "mean" | "max";
  /** Normalises the hidden units, before their activation, as ReXNet does; a state dict calls it bn. Default false. */
  readonly norm?: boolean;
  /** What a state dict calls the two layers. Default fc1 and fc2; timm's mobile networks have conv_reduce and conv_expand. */
  readonly names?: readonly [string, string];
}

/**
 * The nearest multiple of `divisor` to `value`, at least `divisor`, and not below `limit` of the value
 * (timm/layers/helpers.py `make_divisible`; torchvision's `_make_divisible` has limit 0.9).
 */
export function makeDivisible(value: number, divisor: number = 8, limit: number = 0.9): number {
  const rounded = Math.max(divisor, Math.floor((value + divisor / 2) / divisor) * divisor);
  return rounded < limit * value ? rounded + divisor : rounded;
}

/** Hidden width of a block. @throws RangeError naming the option, where none of at least 1 comes out. */
export function hiddenWidth(channels: number, options: SqueezeExciteOptions): number {
  if (options.hidden !== undefined) {
    if (!Number.isSafeInteger(options.hidden) || options.hidden < 1) {
      throw new RangeError(`SqueezeExcite: hidden wants a whole number of at least 1, got ${options.hidden}`);
    }
    return options.hidden;
  }
  const reduction = options.reduction ?? 16;
  if (!(reduction > 0 && Number.isFinite(reduction))) {
    throw new RangeError(`SqueezeExcite: reduction wants a number above 0, got ${reduction}`);
  }
  const width = options.rounding === "divisible" ? makeDivisible(channels / reduction, 8, 0) : Math.floor(channels / reduction);
  if (width < 1) {
    throw new RangeError(
      `SqueezeExcite: reduction ${reduction} leaves no hidden unit for ${channels} channels; it wants at most ${channels}`,
    );
  }
  return width;
}

/**
 * x [N,C,H,W] to y [N,C,H,W] (Hu et al., arXiv 1709.01507, figure 2). State dict: fc1.weight [hidden,C,1,1], fc1.bias, fc2.weight
 * [C,hidden,1,1], fc2.bias.
 * @example
 * const se = new SqueezeExcite(64, { reduction: 16 }).initialise(new Random(1));
 * se.forward(Tensor.zeros([1, 64, 7, 7])).shape   // => [1,64,7,7]
 * [...stateShapes(se)]   // => [["fc1.weight",[4,64,1,1]],["fc1.bias",[4]],["fc2.weight",[64,4,1,1]],["fc2.bias",[64]]]
 */
export class SqueezeExcite extends Attention {
  readonly fc1: Conv2d;
  readonly bn: BatchNorm2d | undefined;
  readonly fc2: Conv2d;
  readonly body: Module;
  readonly channels: number;
  readonly hidden: number;
  readonly #names: readonly [string, string];

  constructor(channels: number, options: SqueezeExciteOptions = {}) {
    super();
    checkExcitation("SqueezeExcite", channels, options, excitationKinds);
    this.#names = options.names ?? ["fc1", "fc2"];
    this.channels = channels;
    this.hidden = hiddenWidth(channels, options);
    const bias = options.bias ?? true;
    this.fc1 = new Conv2d(channels, this.hidden, { kernel: 1, bias });
    this.bn = options.norm === true ? new BatchNorm2d(this.hidden) : undefined;
    this.fc2 = new Conv2d(this.hidden, channels, { kernel: 1, bias });
    const squeeze = options.squeeze === "max" ? new GlobalMaxPool() : new GlobalAveragePool();
    const hidden = [this.fc1, ...(this.bn === undefined ? [] : [this.bn]), activation(options.inner ?? "relu")];
    this.body = new Recalibrate(new Sequential(squeeze, ...hidden, this.fc2, activation(options.gate ?? "sigmoid")));
  }

  override children(): [string, Module][] {
    const bn: [string, Module][] = this.bn === undefined ? [] : [["bn", this.bn]];
    return [[this.#names[0], this.fc1], ...bn, [this.#names[1], this.fc2]];
  }

  override describe(): string {
    return `SqueezeExcite ${this.channels}, hidden ${this.hidden}`;
  }
}

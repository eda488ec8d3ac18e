/** Batch normalisation (Ioffe and Szegedy 2015, algorithm 1 and 2). Kernels: batchNorm*. */
import { batchNormShape } from "../../../kernels/shapes.ts";
import type { BatchNormShape } from "../../../kernels/shapes.ts";
import type { Random } from "../../../kernels/random.ts";
import type { GraphBuilder, Value } from "../../graph/graph.ts";
import { between, check, checkFields, checkShape, checkTensor, finite, whole } from "../../checks.ts";
import { Tensor, showShape } from "../../tensor.ts";
import type { Floats, Shape } from "../../tensor.ts";
import { checkGradient, checkImages, checkPrecision } from "../check.ts";
import { Layer } from "../module.ts";
import type { Visitor } from "../module.ts";
import { Statistic, parameter } from "../parameter.ts";
import type { Parameter } from "../parameter.ts";

export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
  /** Share of a new batch in the running statistics. Default 0.1. */
  readonly momentum?: number;
  /** Starting value of gamma; 0 on the last one of a residual branch makes the block begin as the identity. Default 1. */
  readonly initialGamma?: number;
}

interface Saved {
  readonly x: Tensor;
  readonly shape: BatchNormShape;
  /** Absent where the running statistics were used (frozen). */
  readonly statistics: { readonly mean: Tensor; readonly inverseStd: Tensor } | undefined;
}

/**
 * y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, by channel of [N,C,H,W]; weight is gamma, bias is beta (arXiv 1502.03167).
 * @example
 * const norm = new BatchNorm2d(1).initialise(new Random(1)).train();
 * norm.forward(Tensor.of([1, 3], [2, 1, 1, 1])).data.map((y) => Math.round(y))   // => [-1,1]
 */
export class BatchNorm2d extends Layer<Saved> {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly runningMean: Statistic;
  readonly runningVar: Statistic;
  readonly channels: number;
  /** Added to the variance. Loaded weights may set it: timm and torchvision differ for the same MobileNetV3. */
  epsilon: number;
  /** Share of a new batch in the running statistics. */
  momentum: number;
  readonly initialGamma: number;
  /** In training mode use the running statistics and leave them as they are (for fine-tuning on little data). */
  frozen = false;

  constructor(channels: number, options: BatchNormOptions = {}) {
    super();
    check("BatchNorm2d", "channels", channels, whole());
    const share = between(0, 1);
    checkFields("BatchNorm2d", options, { epsilon: share, momentum: share, initialGamma: finite });
    this.channels = channels;
    this.epsilon = options.epsilon ?? 1e-5;
    this.momentum = options.momentum ?? 0.1;
    this.initialGamma = options.initialGamma ?? 1;
    batchNormShape(1, channels, 1, this.epsilon, this.momentum);
    this.weight = parameter([channels]);
    this.bias = parameter([channels]);
    this.runningMean = new Statistic(Tensor.zeros([channels]));
    this.runningVar = new Statistic(Tensor.zeros([channels]));
    this.weight.value.data.fill(1);
    this.runningVar.value.data.fill(1);
  }

  override initialiseOwn(_random: Random): void {
    this.weight.value.data.fill(this.initialGamma);
    this.bias.value.data.fill(0);
    this.runningMean.value.data.fill(0);
    this.runningVar.value.data.fill(1);
  }

  override describe(): string {
    return `BatchNorm2d ${this.channels}`;
  }

  override settings(): Readonly<Record<string, number>> {
    return { epsilon: this.epsilon, momentum: this.momentum };
  }

  override setting(name: string, value: number): void {
    if (name !== "epsilon" && name !== "momentum") return super.setting(name, value);
    batchNormShape(1, this.channels, 1, name === "epsilon" ? value : this.epsilon, name === "momentum" ? value : this.momentum);
    this[name] = value;
  }

  /** @throws RangeError for another input */
  protected shapeOf(input: Shape): BatchNormShape {
    checkImages(this.describe(), input, this.channels);
    return batchNormShape(input[0], this.channels, input[2] * input[3], this.epsilon, this.momentum);
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const shape = this.shapeOf(x.shape);
    checkPrecision(this.describe(), x, this.weight.value);
    const y = x.like();
    const gamma = this.weight.value.data;
    const beta = this.bias.value.data;
    const runningMean = this.runningMean.value.data;
    const runningVariance = this.runningVar.value.data;
    if (this.training && !this.frozen) {
      if (shape.batch * shape.pixels < 2) {
        throw new RangeError(
          `${this.describe()}: training wants more than one value per channel, got batch ${shape.batch} of ${shape.pixels} pixel`,
        );
      }
      const mean = x.like([this.channels]);
      const inverseStd = x.like([this.channels]);
      this.kernels.batchNormForwardTraining(y.data, mean.data, inverseStd.data, runningMean, runningVariance, x.data, gamma, beta, shape);
      this.keep({ x, shape, statistics: { mean, inverseStd } });
    } else {
      this.kernels.batchNormForwardInference(y.data, x.data, gamma, beta, runningMean, runningVariance, shape);
      this.keep({ x, shape, statistics: undefined });
    }
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const { x, shape, statistics } = this.take();
    checkGradient(this.describe(), dy, x.shape);
    const dx = dy.like();
    // The kernel makes dx and both parameter gradients from the same sums; a frozen parameter's go to the side.
    const dgamma = this.weight.frozen ? this.weight.value.like() : this.weight.gradient;
    const dbeta = this.bias.frozen ? this.bias.value.like() : this.bias.gradient;
    const gamma = this.weight.value.data;
    if (statistics !== undefined) {
      this.kernels.batchNormBackwardTraining(
        dx.data, dgamma.data, dbeta.data, x.data, dy.data, gamma, statistics.mean.data, statistics.inverseStd.data, shape);
    } else {
      this.kernels.batchNormBackwardInference(
        dx.data, dgamma.data, dbeta.data, x.data, dy.data, gamma, this.runningMean.value.data, this.runningVar.value.data, shape);
    }
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    this.shapeOf(input);
    visitor?.leaf(this, input, input, {});
    return input;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    const module = this;
    // As it is when it is asked for: loaded weights may change it, and `session.refresh()` takes that over.
    const operation = {
      kind: "batch_norm",
      get epsilon(): number {
        return module.epsilon;
      },
      gamma: graph.constant(this.weight),
      beta: graph.constant(this.bias),
      mean: graph.constant(this.runningMean),
      variance: graph.constant(this.runningVar),
      get momentum(): number {
        return module.momentum;
      },
      frozen: this.frozen,
    } as const;
    return graph.add(this, operation, [x], this.outputShape(x.shape));
  }
}

/**
 * The same of features [N,C], as after a linear layer.
 * @example
 * new BatchNorm1d(4).outputShape([8, 4])   // => [8,4]
 */
export class BatchNorm1d extends BatchNorm2d {
  override describe(): string {
    return `BatchNorm1d ${this.channels}`;
  }

  protected override shapeOf(input: Shape): BatchNormShape {
    checkShape(this.describe(), "input", input);
    if (input.length !== 2 || input[1] !== this.channels) {
      throw new RangeError(`${this.describe()}: input wants [batch,${this.channels}], got ${showShape(input)}`);
    }
    return batchNormShape(input[0], this.channels, 1, this.epsilon, this.momentum);
  }
}

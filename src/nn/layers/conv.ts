/** Convolution layers. Kernels: conv2d*, convTranspose2d*. */
import { conv2dShape, convTranspose2dShape, pair } from "../../../kernels/shapes.ts";
import type { Conv2dOptions, Conv2dShape, ConvTranspose2dOptions, Pair } from "../../../kernels/shapes.ts";
import type { Random } from "../../../kernels/random.ts";
import { conv2dScratch, convTranspose2dScratch } from "../../../kernels/scratch.ts";
import type { GraphBuilder, Operation, Value } from "../../graph/graph.ts";
import { checkFields, checkTensor, flag } from "../../checks.ts";
import type { Floats, Shape, Tensor } from "../../tensor.ts";
import { checkGradient, checkImages, checkPrecision, scratch } from "../check.ts";
import { fillNormal, fillUniform } from "../initialise.ts";
import { Layer } from "../module.ts";
import type { Visitor } from "../module.ts";
import { parameter } from "../parameter.ts";
import type { Parameter } from "../parameter.ts";

export interface ConvOptions extends Conv2dOptions {
  /** Adds a value per output channel; off where batch normalisation follows. Default true. */
  readonly bias?: boolean;
}

/** What is null the shapes check. */
const convKinds = { kernel: null, stride: null, padding: null, dilation: null, groups: null, bias: flag } as const;

interface Saved {
  readonly x: Tensor;
  readonly shape: Conv2dShape;
}

function text(name: string, inChannels: number, outChannels: number, options: ConvOptions): string {
  const [height, width] = pair(options.kernel);
  const show = (value: Pair): string => pair(value).join("x");
  const unlessOne = (what: string, value: Pair): string => (pair(value).every((n) => n === 1) ? "" : `, ${what} ${show(value)}`);
  const stride = unlessOne("stride", options.stride ?? 1);
  const dilation = unlessOne("dilation", options.dilation ?? 1);
  const groups = (options.groups ?? 1) === 1 ? "" : `, groups ${options.groups}`;
  return `${name} ${inChannels}->${outChannels}, ${height}x${width}${stride}${dilation}${groups}`;
}

/**
 * x [N, inChannels, H, W] to y [N, outChannels, H', W']; weight [outChannels, inChannels / groups, kernel].
 * @example
 * const conv = new Conv2d(3, 16, { kernel: 3, stride: 2, padding: 1 }).initialise(new Random(1));
 * conv.forward(Tensor.zeros([1, 3, 32, 32])).shape   // => [1,16,16,16]
 * conv.weight.value.shape   // => [16,3,3,3]
 */
export class Conv2d extends Layer<Saved> {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly options: ConvOptions;

  constructor(inChannels: number, outChannels: number, options: ConvOptions) {
    super();
    checkFields("Conv2d", options, convKinds);
    // A large enough image, so that only the options can be wrong here.
    const shape = conv2dShape(1, inChannels, 1 << 20, 1 << 20, outChannels, options);
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.options = options;
    this.weight = parameter([outChannels, inChannels / shape.groups, shape.kernelHeight, shape.kernelWidth]);
    this.bias = options.bias === false ? undefined : parameter([outChannels]);
  }

  /** Kaiming normal by fan-out for the weight (He et al. 2015, as timm and torchvision), PyTorch's uniform for the bias. */
  override initialiseOwn(random: Random): void {
    const [out, perGroup, height, width] = this.weight.value.shape;
    fillNormal(this.weight.value.data, Math.sqrt(2 / (out * height * width)), random);
    if (this.bias !== undefined) fillUniform(this.bias.value.data, 1 / Math.sqrt(perGroup * height * width), random);
  }

  override describe(): string {
    return text("Conv2d", this.inChannels, this.outChannels, this.options);
  }

  #shape(input: Shape): Conv2dShape {
    checkImages(this.describe(), input, this.inChannels);
    return conv2dShape(input[0], this.inChannels, input[2], input[3], this.outChannels, this.options);
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const shape = this.#shape(x.shape);
    checkPrecision(this.describe(), x, this.weight.value);
    const y = x.like([shape.batch, shape.outChannels, shape.outHeight, shape.outWidth]);
    this.kernels.conv2dForward(y.data, x.data, this.weight.value.data, this.bias?.value.data ?? null, shape, scratch(conv2dScratch(shape)));
    this.keep({ x, shape });
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const { x, shape } = this.take();
    checkGradient(this.describe(), dy, [shape.batch, shape.outChannels, shape.outHeight, shape.outWidth]);
    const work = scratch(conv2dScratch(shape));
    if (!this.weight.frozen) this.kernels.conv2dBackwardWeight(this.weight.gradient.data, x.data, dy.data, shape, work);
    if (this.bias !== undefined && !this.bias.frozen) this.kernels.conv2dBackwardBias(this.bias.gradient.data, dy.data, shape);
    const dx = dy.like(x.shape);
    this.kernels.conv2dBackwardInput(dx.data, dy.data, this.weight.value.data, shape, work);
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const s = this.#shape(input);
    const output = [s.batch, s.outChannels, s.outHeight, s.outWidth];
    const macs = s.batch * s.outHeight * s.outWidth * this.weight.value.size;
    visitor?.leaf(this, input, output, { macs });
    return output;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    const s = this.#shape(x.shape);
    const operation: Operation = {
      kind: "conv2d",
      kernel: [s.kernelHeight, s.kernelWidth],
      stride: [s.strideHeight, s.strideWidth],
      padding: [s.paddingTop, s.paddingLeft, s.paddingBottom, s.paddingRight],
      dilation: [s.dilationHeight, s.dilationWidth],
      groups: s.groups,
      weight: graph.constant(this.weight),
      bias: this.bias && graph.constant(this.bias),
    };
    return graph.add(this, operation, [x], this.outputShape(x.shape));
  }
}

/**
 * The adjoint of a convolution, for upsampling: x [N, inChannels, H, W] to y [N, outChannels, H', W']; weight [inChannels, outChannels /
 * groups, kernel], as PyTorch has it.
 * @example
 * new ConvTranspose2d(16, 8, { kernel: 2, stride: 2 }).outputShape([1, 16, 7, 7])   // => [1,8,14,14]
 */
export class ConvTranspose2d extends Layer<Saved> {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly options: ConvOptions & ConvTranspose2dOptions;

  constructor(inChannels: number, outChannels: number, options: ConvOptions & ConvTranspose2dOptions) {
    super();
    checkFields("ConvTranspose2d", options, { ...convKinds, outputPadding: null });
    const shape = convTranspose2dShape(1, inChannels, 1 << 20, 1 << 20, outChannels, options);
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.options = options;
    this.weight = parameter([inChannels, outChannels / shape.groups, shape.kernelHeight, shape.kernelWidth]);
    this.bias = options.bias === false ? undefined : parameter([outChannels]);
  }

  /** Kaiming normal by fan-out (here the first dimension, as PyTorch counts it); PyTorch's uniform for the bias. */
  override initialiseOwn(random: Random): void {
    const [first, perGroup, height, width] = this.weight.value.shape;
    fillNormal(this.weight.value.data, Math.sqrt(2 / (first * height * width)), random);
    if (this.bias !== undefined) fillUniform(this.bias.value.data, 1 / Math.sqrt(perGroup * height * width), random);
  }

  override describe(): string {
    return text("ConvTranspose2d", this.inChannels, this.outChannels, this.options);
  }

  #shape(input: Shape): Conv2dShape {
    checkImages(this.describe(), input, this.inChannels);
    return convTranspose2dShape(input[0], this.inChannels, input[2], input[3], this.outChannels, this.options);
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const shape = this.#shape(x.shape);
    checkPrecision(this.describe(), x, this.weight.value);
    const y = x.like([shape.batch, shape.outChannels, shape.outHeight, shape.outWidth]);
    this.kernels.convTranspose2dForward(
      y.data, x.data, this.weight.value.data, this.bias?.value.data ?? null, shape, scratch(convTranspose2dScratch(shape)),
    );
    this.keep({ x, shape });
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const { x, shape } = this.take();
    checkGradient(this.describe(), dy, [shape.batch, shape.outChannels, shape.outHeight, shape.outWidth]);
    const work = scratch(convTranspose2dScratch(shape));
    if (!this.weight.frozen) this.kernels.convTranspose2dBackwardWeight(this.weight.gradient.data, x.data, dy.data, shape, work);
    if (this.bias !== undefined && !this.bias.frozen) this.kernels.convTranspose2dBackwardBias(this.bias.gradient.data, dy.data, shape);
    const dx = dy.like(x.shape);
    this.kernels.convTranspose2dBackwardInput(dx.data, dy.data, this.weight.value.data, shape, work);
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const s = this.#shape(input);
    const output = [s.batch, s.outChannels, s.outHeight, s.outWidth];
    const macs = s.batch * s.inHeight * s.inWidth * this.weight.value.size;
    visitor?.leaf(this, input, output, { macs });
    return output;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    const s = this.#shape(x.shape);
    const operation: Operation = {
      kind: "conv_transpose2d",
      kernel: [s.kernelHeight, s.kernelWidth],
      stride: [s.strideHeight, s.strideWidth],
      padding: [s.paddingTop, s.paddingLeft, s.paddingBottom, s.paddingRight],
      dilation: [s.dilationHeight, s.dilationWidth],
      groups: s.groups,
      outputPadding: pair(this.options.outputPadding ?? 0),
      weight: graph.constant(this.weight),
      bias: this.bias && graph.constant(this.bias),
    };
    return graph.add(this, operation, [x], this.outputShape(x.shape));
  }
}

/** Rows and columns around images, and blur pooling, which wants them. Kernels: pad*, conv2d*. */
import { conv2dScratch } from "../../../kernels/scratch.ts";
import { conv2dShape, padShape } from "../../../kernels/shapes.ts";
import type { Conv2dShape, PadMode, PadShape, Sides } from "../../../kernels/shapes.ts";
import type { Constant, GraphBuilder, Operation, Value } from "../../graph/graph.ts";
import { check, checkTensor, isNumbers, oneOf, whole } from "../../checks.ts";
import { Tensor } from "../../tensor.ts";
import type { Floats, Shape } from "../../tensor.ts";
import { checkGradient, checkImages, scratch } from "../check.ts";
import type { ArgumentKind } from "../../checks.ts";
import { Sequential } from "../combinators.ts";
import { Composite, Layer } from "../module.ts";
import type { Module, Visitor } from "../module.ts";

const isSides = (value: unknown): boolean => typeof value === "number" || isNumbers(value);
const padding: ArgumentKind = { wanted: "a number of pixels, or [top, left, bottom, right]", is: isSides,
  fits: (value: number | Sides) => typeof value === "number" || value.length === 4 };

/**
 * x [N,C,H,W] with rows and columns around it: of zeros, of the nearest pixel, reflected at the edge pixel, or of the other side.
 * @example
 * new Pad2d(1).forward(Tensor.of([5], [1, 1, 1, 1])).data   // => [0,0,0,0,5,0,0,0,0]
 */
export class Pad2d extends Layer<Shape> {
  readonly sides: Sides;
  readonly mode: PadMode;

  /** @param sides [top, left, bottom, right], or as many on all sides */
  constructor(sides: number | Sides, mode: PadMode = "constant") {
    super();
    check("Pad2d", "sides", sides, padding);
    check("Pad2d", "mode", mode, oneOf("constant", "edge", "reflect", "wrap"));
    this.sides = typeof sides === "number" ? [sides, sides, sides, sides] : sides;
    this.mode = mode;
    padShape(1, 1 << 20, 1 << 20, this.sides, mode);
  }

  override describe(): string {
    return `Pad2d ${this.sides.join("x")}, ${this.mode}`;
  }

  #shape(input: Shape): PadShape {
    checkImages(this.describe(), input);
    return padShape(input[0] * input[1], input[2], input[3], this.sides, this.mode);
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const shape = this.#shape(x.shape);
    const y = x.like([x.shape[0], x.shape[1], shape.outHeight, shape.outWidth]);
    this.kernels.padForward(y.data, x.data, shape);
    this.keep(x.shape);
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const input = this.take();
    const shape = this.#shape(input);
    checkGradient(this.describe(), dy, [input[0], input[1], shape.outHeight, shape.outWidth]);
    const dx = dy.like(input);
    this.kernels.padBackward(dx.data, dy.data, shape);
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const { outHeight, outWidth } = this.#shape(input);
    const output = [input[0], input[1], outHeight, outWidth];
    visitor?.leaf(this, input, output, {});
    return output;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    const [top, left, bottom, right] = this.sides;
    const operation = { kind: "pad", before: [0, 0, top, left], after: [0, 0, bottom, right], mode: this.mode, value: 0 } as const;
    return graph.add(this, operation, [x], this.outputShape(x.shape));
  }
}

/** One filter [size, size] over every channel, which is not learned. */
class FixedFilter extends Layer<Shape> {
  readonly #filter: readonly number[];
  readonly #size: number;
  readonly #stride: number;
  readonly #name: string;

  constructor(name: string, filter: readonly number[], stride: number) {
    super();
    this.#name = name;
    this.#filter = filter;
    this.#size = Math.sqrt(filter.length);
    this.#stride = stride;
  }

  override describe(): string {
    return `${this.#name}, stride ${this.#stride}`;
  }

  #shape(input: Shape): Conv2dShape {
    checkImages(this.describe(), input);
    const [batch, channels, height, width] = input;
    return conv2dShape(batch, channels, height, width, channels, { kernel: this.#size, stride: this.#stride, groups: channels });
  }

  /** [channels, 1, size, size]. */
  #weight<A extends Floats>(like: Tensor<A>, channels: number): Tensor<A> {
    const weight = like.like([channels, 1, this.#size, this.#size]);
    for (let c = 0; c < channels; c++) weight.data.set(this.#filter, c * this.#filter.length);
    return weight;
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const s = this.#shape(x.shape);
    const y = x.like([s.batch, s.outChannels, s.outHeight, s.outWidth]);
    this.kernels.conv2dForward(y.data, x.data, this.#weight(x, s.inChannels).data, null, s, scratch(conv2dScratch(s)));
    this.keep(x.shape);
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const input = this.take();
    const s = this.#shape(input);
    checkGradient(this.describe(), dy, [s.batch, s.outChannels, s.outHeight, s.outWidth]);
    const dx = dy.like(input);
    this.kernels.conv2dBackwardInput(dx.data, dy.data, this.#weight(dy, s.inChannels).data, s, scratch(conv2dScratch(s)));
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const s = this.#shape(input);
    const output = [s.batch, s.outChannels, s.outHeight, s.outWidth];
    visitor?.leaf(this, input, output, { macs: s.batch * s.outChannels * s.outHeight * s.outWidth * this.#filter.length });
    return output;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    const [, channels] = x.shape;
    const weight = this.#weight(Tensor.zeros([]), channels);
    const constant: Constant = { name: `${this.#name}.${this.#size}.${channels}`.replaceAll(" ", "_"), read: () => weight };
    const operation: Operation = {
      kind: "conv2d", kernel: [this.#size, this.#size], stride: [this.#stride, this.#stride], padding: [0, 0, 0, 0], dilation: [1, 1],
      groups: channels, weight: constant, bias: undefined,
    };
    return graph.add(this, operation, [x], this.outputShape(x.shape));
  }
}

/** Row `size` of Pascal's triangle, scaled to 1, by itself. */
function binomial(size: number): number[] {
  let row = [1];
  for (let i = 1; i < size; i++) row = [...row, 0].map((value, j) => (value + (j === 0 ? 0 : row[j - 1])) / 2);
  return row.flatMap((a) => row.map((b) => a * b));
}

/**
 * Blur pooling, x [N,C,H,W] to [N,C,H',W']: a binomial filter over each channel of the reflected image, then every `stride`-th pixel
 * (Zhang, arXiv 1904.11486; timm's BlurPool2d). No parameters.
 * @example
 * new BlurPool2d(3, 2).outputShape([1, 8, 32, 32])   // => [1,8,16,16]
 */
export class BlurPool2d extends Composite {
  readonly body: Module;

  /**
   * @param size of the filter: 3 is [1, 2, 1] by [1, 2, 1] over 16
   * @throws TypeError or RangeError for a size that is no whole number from 2 to 64, or a stride that is none
   */
  constructor(size: number = 3, stride: number = 2) {
    super();
    check("BlurPool2d", "size", size, whole(2, 64));
    check("BlurPool2d", "stride", stride, whole(1, 4096));
    const padding = Math.floor((stride + size - 2) / 2);
    this.body = new Sequential(new Pad2d(padding, "reflect"), new FixedFilter("BlurPool2d", binomial(size), stride));
  }
}

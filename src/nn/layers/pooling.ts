/** Pooling layers. Kernels: globalAveragePool*, maxPool*, ... */
import { channelShape, pair, pool2dShape, resizeShape } from "../../../kernels/shapes.ts";
import type { ChannelShape, Pair, Pool2dOptions, Pool2dShape, ResizeShape } from "../../../kernels/shapes.ts";
import type { GraphBuilder, Value, Window } from "../../graph/graph.ts";
import { checkFields, checkTensor, flag } from "../../checks.ts";
import type { Floats, Shape, Tensor } from "../../tensor.ts";
import { sizeOf } from "../../tensor.ts";
import { show } from "../../errors.ts";
import { checkGradient, checkImages } from "../check.ts";
import { Layer } from "../module.ts";
import type { Visitor } from "../module.ts";

/** What is null the shapes check. */
const poolKinds = { kernel: null, stride: null, padding: null, dilation: null, ceilMode: flag, countPadding: flag } as const;

function imageShape(operation: string, input: Shape): ChannelShape {
  checkImages(operation, input);
  return channelShape(input[0], input[1], input[2] * input[3]);
}

/**
 * x [N,C,H,W] to its means [N,C,1,1]: the squeeze (equation 2 of Hu et al., arXiv 1709.01507).
 * @example
 * new GlobalAveragePool().forward(Tensor.of([1, 2, 3, 6], [1, 1, 2, 2])).data   // => [3]
 */
export class GlobalAveragePool extends Layer<Shape> {
  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const shape = imageShape("GlobalAveragePool", x.shape);
    const y = x.like([shape.batch, shape.channels, 1, 1]);
    this.kernels.globalAveragePoolForward(y.data, x.data, shape);
    this.keep(x.shape);
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const input = this.take();
    const shape = imageShape("GlobalAveragePool", input);
    checkGradient("GlobalAveragePool", dy, [shape.batch, shape.channels, 1, 1]);
    const dx = dy.like(input);
    this.kernels.globalAveragePoolBackward(dx.data, dy.data, shape);
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const { batch, channels } = imageShape("GlobalAveragePool", input);
    visitor?.leaf(this, input, [batch, channels, 1, 1], { additions: sizeOf(input) });
    return [batch, channels, 1, 1];
  }

  lower(graph: GraphBuilder, x: Value): Value {
    return graph.add(this, { kind: "global_pool", by: "mean" }, [x], this.outputShape(x.shape));
  }
}

/**
 * x [N,C,H,W] to its maxima [N,C,1,1]: the other squeeze of the paper's table 11.
 * @example
 * new GlobalMaxPool().forward(Tensor.of([1, 2, 3, 6], [1, 1, 2, 2])).data   // => [6]
 */
export class GlobalMaxPool extends Layer<{ input: Shape; argmax: Int32Array }> {
  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const shape = imageShape("GlobalMaxPool", x.shape);
    const y = x.like([shape.batch, shape.channels, 1, 1]);
    const argmax = new Int32Array(y.size);
    this.kernels.globalMaxPoolForward(y.data, argmax, x.data, shape);
    this.keep({ input: x.shape, argmax });
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const { input, argmax } = this.take();
    const shape = imageShape("GlobalMaxPool", input);
    checkGradient("GlobalMaxPool", dy, [shape.batch, shape.channels, 1, 1]);
    const dx = dy.like(input);
    this.kernels.globalMaxPoolBackward(dx.data, dy.data, argmax, shape);
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const { batch, channels } = imageShape("GlobalMaxPool", input);
    visitor?.leaf(this, input, [batch, channels, 1, 1], { additions: sizeOf(input) });
    return [batch, channels, 1, 1];
  }

  lower(graph: GraphBuilder, x: Value): Value {
    return graph.add(this, { kind: "global_pool", by: "max" }, [x], this.outputShape(x.shape));
  }
}

/**
 * Averages over windows that divide any image [N,C,H,W] into `size`, [N,C,...size] (PyTorch's AdaptiveAvgPool2d). With `least`, a height or
 * width that is as large already stays.
 * @example
 * new AdaptiveAveragePool2d([2, 2]).outputShape([1, 8, 7, 9])   // => [1,8,2,2]
 */
export class AdaptiveAveragePool2d extends Layer<ResizeShape> {
  readonly size: readonly [number, number];
  readonly least: boolean;

  /** @throws RangeError for sizes that are no whole numbers of at least 1 */
  constructor(size: Pair, options: { readonly least?: boolean } = {}) {
    super();
    checkFields("AdaptiveAveragePool2d", options, { least: flag });
    if (typeof size !== "number" && !(Array.isArray(size) && size.length === 2)) {
      throw new TypeError(`AdaptiveAveragePool2d: size wants a number or [height, width], got ${show(size)}`);
    }
    this.size = pair(size);
    this.least = options.least ?? false;
    resizeShape(1, 1, 1, 1, ...this.size);
  }

  override describe(): string {
    return `AdaptiveAveragePool2d ${this.least ? "at least " : ""}${this.size.join("x")}`;
  }

  #shape(input: Shape): ResizeShape {
    checkImages(this.describe(), input);
    const [batch, channels, height, width] = input;
    return resizeShape(batch, channels, height, width, ...this.#sizeOf(height, width));
  }

  #sizeOf(height: number, width: number): readonly [number, number] {
    const [rows, columns] = this.size;
    return this.least ? [Math.max(rows, height), Math.max(columns, width)] : this.size;
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const shape = this.#shape(x.shape);
    const y = x.like([shape.batch, shape.channels, shape.outHeight, shape.outWidth]);
    this.kernels.adaptiveAveragePoolForward(y.data, x.data, shape);
    this.keep(shape);
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const shape = this.take();
    checkGradient(this.describe(), dy, [shape.batch, shape.channels, shape.outHeight, shape.outWidth]);
    const dx = dy.like([shape.batch, shape.channels, shape.inHeight, shape.inWidth]);
    this.kernels.adaptiveAveragePoolBackward(dx.data, dy.data, shape);
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const { batch, channels, outHeight, outWidth } = this.#shape(input);
    const output = [batch, channels, outHeight, outWidth];
    visitor?.leaf(this, input, output, { additions: sizeOf(input) });
    return output;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    const size = this.#sizeOf(x.shape[2], x.shape[3]);
    if (size[0] === x.shape[2] && size[1] === x.shape[3]) return x;
    return graph.add(this, { kind: "adaptive_average_pool", size }, [x], this.outputShape(x.shape));
  }
}

function describePool(name: string, options: Pool2dOptions): string {
  const stride = pair(options.stride ?? options.kernel).join("x");
  return `${name} ${pair(options.kernel).join("x")}, stride ${stride}${options.ceilMode ? ", ceil" : ""}`;
}

/** @param input the shape of what comes in: "same" padding depends on it */
function windowOf(operation: string, options: Pool2dOptions, input: Shape): Window & { readonly dilation?: readonly [number, number] } {
  const s = pooledShape(operation, input, options);
  return {
    kernel: [s.kernelHeight, s.kernelWidth], stride: [s.strideHeight, s.strideWidth],
    padding: [s.paddingTop, s.paddingLeft, s.paddingBottom, s.paddingRight],
    ...(s.dilationHeight * s.dilationWidth === 1 ? {} : { dilation: [s.dilationHeight, s.dilationWidth] }),
  };
}

function pooledShape(operation: string, input: Shape, options: Pool2dOptions): Pool2dShape {
  checkImages(operation, input);
  return pool2dShape(input[0], input[1], input[2], input[3], options);
}

/**
 * x [N,C,H,W] to the maxima of its windows [N,C,H',W'], as PyTorch's MaxPool2d: padding never wins; the gradient goes to the first of
 * equals.
 * @example
 * new MaxPool2d({ kernel: 3, stride: 2, padding: 1 }).outputShape([1, 64, 112, 112])   // => [1,64,56,56]
 */
export class MaxPool2d extends Layer<{ shape: Pool2dShape; argmax: Int32Array }> {
  readonly options: Pool2dOptions;

  constructor(options: Pool2dOptions) {
    super();
    checkFields("MaxPool2d", options, poolKinds);
    this.options = options;
    pool2dShape(1, 1, 1 << 20, 1 << 20, options);
  }

  override describe(): string {
    return describePool("MaxPool2d", this.options);
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const shape = pooledShape(this.describe(), x.shape, this.options);
    const y = x.like([shape.batch, shape.channels, shape.outHeight, shape.outWidth]);
    const argmax = new Int32Array(y.size);
    this.kernels.maxPoolForward(y.data, argmax, x.data, shape);
    this.keep({ shape, argmax });
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const { shape, argmax } = this.take();
    checkGradient(this.describe(), dy, [shape.batch, shape.channels, shape.outHeight, shape.outWidth]);
    const dx = dy.like([shape.batch, shape.channels, shape.inHeight, shape.inWidth]);
    this.kernels.maxPoolBackward(dx.data, dy.data, argmax, shape);
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const shape = pooledShape(this.describe(), input, this.options);
    const output = [shape.batch, shape.channels, shape.outHeight, shape.outWidth];
    visitor?.leaf(this, input, output, { additions: sizeOf(output) * shape.kernelHeight * shape.kernelWidth });
    return output;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    return graph.add(
      this, { kind: "max_pool", ...windowOf(this.describe(), this.options, x.shape), ceilMode: this.options.ceilMode ?? false }, [x],
      this.outputShape(x.shape),
    );
  }
}

/**
 * x [N,C,H,W] to the means of its windows [N,C,H',W'], as PyTorch's AvgPool2d: padding is counted unless `countPadding` is false.
 * @example
 * new AveragePool2d({ kernel: 2 }).forward(Tensor.of([1, 2, 3, 6], [1, 1, 2, 2])).data   // => [3]
 */
export class AveragePool2d extends Layer<Pool2dShape> {
  readonly options: Pool2dOptions;

  constructor(options: Pool2dOptions) {
    super();
    checkFields("AveragePool2d", options, poolKinds);
    this.options = options;
    pool2dShape(1, 1, 1 << 20, 1 << 20, options);
  }

  override describe(): string {
    return describePool("AveragePool2d", this.options);
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const shape = pooledShape(this.describe(), x.shape, this.options);
    const y = x.like([shape.batch, shape.channels, shape.outHeight, shape.outWidth]);
    this.kernels.averagePoolForward(y.data, x.data, shape);
    this.keep(shape);
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const shape = this.take();
    checkGradient(this.describe(), dy, [shape.batch, shape.channels, shape.outHeight, shape.outWidth]);
    const dx = dy.like([shape.batch, shape.channels, shape.inHeight, shape.inWidth]);
    this.kernels.averagePoolBackward(dx.data, dy.data, shape);
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const shape = pooledShape(this.describe(), input, this.options);
    const output = [shape.batch, shape.channels, shape.outHeight, shape.outWidth];
    visitor?.leaf(this, input, output, { additions: sizeOf(output) * shape.kernelHeight * shape.kernelWidth });
    return output;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    const { ceilMode = false, countPadding = true } = this.options;
    return graph.add(
      this, { kind: "average_pool", ...windowOf(this.describe(), this.options, x.shape), ceilMode, countPadding }, [x],
      this.outputShape(x.shape),
    );
  }
}

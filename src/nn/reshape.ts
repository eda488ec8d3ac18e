/** Layers that move values without changing them: identity, flatten, channel shuffle, upsampling; and dropout. */
import { elementwiseShape, resizeShape, shuffleShape } from "../../kernels/shapes.ts";
import type { ResizeShape, ShuffleShape } from "../../kernels/shapes.ts";
import { Random } from "../../kernels/random.ts";
import type { GraphBuilder, Value } from "../graph/graph.ts";
import type { Floats, Shape, Tensor } from "../tensor.ts";
import { sizeOf } from "../tensor.ts";
import { checkGradient, checkImages } from "./check.ts";
import { Layer, Module } from "./module.ts";
import type { Visitor } from "./module.ts";

/** y = x. */
export class Identity extends Module {
  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    return x;
  }
  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    return dy;
  }
  outputShape(input: Shape): Shape {
    return input;
  }
  lower(_graph: GraphBuilder, x: Value): Value {
    return x;
  }
}

/** [N, C, H, W] to [N, C * H * W]. */
export class Flatten extends Layer<Shape> {
  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    this.keep(x.shape);
    return x.reshape(this.outputShape(x.shape));
  }
  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    return dy.reshape(this.take());
  }
  outputShape(input: Shape): Shape {
    return [input[0], sizeOf(input.slice(1))];
  }
  lower(graph: GraphBuilder, x: Value): Value {
    return graph.add(this, { kind: "flatten" }, [x], this.outputShape(x.shape));
  }
}

/** Mixes the channels of the groups of a grouped convolution (Zhang et al. 2017, figure 1). */
export class ChannelShuffle extends Layer<ShuffleShape> {
  readonly groups: number;

  constructor(groups: number) {
    super();
    this.groups = groups;
  }

  override describe(): string {
    return `ChannelShuffle, groups ${this.groups}`;
  }

  #shape(input: Shape): ShuffleShape {
    checkImages(this.describe(), input);
    return shuffleShape(input[0], input[1], input[2] * input[3], this.groups);
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    const shape = this.#shape(x.shape);
    const y = x.like();
    this.kernels.channelShuffleForward(y.data, x.data, shape);
    this.keep(shape);
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const shape = this.take();
    const dx = dy.like();
    this.kernels.channelShuffleBackward(dx.data, dy.data, shape);
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    this.#shape(input);
    visitor?.leaf(this, input, input, {});
    return input;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    return graph.add(this, { kind: "channel_shuffle", groups: this.groups }, [x], this.outputShape(x.shape));
  }
}

/** Enlarges images by a whole factor, or to a fixed size. */
export class Upsample extends Layer<ResizeShape> {
  readonly factor: number;
  readonly method: "nearest" | "bilinear";
  readonly alignCorners: boolean;

  constructor(factor: number, method: "nearest" | "bilinear" = "nearest", alignCorners: boolean = false) {
    super();
    if (!Number.isSafeInteger(factor) || factor < 1) throw new RangeError(`Upsample: factor wants a whole number of at least 1, got ${factor}`);
    this.factor = factor;
    this.method = method;
    this.alignCorners = alignCorners;
  }

  override describe(): string {
    return `Upsample ${this.method} x${this.factor}`;
  }

  #shape(input: Shape): ResizeShape {
    checkImages(this.describe(), input);
    return resizeShape(input[0], input[1], input[2], input[3], input[2] * this.factor, input[3] * this.factor, this.alignCorners);
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    const shape = this.#shape(x.shape);
    const y = x.like([shape.batch, shape.channels, shape.outHeight, shape.outWidth]);
    if (this.method === "nearest") this.kernels.upsampleNearestForward(y.data, x.data, shape);
    else this.kernels.upsampleBilinearForward(y.data, x.data, shape);
    this.keep(shape);
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const shape = this.take();
    checkGradient(this.describe(), dy, [shape.batch, shape.channels, shape.outHeight, shape.outWidth]);
    const dx = dy.like([shape.batch, shape.channels, shape.inHeight, shape.inWidth]);
    if (this.method === "nearest") this.kernels.upsampleNearestBackward(dx.data, dy.data, shape);
    else this.kernels.upsampleBilinearBackward(dx.data, dy.data, shape);
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const shape = this.#shape(input);
    const output = [shape.batch, shape.channels, shape.outHeight, shape.outWidth];
    visitor?.leaf(this, input, output, {});
    return output;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    const { method, factor, alignCorners } = this;
    return graph.add(this, { kind: "upsample", method, factor, alignCorners }, [x], this.outputShape(x.shape));
  }
}

/** In training mode zeroes each value with this probability and scales the others up (Srivastava et al. 2014). */
export class Dropout extends Layer<Tensor | "identity"> {
  readonly probability: number;
  /** Draws the masks, a training session's too; the trainer replaces it by its own, so that a run has one seed. */
  random: Random = new Random(0);

  constructor(probability: number = 0.5) {
    super();
    if (!(probability >= 0 && probability < 1)) throw new RangeError(`Dropout: probability wants a number from 0 to below 1, got ${probability}`);
    this.probability = probability;
  }

  override describe(): string {
    return `Dropout ${this.probability}`;
  }

  /** Fills a mask with 0 for what is dropped, 1 / (1 - probability) for what stays: one number drawn for each element, in order. */
  drawMask(mask: Floats): void {
    const { probability, random } = this;
    const kept = 1 / (1 - probability);
    for (let i = 0; i < mask.length; i++) mask[i] = random.uniform() < probability ? 0 : kept;
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    if (!this.training || this.probability === 0) {
      this.keep("identity");
      return x;
    }
    const mask = x.like();
    this.drawMask(mask.data);
    const y = x.like();
    this.kernels.dropoutForward(y.data, x.data, mask.data, elementwiseShape(x.size));
    this.keep(mask);
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const mask = this.take();
    if (mask === "identity") return dy;
    const dx = dy.like();
    this.kernels.dropoutBackward(dx.data, dy.data, mask.data, elementwiseShape(dy.size));
    return dx;
  }

  outputShape(input: Shape): Shape {
    return input;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    if (!graph.training || this.probability === 0) return x;
    return graph.add(this, { kind: "dropout", draw: (mask) => this.drawMask(mask) }, [x], x.shape);
  }
}

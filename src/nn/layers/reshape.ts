/** Layers that move values without changing them: identity, flatten, channel shuffle. */
import { shuffleShape } from "../../../kernels/shapes.ts";
import type { ShuffleShape } from "../../../kernels/shapes.ts";
import type { GraphBuilder, Value } from "../../graph/graph.ts";
import { check, checkShape, checkTensor, whole } from "../../checks.ts";
import type { Floats, Shape, Tensor } from "../../tensor.ts";
import { showShape, sizeOf } from "../../tensor.ts";
import { checkGradient, checkImages } from "../check.ts";
import { Layer, Module } from "../module.ts";
import type { Visitor } from "../module.ts";

/**
 * y = x; any shape.
 * @example
 * new Identity().forward(Tensor.of([1, 2], [2])).data   // => [1,2]
 */
export class Identity extends Module {
  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    return x;
  }
  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    checkTensor("Identity", "gradient", dy);
    return dy;
  }
  outputShape(input: Shape): Shape {
    checkShape("Identity", "input", input);
    return input;
  }
  lower(_graph: GraphBuilder, x: Value): Value {
    return x;
  }
}

/**
 * [N, C, H, W] to [N, C * H * W].
 * @example
 * new Flatten().outputShape([2, 8, 7, 7])   // => [2,392]
 */
export class Flatten extends Layer<Shape> {
  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    this.keep(x.shape);
    return x.reshape(this.outputShape(x.shape));
  }
  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const input = this.take();
    checkGradient("Flatten", dy, [input[0], sizeOf(input.slice(1))]);
    return dy.reshape(input);
  }
  outputShape(input: Shape): Shape {
    checkShape("Flatten", "input", input);
    if (input.length < 2) throw new RangeError(`Flatten: input wants [batch, ...] of at least two sizes, got ${showShape(input)}`);
    return [input[0], sizeOf(input.slice(1))];
  }
  lower(graph: GraphBuilder, x: Value): Value {
    return graph.add(this, { kind: "flatten" }, [x], this.outputShape(x.shape));
  }
}

/**
 * Mixes the channels of the groups of a grouped convolution: [N,C,H,W] to the same shape (Zhang et al., arXiv 1707.01083, figure 1).
 * @example
 * new ChannelShuffle(2).forward(Tensor.of([1, 2, 3, 4], [1, 4, 1, 1])).data   // => [1,3,2,4]
 */
export class ChannelShuffle extends Layer<ShuffleShape> {
  readonly groups: number;

  constructor(groups: number) {
    super();
    check("ChannelShuffle", "groups", groups, whole());
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
    checkTensor(this.describe(), "input", x);
    const shape = this.#shape(x.shape);
    const y = x.like();
    this.kernels.channelShuffleForward(y.data, x.data, shape);
    this.keep(shape);
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const shape = this.take();
    checkTensor(this.describe(), "gradient", dy);
    if (dy.size !== shape.batch * shape.channels * shape.pixels) {
      throw new RangeError(`${this.describe()}: backward wants a gradient of ${shape.pixels} pixels a channel, got ${showShape(dy.shape)}`);
    }
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

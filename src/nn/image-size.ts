/** A network's demand on the size of its images, said at the door instead of by the layer that runs out of pixels. */
import type { GraphBuilder, Value } from "../graph/graph.ts";
import type { Floats, Shape, Tensor } from "../tensor.ts";
import { checkImages } from "./check.ts";
import { Module } from "./module.ts";

/** y = x, for images [N,C,H,W] of at least `least` by `least` pixels; others are refused in `network`'s name. */
export class LeastImage extends Module {
  readonly network: string;
  readonly least: number;

  constructor(network: string, least: number) {
    super();
    this.network = network;
    this.least = least;
  }

  /** @throws RangeError for a smaller image */
  outputShape(input: Shape): Shape {
    checkImages(this.network, input);
    const [, , height, width] = input;
    if (Math.min(height, width) < this.least) {
      throw new RangeError(`${this.network}: input wants images of at least ${this.least}x${this.least}, got ${height}x${width}`);
    }
    return input;
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    this.outputShape(x.shape);
    return x;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    return dy;
  }

  lower(_graph: GraphBuilder, x: Value): Value {
    this.outputShape(x.shape);
    return x;
  }
}

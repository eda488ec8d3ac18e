/** Networks whose answer is as large as their image, though they compute at a smaller size. */
import { resizeShape } from "../../../kernels/shapes.ts";
import type { ResizeShape } from "../../../kernels/shapes.ts";
import type { GraphBuilder, Value } from "../../graph/graph.ts";
import { checkTensor } from "../../checks.ts";
import type { Floats, Shape, Tensor } from "../../tensor.ts";
import { checkGradient, checkImages } from "../check.ts";
import { adopt } from "../combinators.ts";
import { Layer } from "../module.ts";
import type { Module, Visitor } from "../module.ts";

/**
 * x [N,C,H,W] to y = inner(x) [N,C',H,W], resized bilinearly to the height and width that x has (PyTorch's interpolate, corners not
 * aligned). Where the size is x's already, that is inner(x).
 * @example
 * new ResizeBack(new MaxPool2d({ kernel: 2, stride: 2 })).outputShape([1, 8, 32, 32])   // => [1,8,32,32]
 */
export class ResizeBack extends Layer<ResizeShape> {
  readonly inner: Module;

  constructor(inner: Module) {
    super();
    this.inner = adopt("ResizeBack", inner);
  }

  override describe(): string {
    return "Resize bilinear";
  }

  #shape(input: Shape, inner: Shape): ResizeShape {
    checkImages(this.describe(), input);
    checkImages(this.describe(), inner);
    return resizeShape(inner[0], inner[1], inner[2], inner[3], input[2], input[3]);
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const small = this.inner.forward(x);
    const shape = this.#shape(x.shape, small.shape);
    const y = small.like([shape.batch, shape.channels, shape.outHeight, shape.outWidth]);
    this.kernels.upsampleBilinearForward(y.data, small.data, shape);
    this.keep(shape);
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const shape = this.take();
    checkGradient(this.describe(), dy, [shape.batch, shape.channels, shape.outHeight, shape.outWidth]);
    const dsmall = dy.like([shape.batch, shape.channels, shape.inHeight, shape.inWidth]);
    this.kernels.upsampleBilinearBackward(dsmall.data, dy.data, shape);
    return this.inner.backward(dsmall);
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const inner = this.inner.outputShape(input, visitor);
    this.#shape(input, inner);
    const output = [inner[0], inner[1], input[2], input[3]];
    visitor?.leaf(this, inner, output, {});
    return output;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    const inner = this.inner.lower(graph, x);
    const size = [x.shape[2], x.shape[3]] as const;
    if (inner.shape[2] === size[0] && inner.shape[3] === size[1]) return inner;
    return graph.add(
      this, { kind: "resize", method: "bilinear", size, alignCorners: false }, [inner], [...inner.shape.slice(0, 2), ...size],
    );
  }
}

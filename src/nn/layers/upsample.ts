import { resizeShape } from "../../../kernels/shapes.ts";
import type { ResizeShape } from "../../../kernels/shapes.ts";
import type { GraphBuilder, Value } from "../../graph/graph.ts";
import { check, checkTensor, flag, oneOf, whole } from "../../checks.ts";
import type { Floats, Shape, Tensor } from "../../tensor.ts";
import { checkGradient, checkImages } from "../check.ts";
import { Layer } from "../module.ts";
import type { Visitor } from "../module.ts";

/**
 * x [N,C,H,W] to images a whole factor as large, [N,C,H*factor,W*factor], by the nearest pixel or bilinearly, as PyTorch's Upsample.
 * @throws TypeError or RangeError for a factor that is no whole number of at least 1, or another method
 * @example
 * new Upsample(2).forward(Tensor.of([1, 2], [1, 1, 1, 2])).data   // => [1,1,2,2,1,1,2,2]
 */
export class Upsample extends Layer<ResizeShape> {
  readonly factor: number;
  readonly method: "nearest" | "bilinear";
  readonly alignCorners: boolean;

  constructor(factor: number, method: "nearest" | "bilinear" = "nearest", alignCorners: boolean = false) {
    super();
    check("Upsample", "factor", factor, whole());
    check("Upsample", "method", method, oneOf("nearest", "bilinear"));
    check("Upsample", "alignCorners", alignCorners, flag);
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
    checkTensor(this.describe(), "input", x);
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
    const { method, alignCorners } = this;
    const shape = this.outputShape(x.shape);
    return graph.add(this, { kind: "resize", method, size: [shape[2], shape[3]], alignCorners }, [x], shape);
  }
}

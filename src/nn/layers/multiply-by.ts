/** y = factor * x: a number that is no parameter, such as the half of two heads' mean. */
import { channelShape } from "../../../kernels/shapes.ts";
import type { GraphBuilder, Value } from "../../graph/graph.ts";
import { checkTensor } from "../../checks.ts";
import { Tensor } from "../../tensor.ts";
import type { Floats, Shape } from "../../tensor.ts";
import { checkGradient } from "../check.ts";
import { Layer } from "../module.ts";
import type { Visitor } from "../module.ts";

/** x and y of any shape. */
export class MultiplyBy extends Layer<Shape> {
  readonly factor: number;

  /** @throws RangeError for a factor that is no finite number */
  constructor(factor: number) {
    super();
    if (typeof factor !== "number" || !Number.isFinite(factor)) {
      throw new RangeError(`MultiplyBy: factor wants a finite number, got ${String(factor)}`);
    }
    this.factor = factor;
  }

  override describe(): string {
    return `MultiplyBy ${this.factor}`;
  }

  #times<A extends Floats>(x: Tensor<A>): Tensor<A> {
    const y = x.like();
    const factor = x.like([1]);
    factor.data[0] = this.factor;
    this.kernels.channelScaleForward(y.data, x.data, factor.data, channelShape(1, 1, x.size));
    return y;
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    this.keep(x.shape);
    return this.#times(x);
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    checkGradient(this.describe(), dy, this.take());
    // y = factor * x, hence dx = factor * dy.
    return this.#times(dy);
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    visitor?.leaf(this, input, input, {});
    return input;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    // A training session multiplies by masks; this one is the same everywhere and at every step.
    if (graph.training) return graph.add(this, { kind: "dropout", draw: (mask) => mask.fill(this.factor) }, [x], x.shape);
    const factors = Tensor.zeros(x.shape);
    factors.data.fill(this.factor);
    const name = `multiply_by.${this.factor}.${x.shape.join("x")}`;
    const constant = graph.add(this, { kind: "constant", value: { name, read: () => factors } }, [], x.shape);
    return graph.add(this, { kind: "multiply" }, [x, constant], x.shape);
  }
}

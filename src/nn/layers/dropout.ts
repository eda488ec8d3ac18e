import { Random } from "../../../kernels/random.ts";
import { elementwiseShape } from "../../../kernels/shapes.ts";
import type { GraphBuilder, Value } from "../../graph/graph.ts";
import { between, check, checkShape, checkTensor } from "../../checks.ts";
import type { Floats, Shape, Tensor } from "../../tensor.ts";
import { checkGradient } from "../check.ts";
import { Layer } from "../module.ts";

/**
 * In training mode zeroes each value with this probability and scales the others up by 1 / (1 - probability) (Srivastava et al. 2014); else
 * y = x. Any shape.
 * @throws RangeError for a probability that is not from 0 to below 1
 * @example
 * const dropout = new Dropout(0.5).initialise(new Random(1));
 * dropout.forward(Tensor.of([1, 2], [2])).data                                                  // => [1,2]
 * dropout.train().forward(Tensor.of([1, 1, 1, 1], [4])).data.every((y) => y === 0 || y === 2)   // => true
 */
export class Dropout extends Layer<Tensor | "identity"> {
  readonly probability: number;
  /** Draws the masks, a training session's too; the trainer replaces it by its own, so that a run has one seed. */
  random: Random = new Random(0);

  constructor(probability: number = 0.5) {
    super();
    check("Dropout", "probability", probability, between(0, 1, true));
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
    checkTensor(this.describe(), "input", x);
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
    if (mask === "identity") checkTensor(this.describe(), "gradient", dy);
    else checkGradient(this.describe(), dy, mask.shape);
    if (mask === "identity") return dy;
    const dx = dy.like();
    this.kernels.dropoutBackward(dx.data, dy.data, mask.data, elementwiseShape(dy.size));
    return dx;
  }

  outputShape(input: Shape): Shape {
    checkShape(this.describe(), "input", input);
    return input;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    if (!graph.training || this.probability === 0) return x;
    return graph.add(this, { kind: "dropout", draw: (mask) => this.drawMask(mask) }, [x], x.shape);
  }
}

/** PReLU (He et al., arXiv 1502.01852). Kernels: prelu*. */
import type { Random } from "../../../kernels/random.ts";
import { channelShape } from "../../../kernels/shapes.ts";
import type { ChannelShape } from "../../../kernels/shapes.ts";
import type { GraphBuilder, Value } from "../../graph/graph.ts";
import { check, checkShape, checkTensor, finite } from "../../checks.ts";
import type { Floats, Shape, Tensor } from "../../tensor.ts";
import { sizeOf, showShape } from "../../tensor.ts";
import { checkGradient, checkPrecision } from "../check.ts";
import { Layer } from "../module.ts";
import type { Visitor } from "../module.ts";
import { parameter } from "../parameter.ts";
import type { Parameter } from "../parameter.ts";

/**
 * x [N,C,...] where it is above 0, weight[c] * x elsewhere; weight [C] begins at `slope`, 0.25 by default.
 * @example
 * new PReLU(1, 0.25).initialise(new Random(1)).forward(Tensor.of([-4, 4], [2, 1])).data   // => [-1,4]
 */
export class PReLU extends Layer<Tensor> {
  readonly weight: Parameter;
  readonly channels: number;
  readonly slope: number;

  constructor(channels: number, slope: number = 0.25) {
    super();
    check("PReLU", "slope", slope, finite);
    channelShape(1, channels, 1);
    this.channels = channels;
    this.slope = slope;
    this.weight = parameter([channels]);
    this.weight.value.data.fill(slope);
  }

  override initialiseOwn(_random: Random): void {
    this.weight.value.data.fill(this.slope);
  }

  override describe(): string {
    return `PReLU ${this.channels}`;
  }

  #shape(input: Shape): ChannelShape {
    checkShape(this.describe(), "input", input);
    if (input.length < 2 || input[1] !== this.channels) {
      throw new RangeError(`${this.describe()}: input wants [batch,${this.channels},...], got ${showShape(input)}`);
    }
    return channelShape(input[0], this.channels, sizeOf(input.slice(2)));
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const shape = this.#shape(x.shape);
    checkPrecision(this.describe(), x, this.weight.value);
    const y = x.like();
    this.kernels.preluForward(y.data, x.data, this.weight.value.data, shape);
    this.keep(x);
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const x = this.take();
    checkGradient(this.describe(), dy, x.shape);
    const dx = dy.like();
    // The kernel makes both; a frozen slope's goes to the side.
    const dslope = this.weight.frozen ? this.weight.value.like() : this.weight.gradient;
    this.kernels.preluBackward(dx.data, dslope.data, x.data, dy.data, this.weight.value.data, this.#shape(x.shape));
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    this.#shape(input);
    visitor?.leaf(this, input, input, {});
    return input;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    return graph.add(this, { kind: "prelu", slope: graph.constant(this.weight) }, [x], this.outputShape(x.shape));
  }
}

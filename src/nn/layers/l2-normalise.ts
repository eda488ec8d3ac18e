import { checkShape, checkTensor } from "../../checks.ts";
import { channelShape } from "../../../kernels/shapes.ts";
import type { ChannelShape } from "../../../kernels/shapes.ts";
import type { GraphBuilder, Value } from "../../graph/graph.ts";
import type { Floats, Shape, Tensor } from "../../tensor.ts";
import { showShape } from "../../tensor.ts";
import { checkGradient } from "../check.ts";
import { Layer } from "../module.ts";
import type { Visitor } from "../module.ts";

/**
 * x [N, C] to vectors of length 1, as PyTorch's F.normalize: an embedding, whose products are cosines. Kernels: l2Normalise*.
 * @example
 * new L2Normalise().forward(Tensor.of([3, 4], [1, 2])).data.map((y) => Math.round(10 * y))   // => [6,8]
 */
export class L2Normalise extends Layer<Tensor> {
  override describe(): string {
    return "L2Normalise";
  }

  #shape(input: Shape): ChannelShape {
    checkShape("L2Normalise", "input", input);
    if (input.length !== 2) throw new RangeError(`L2Normalise: input wants [batch,features], got ${showShape(input)}`);
    return channelShape(input[0], input[1], 1);
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor("L2Normalise", "input", x);
    const y = x.like();
    this.kernels.l2NormaliseForward(y.data, x.data, this.#shape(x.shape));
    this.keep(x);
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const x = this.take();
    checkGradient("L2Normalise", dy, x.shape);
    const dx = dy.like();
    this.kernels.l2NormaliseBackward(dx.data, x.data, dy.data, this.#shape(x.shape));
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    this.#shape(input);
    visitor?.leaf(this, input, input, {});
    return input;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    return graph.add(this, { kind: "l2_normalise" }, [x], this.outputShape(x.shape));
  }
}

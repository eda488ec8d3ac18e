/** One excitation for two squeezes, as CBAM has it. */
import { channelShape, elementwiseShape } from "../../../kernels/shapes.ts";
import type { GraphBuilder, Value } from "../../graph/graph.ts";
import { checkTensor } from "../../checks.ts";
import type { Floats, Shape, Tensor } from "../../tensor.ts";
import { checkGradient, checkImages } from "../check.ts";
import { adopt } from "../combinators.ts";
import { Layer } from "../module.ts";
import type { Module, Visitor } from "../module.ts";
import { sizeOf } from "../../tensor.ts";

/**
 * y = excite(mean(x)) + excite(max(x)); x [N,C,H,W], y [N,C,1,1]. `excite` treats every image by itself (so it has no batch
 * normalisation): it sees the means of the batch and then the maxima, as one batch of 2 N.
 */
export class MeanPlusMax extends Layer<{ input: Shape; argmax: Int32Array }> {
  readonly excite: Module;

  constructor(excite: Module) {
    super();
    this.excite = adopt("MeanPlusMax", excite);
  }

  override describe(): string {
    return "Mean plus maximum";
  }

  #squeezed([batch, channels]: Shape): Shape {
    return [batch, channels, 1, 1];
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    checkImages("MeanPlusMax", x.shape);
    const [batch, channels, height, width] = x.shape;
    const shape = channelShape(batch, channels, height * width);
    const both = x.like([2 * batch, channels, 1, 1]);
    const half = batch * channels;
    const argmax = new Int32Array(half);
    this.kernels.globalAveragePoolForward(both.data.subarray(0, half), x.data, shape);
    this.kernels.globalMaxPoolForward(both.data.subarray(half), argmax, x.data, shape);
    const gates = this.excite.forward(both);
    const y = x.like(this.#squeezed(x.shape));
    this.kernels.addForward(y.data, gates.data.subarray(0, half), gates.data.subarray(half), elementwiseShape(half));
    this.keep({ input: x.shape, argmax });
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const { input, argmax } = this.take();
    checkGradient("MeanPlusMax", dy, this.#squeezed(input));
    const [batch, channels, height, width] = input;
    const shape = channelShape(batch, channels, height * width);
    // y was the sum of both halves, hence each gets dy.
    const twice = dy.like([2 * batch, channels, 1, 1]);
    twice.data.set(dy.data);
    twice.data.set(dy.data, dy.size);
    const dboth = this.excite.backward(twice);
    const dx = dy.like(input);
    this.kernels.globalAveragePoolBackward(dx.data, dboth.data.subarray(0, dy.size), shape);
    this.kernels.globalMaxPoolBackward(dx.data, dboth.data.subarray(dy.size), argmax, shape);
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    checkImages("MeanPlusMax", input);
    const output = this.#squeezed(input);
    this.excite.outputShape([2 * input[0], input[1], 1, 1], visitor);
    visitor?.leaf(this, input, output, { additions: 2 * sizeOf(input) });
    return output;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    const shape = this.#squeezed(x.shape);
    const [mean, max] = (["mean", "max"] as const)
      .map((by) => this.excite.lower(graph, graph.add(this, { kind: "global_pool", by }, [x], shape)));
    return graph.add(this, { kind: "add" }, [mean, max], shape);
  }
}

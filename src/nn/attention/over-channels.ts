/** Pooling over the channels: one image of a pixel's mean or maximum. Kernels: channelMean*, channelMax*. */
import { channelShape } from "../../../kernels/shapes.ts";
import type { ChannelShape } from "../../../kernels/shapes.ts";
import type { GraphBuilder, Value } from "../../graph/graph.ts";
import { checkTensor } from "../../checks.ts";
import type { Floats, Shape, Tensor } from "../../tensor.ts";
import { sizeOf } from "../../tensor.ts";
import { checkGradient, checkImages } from "../check.ts";
import { Layer } from "../module.ts";
import type { Visitor } from "../module.ts";

function shapeOf([batch, channels, height, width]: Shape): ChannelShape {
  return channelShape(batch, channels, height * width);
}

abstract class OverChannels extends Layer<{ input: Shape; argmax: Int32Array }> {
  protected abstract readonly by: "mean" | "max";

  override describe(): string {
    return this.by === "mean" ? "Mean of the channels" : "Maximum of the channels";
  }

  #output(input: Shape): Shape {
    checkImages(this.describe(), input);
    return [input[0], 1, input[2], input[3]];
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const y = x.like(this.#output(x.shape));
    const argmax = new Int32Array(this.by === "max" ? y.size : 0);
    if (this.by === "mean") this.kernels.channelMeanForward(y.data, x.data, shapeOf(x.shape));
    else this.kernels.channelMaxForward(y.data, argmax, x.data, shapeOf(x.shape));
    this.keep({ input: x.shape, argmax });
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const { input, argmax } = this.take();
    checkGradient(this.describe(), dy, this.#output(input));
    const dx = dy.like(input);
    if (this.by === "mean") this.kernels.channelMeanBackward(dx.data, dy.data, shapeOf(input));
    else this.kernels.channelMaxBackward(dx.data, dy.data, argmax, shapeOf(input));
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const output = this.#output(input);
    visitor?.leaf(this, input, output, { additions: sizeOf(input) });
    return output;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    return graph.add(this, { kind: "channel_pool", by: this.by }, [x], this.#output(x.shape));
  }
}

/** x [N,C,H,W] to [N,1,H,W]. */
export class ChannelMean extends OverChannels {
  protected readonly by = "mean";
}

/** x [N,C,H,W] to [N,1,H,W]. */
export class ChannelMax extends OverChannels {
  protected readonly by = "max";
}

/** A convolution along the channels of a squeezed image. Kernels: conv2d*, the channels being the rows of an image one pixel wide. */
import type { Random } from "../../../kernels/random.ts";
import { conv2dScratch } from "../../../kernels/scratch.ts";
import { conv2dShape } from "../../../kernels/shapes.ts";
import type { Conv2dShape } from "../../../kernels/shapes.ts";
import type { GraphBuilder, Value } from "../../graph/graph.ts";
import { checkTensor } from "../../checks.ts";
import type { Floats, Shape, Tensor } from "../../tensor.ts";
import { showShape } from "../../tensor.ts";
import { checkGradient, checkImages, checkPrecision, scratch } from "../check.ts";
import { fillUniform } from "../initialise.ts";
import { Layer } from "../module.ts";
import type { Visitor } from "../module.ts";
import { parameter } from "../parameter.ts";
import type { Parameter } from "../parameter.ts";

/** y[n,c] = sum over j of weight[j] * x[n, c + j - (k - 1) / 2], zero beyond the ends; x and y [N,C,1,1], weight [1,1,k]. */
export class ChannelConv extends Layer<{ x: Tensor; shape: Conv2dShape }> {
  readonly weight: Parameter;
  readonly size: number;

  /** @param size of the kernel, odd. @throws RangeError for another */
  constructor(size: number) {
    super();
    if (!Number.isSafeInteger(size) || size < 1 || size % 2 === 0) {
      throw new RangeError(`ChannelConv: size wants an odd whole number, got ${size}`);
    }
    this.size = size;
    this.weight = parameter([1, 1, size]);
  }

  /** PyTorch's uniform, by fan-in. */
  override initialiseOwn(random: Random): void {
    fillUniform(this.weight.value.data, 1 / Math.sqrt(this.size), random);
  }

  override describe(): string {
    return `ChannelConv ${this.size}`;
  }

  #shape(input: Shape): Conv2dShape {
    checkImages(this.describe(), input);
    const [batch, channels, height, width] = input;
    if (height !== 1 || width !== 1) throw new RangeError(`${this.describe()}: input wants images of one pixel, got ${showShape(input)}`);
    return conv2dShape(batch, 1, channels, 1, 1, { kernel: [this.size, 1], padding: [(this.size - 1) / 2, 0] });
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const shape = this.#shape(x.shape);
    checkPrecision(this.describe(), x, this.weight.value);
    const y = x.like();
    this.kernels.conv2dForward(y.data, x.data, this.weight.value.data, null, shape, scratch(conv2dScratch(shape)));
    this.keep({ x, shape });
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const { x, shape } = this.take();
    checkGradient(this.describe(), dy, x.shape);
    const work = scratch(conv2dScratch(shape));
    if (!this.weight.frozen) this.kernels.conv2dBackwardWeight(this.weight.gradient.data, x.data, dy.data, shape, work);
    const dx = dy.like();
    this.kernels.conv2dBackwardInput(dx.data, dy.data, this.weight.value.data, shape, work);
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const { batch, inHeight } = this.#shape(input);
    visitor?.leaf(this, input, input, { macs: batch * inHeight * this.size });
    return input;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    return graph.add(this, { kind: "channel_conv", weight: graph.constant(this.weight) }, [x], this.outputShape(x.shape));
  }
}

/** Branches that each take their own share of the channels (Ma et al., arXiv 1807.11164, section 3.2: "channel split"). */
import { concatShape } from "../../../kernels/shapes.ts";
import type { ConcatShape } from "../../../kernels/shapes.ts";
import type { Constant, GraphBuilder, Value } from "../../graph/graph.ts";
import { checkTensor } from "../../checks.ts";
import { Tensor, sameShape, showShape } from "../../tensor.ts";
import type { Floats, Shape } from "../../tensor.ts";
import { checkGradient, checkImages } from "../check.ts";
import { adopt } from "../combinators.ts";
import { Layer, Module } from "../module.ts";
import type { Visitor } from "../module.ts";

interface Saved {
  readonly inputs: ConcatShape;
  readonly outputs: ConcatShape;
  /** Of the branches' outputs. */
  readonly shapes: readonly Shape[];
  readonly x: Shape;
}

/**
 * x [N,C,H,W] cut into as many equal runs of channels as there are branches; y has the branches' outputs one after the other.
 * @throws RangeError where the number of branches does not divide C, or their outputs differ in size
 */
export class ChannelSplit extends Layer<Saved> {
  readonly branches: readonly Module[];

  constructor(...branches: Module[]) {
    super();
    this.branches = branches.map((branch) => adopt("ChannelSplit", branch));
  }

  override children(): [string, Module][] {
    return this.branches.map((module, i) => [String(i), module]);
  }

  override describe(): string {
    return `ChannelSplit ${this.branches.length}`;
  }

  /** How many of the channels each branch takes. @throws RangeError where they cannot be shared so */
  protected sizes(channels: number): readonly number[] {
    const parts = this.branches.length;
    if (channels % parts !== 0) {
      throw new RangeError(`ChannelSplit: input wants a multiple of ${parts} channels, got ${channels}`);
    }
    return this.branches.map(() => channels / parts);
  }

  /** What each branch takes. */
  #shares(input: Shape): readonly Shape[] {
    checkImages(this.describe(), input);
    const [batch, channels, height, width] = input;
    return this.sizes(channels).map((size) => [batch, size, height, width]);
  }

  #joined(outputs: readonly Shape[]): ConcatShape {
    const [batch, , height, width] = outputs[0];
    for (const shape of outputs) {
      if (!sameShape([shape[0], shape[2], shape[3]], [batch, height, width])) {
        throw new RangeError(`ChannelSplit: branches want equal image sizes, got ${outputs.map(showShape).join(" and ")}`);
      }
    }
    return concatShape(batch, outputs.map((shape) => shape[1]), height * width);
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const shares = this.#shares(x.shape);
    const inputs = concatShape(x.shape[0], shares.map((share) => share[1]), x.shape[2] * x.shape[3]);
    const parts = shares.map((share) => x.like(share));
    // The gradient of a concatenation hands every part its channels: it adds them to zeros here.
    this.kernels.concatBackward(parts.map((part) => part.data), x.data, inputs);
    const made = this.branches.map((branch, i) => branch.forward(parts[i]));
    const shapes = made.map((part) => part.shape);
    const outputs = this.#joined(shapes);
    const y = x.like([outputs.batch, outputs.outChannels, shapes[0][2], shapes[0][3]]);
    this.kernels.concatForward(y.data, made.map((part) => part.data), outputs);
    this.keep({ inputs, outputs, shapes, x: x.shape });
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const { inputs, outputs, shapes, x } = this.take();
    checkGradient(this.describe(), dy, [outputs.batch, outputs.outChannels, shapes[0][2], shapes[0][3]]);
    const made = shapes.map((shape) => dy.like(shape));
    this.kernels.concatBackward(made.map((part) => part.data), dy.data, outputs);
    const parts = this.branches.map((branch, i) => branch.backward(made[i]));
    // No two branches share a channel, so nothing is summed.
    const dx = dy.like(x);
    this.kernels.concatForward(dx.data, parts.map((part) => part.data), inputs);
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const shares = this.#shares(input);
    const shapes = this.branches.map((branch, i) => branch.outputShape(shares[i], visitor));
    const { batch, outChannels } = this.#joined(shapes);
    const output = [batch, outChannels, shapes[0][2], shapes[0][3]];
    visitor?.leaf(this, input, output, {});
    return output;
  }

  /**
   * What lean sessions know has no operation that takes some channels: a 1x1 convolution with one 1 in every row does it, exactly. The
   * others see what it is, and copy (bindings/index.ts).
   */
  lower(graph: GraphBuilder, x: Value): Value {
    const shares = this.#shares(x.shape);
    let first = 0;
    const window = { kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1] } as const;
    const values = this.branches.map((branch, i) => {
      const weight = selection(x.shape[1], first, shares[i][1]);
      first += shares[i][1];
      return branch.lower(graph, graph.add(this, { kind: "conv2d", ...window, groups: 1, weight, bias: undefined }, [x], shares[i]));
    });
    return graph.add(this, { kind: "concat" }, values, this.outputShape(x.shape));
  }
}

/** [rows, channels, 1, 1]: row j has its 1 at channel first + j. */
function selection(channels: number, first: number, rows: number): Constant {
  const weight = Tensor.zeros([rows, channels, 1, 1]);
  for (let row = 0; row < rows; row++) weight.data[row * channels + first + row] = 1;
  return { name: `channel_split.${first}_to_${first + rows}.${channels}`, read: () => weight, selects: first };
}

/**
 * Convolutions of several kernels side by side, each for its share of the channels (Tan and Le, "MixConv", arXiv 1907.09595): equal shares,
 * what is left over goes to the first. State dict: 0.weight, 1.weight, ...
 */
export class MixedConv2d extends ChannelSplit {
  /** @param make the convolution of this kernel from and to so many channels */
  constructor(from: number, to: number, kernels: readonly number[], make: (from: number, to: number, kernel: number) => Module) {
    const [inputs, outputs] = [shared(from, kernels.length), shared(to, kernels.length)];
    super(...kernels.map((kernel, i) => make(inputs[i], outputs[i], kernel)));
  }

  override describe(): string {
    return `MixedConv2d ${this.branches.length}`;
  }

  protected override sizes(channels: number): readonly number[] {
    return shared(channels, this.branches.length);
  }
}

function shared(channels: number, parts: number): number[] {
  const each = Math.floor(channels / parts);
  return Array.from({ length: parts }, (_, i) => (i === 0 ? channels - each * (parts - 1) : each));
}

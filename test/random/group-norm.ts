/**
 * Normalisation by the sample's own numbers (Wu & He, arXiv 1803.08494), as networks from ONNX files spell it: a group of one channel is
 * instance normalisation, one group of all is layer normalisation; "pixel" is that of the channels of each pixel. Textbook, for tests.
 */
import type { Random } from "../../kernels/random.ts";
import type { GraphBuilder, Operation, Value } from "../../src/graph/graph.ts";
import { Layer } from "../../src/nn/module.ts";
import type { Visitor } from "../../src/nn/module.ts";
import { parameter } from "../../src/nn/parameter.ts";
import type { Parameter } from "../../src/nn/parameter.ts";
import { Tensor, sizeOf } from "../../src/tensor.ts";
import type { Floats, Shape } from "../../src/tensor.ts";

const EPSILON = 1e-5;

/** x [N,C,H,W]; weight and bias [C,1,1]. */
export class GroupNorm extends Layer<Tensor> {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly channels: number;
  readonly groups: number | "pixel";

  constructor(channels: number, groups: number | "pixel") {
    super();
    if (groups !== "pixel" && channels % groups !== 0) throw new RangeError(`GroupNorm: ${groups} groups of ${channels} channels`);
    this.channels = channels;
    this.groups = groups;
    this.weight = parameter([channels, 1, 1]);
    this.bias = parameter([channels, 1, 1]);
  }

  override initialiseOwn(random: Random): void {
    for (let c = 0; c < this.channels; c++) {
      this.weight.value.data[c] = 1 + 0.3 * random.normal();
      this.bias.value.data[c] = 0.3 * random.normal();
    }
  }

  #check(input: Shape): void {
    if (input.length !== 4 || input[1] !== this.channels) throw new RangeError(`GroupNorm: wants [N,${this.channels},H,W]`);
  }

  /** The numbers that are normalised together, as places in x. */
  *#sets([batch, channels, height, width]: Shape): Generator<number[]> {
    const pixels = height * width;
    if (this.groups === "pixel") {
      for (let n = 0; n < batch; n++) for (let p = 0; p < pixels; p++) {
        yield Array.from({ length: channels }, (_, c) => (n * channels + c) * pixels + p);
      }
      return;
    }
    const size = (channels / this.groups) * pixels;
    for (let at = 0; at < batch * channels * pixels; at += size) yield Array.from({ length: size }, (_, i) => at + i);
  }

  /** (x - mean) / deviation of a set, and the deviation. */
  #standard(x: Floats, set: readonly number[]): { readonly normal: number[]; readonly deviation: number } {
    const mean = set.reduce((sum, i) => sum + x[i], 0) / set.length;
    const variance = set.reduce((sum, i) => sum + (x[i] - mean) ** 2, 0) / set.length;
    const deviation = Math.sqrt(variance + EPSILON);
    return { normal: set.map((i) => (x[i] - mean) / deviation), deviation };
  }

  #channel(i: number, [, channels, height, width]: Shape): number {
    return Math.floor(i / (height * width)) % channels;
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    this.#check(x.shape);
    const y = x.like();
    const [weight, bias] = [this.weight.value.data, this.bias.value.data];
    for (const set of this.#sets(x.shape)) {
      const { normal } = this.#standard(x.data, set);
      set.forEach((i, k) => {
        const c = this.#channel(i, x.shape);
        y.data[i] = normal[k] * weight[c] + bias[c];
      });
    }
    this.keep(x);
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const x = this.take();
    const dx = dy.like();
    const weight = this.weight.value.data;
    const [dweight, dbias] = [this.weight, this.bias].map((one) => (one.frozen ? new Float64Array(this.channels) : one.gradient.data));
    for (const set of this.#sets(x.shape)) {
      const { normal, deviation } = this.#standard(x.data, set);
      const dnormal = set.map((i, k) => {
        const c = this.#channel(i, x.shape);
        dweight[c] += dy.data[i] * normal[k];
        dbias[c] += dy.data[i];
        return dy.data[i] * weight[c];
      });
      const mean = dnormal.reduce((sum, d) => sum + d, 0) / set.length;
      const along = dnormal.reduce((sum, d, k) => sum + d * normal[k], 0) / set.length;
      set.forEach((i, k) => (dx.data[i] = (dnormal[k] - mean - normal[k] * along) / deviation));
    }
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    this.#check(input);
    visitor?.leaf(this, input, input, {});
    return input;
  }

  /** As importOnnx lowers InstanceNormalization, GroupNormalization and LayerNormalization. */
  lower(graph: GraphBuilder, x: Value): Value {
    const [batch, channels, ...image] = x.shape;
    const node = (operation: Operation, inputs: readonly Value[], shape: Shape): Value => graph.add(this, operation, inputs, shape);
    const number = (name: string, value: number): Value => {
      const tensor = Tensor.of([value], []);
      return node({ kind: "constant", value: { name: `group_norm.${name}`, fixed: true, read: () => tensor } }, [], []);
    };
    let [whole, few]: [Shape, Shape] = [x.shape, [batch, 1, ...image]];
    let mean: (value: Value) => Value = (value) => node({ kind: "channel_pool", by: "mean" }, [value], few);
    if (this.groups === channels) {
      few = [batch, channels, 1, 1];
      mean = (value) => node({ kind: "global_pool", by: "mean" }, [value], few);
    } else if (this.groups !== "pixel") {
      [whole, few] = [[batch, this.groups, (channels / this.groups) * sizeOf(image)], [batch, this.groups, 1]];
      mean = (value) => node({ kind: "reduce", by: "mean", axis: 2, end: 3 }, [value], few);
    }
    const given = whole === x.shape ? x : node({ kind: "reshape", shape: whole }, [x], whole);
    const centred = node({ kind: "binary", by: "subtract" }, [given, mean(given)], whole);
    const variance = mean(node({ kind: "multiply" }, [centred, centred], whole));
    const above = node({ kind: "binary", by: "add" }, [variance, number("epsilon", EPSILON)], few);
    const normal = node({ kind: "binary", by: "divide" }, [centred, node({ kind: "unary", by: "sqrt" }, [above], few)], whole);
    const back = whole === x.shape ? normal : node({ kind: "reshape", shape: x.shape }, [normal], x.shape);
    const learnt = (of: Parameter): Value => node({ kind: "constant", value: graph.constant(of) }, [], of.value.shape);
    const scaled = node({ kind: "binary", by: "multiply" }, [back, learnt(this.weight)], x.shape);
    return node({ kind: "binary", by: "add" }, [scaled, learnt(this.bias)], x.shape);
  }
}

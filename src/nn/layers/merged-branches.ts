/**
 * Branches of convolutions whose sum is one convolution: computed apart where they are trained, and as one where a network is only run
 * (re-parameterisation: Ding et al., "RepVGG", arXiv 2101.03697, section 3.3).
 */
import type { Constant } from "../../graph/graph.ts";
import type { GraphBuilder, Value } from "../../graph/graph.ts";
import { Tensor } from "../../tensor.ts";
import type { Floats, Shape } from "../../tensor.ts";
import { adopt } from "../combinators.ts";
import { Module } from "../module.ts";
import type { Visitor } from "../module.ts";
import type { BatchNorm2d } from "./batch-norm.ts";
import type { Conv2d } from "./conv.ts";

/** A convolution, and the normalisation behind it. */
export interface Branch {
  readonly conv: Conv2d;
  readonly norm?: BatchNorm2d;
}

/** What a branch's weights are multiplied by, and what is added, by output channel: as they are when they are read. */
type Affine = () => { readonly factor: (channel: number) => number; readonly shift: (channel: number) => number };

/**
 * x [N, inChannels, H, W] to y = whole(x) [N, outChannels, H', W'], which must be the sum of the branches and, with `shortcut`, of x.
 * Kernels are square and odd, padded to keep the size, with one stride and as many groups.
 * @example
 * const whole = new Conv2d(8, 8, { kernel: 3, padding: 1 });
 * new MergedBranches(whole, [{ conv: new Conv2d(8, 8, { kernel: 1 }) }], true).outputShape([1, 8, 5, 5])   // => [1,8,5,5]
 */
export class MergedBranches extends Module {
  readonly whole: Module;
  readonly branches: readonly Branch[];
  readonly shortcut: boolean;

  /** @throws RangeError for branches that are no one convolution */
  constructor(whole: Module, branches: readonly Branch[], shortcut: boolean) {
    super();
    this.whole = adopt("MergedBranches", whole);
    this.branches = branches;
    this.shortcut = shortcut;
    const [{ conv: first }] = branches;
    for (const { conv } of branches) {
      const { kernel, padding = 0, stride = 1, dilation = 1, groups = 1 } = conv.options;
      const centred = typeof kernel === "number" && kernel % 2 === 1 && padding === (kernel - 1) / 2;
      const fits = centred && stride === (first.options.stride ?? 1) && dilation === 1 && groups === (first.options.groups ?? 1) &&
        conv.inChannels === first.inChannels && conv.outChannels === first.outChannels;
      if (!fits) throw new RangeError(`MergedBranches: ${conv.describe()} is not like ${first.describe()}`);
    }
    if (shortcut && ((first.options.stride ?? 1) !== 1 || first.inChannels !== first.outChannels)) {
      throw new RangeError(`MergedBranches: a shortcut wants stride 1 and as many channels out as in, got ${first.describe()}`);
    }
  }

  override describe(): string {
    return `MergedBranches ${this.branches.length}`;
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    return this.whole.forward(x);
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    return this.whole.backward(dy);
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    return this.whole.outputShape(input, visitor);
  }

  lower(graph: GraphBuilder, x: Value): Value {
    if (graph.training) return this.whole.lower(graph, x);
    const [{ conv: first }] = this.branches;
    const { stride = 1, groups = 1 } = first.options as { readonly stride?: number; readonly groups?: number };
    const side = Math.max(...this.branches.map(({ conv }) => conv.options.kernel as number));
    const parts = this.branches.map((branch) => ({ branch, affine: affineOf(graph, branch) }));
    const weights = this.branches.map(({ conv }) => graph.constant(conv.weight));
    const biases = this.branches.map(({ conv }) => (conv.bias === undefined ? undefined : graph.constant(conv.bias)));
    const inPerGroup = first.inChannels / groups;
    const weight: Constant = {
      name: `${weights[0].name}.merged`,
      read: () => {
        const merged = new Float64Array(first.outChannels * inPerGroup * side * side);
        parts.forEach(({ branch: { conv }, affine }, i) => {
          const kernel = conv.options.kernel as number;
          const { data } = weights[i].read();
          const { factor } = affine();
          const margin = (side - kernel) / 2;
          for (let at = 0; at < data.length; at++) {
            const [pixel, plane] = [at % (kernel * kernel), Math.floor(at / (kernel * kernel))];
            const to = (plane * side + margin + Math.floor(pixel / kernel)) * side + margin + (pixel % kernel);
            merged[to] += data[at] * factor(Math.floor(plane / inPerGroup));
          }
        });
        if (this.shortcut) {
          const middle = (side * side - 1) / 2;
          for (let o = 0; o < first.outChannels; o++) merged[(o * inPerGroup + (o % inPerGroup)) * side * side + middle] += 1;
        }
        return new Tensor(Float32Array.from(merged), [first.outChannels, inPerGroup, side, side]);
      },
    };
    const bias: Constant = {
      name: `${weights[0].name}.merged_bias`,
      read: () => {
        const merged = new Float64Array(first.outChannels);
        parts.forEach(({ affine }, i) => {
          const { factor, shift } = affine();
          const own = biases[i]?.read().data;
          for (let o = 0; o < merged.length; o++) merged[o] += (own?.[o] ?? 0) * factor(o) + shift(o);
        });
        return new Tensor(Float32Array.from(merged), [first.outChannels]);
      },
    };
    const around = (side - 1) / 2;
    return graph.add(this, {
      kind: "conv2d", kernel: [side, side], stride: [stride, stride], padding: [around, around, around, around], dilation: [1, 1], groups,
      weight, bias,
    }, [x], this.whole.outputShape(x.shape));
  }
}

function affineOf(graph: GraphBuilder, { norm }: Branch): Affine {
  if (norm === undefined) return () => ({ factor: () => 1, shift: () => 0 });
  const [gamma, beta, mean, variance] = [norm.weight, norm.bias, norm.runningMean, norm.runningVar].map((each) => graph.constant(each));
  return () => {
    const [g, b, m, v] = [gamma, beta, mean, variance].map((each) => each.read().data);
    const factor = (channel: number): number => g[channel] / Math.sqrt(v[channel] + norm.epsilon);
    return { factor, shift: (channel) => b[channel] - m[channel] * factor(channel) };
  };
}

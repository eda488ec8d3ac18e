/** Fully connected layer. Kernels: linear*. */
import { linearShape } from "../../../kernels/shapes.ts";
import type { LinearShape } from "../../../kernels/shapes.ts";
import type { Random } from "../../../kernels/random.ts";
import { linearScratch } from "../../../kernels/scratch.ts";
import type { GraphBuilder, Value } from "../../graph/graph.ts";
import { atLeastZero, checkFields, checkShape, checkTensor, flag } from "../../checks.ts";
import type { Floats, Shape, Tensor } from "../../tensor.ts";
import { showShape } from "../../tensor.ts";
import { checkGradient, checkPrecision, scratch } from "../check.ts";
import { fillNormal, fillUniform } from "../initialise.ts";
import { Layer } from "../module.ts";
import type { Visitor } from "../module.ts";
import { parameter } from "../parameter.ts";
import type { Parameter } from "../parameter.ts";

export interface LinearOptions {
  /** Default true. */
  readonly bias?: boolean;
  /** Starting weights: PyTorch's uniform by fan-in (default), or normal with this standard deviation and bias 0. */
  readonly initialDeviation?: number;
}

interface Saved {
  readonly x: Tensor;
  readonly shape: LinearShape;
}

/**
 * x [N, inFeatures] to y [N, outFeatures] = x weight^T + bias; weight [outFeatures, inFeatures].
 * @example
 * const linear = new Linear(3, 2).initialise(new Random(1));
 * linear.forward(Tensor.of([1, 2, 3], [1, 3])).shape   // => [1,2]
 */
export class Linear extends Layer<Saved> {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly options: LinearOptions;

  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super();
    checkFields("Linear", options, { bias: flag, initialDeviation: atLeastZero });
    linearShape(1, inFeatures, outFeatures);
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.options = options;
    this.weight = parameter([outFeatures, inFeatures]);
    this.bias = options.bias === false ? undefined : parameter([outFeatures]);
  }

  override initialiseOwn(random: Random): void {
    const deviation = this.options.initialDeviation;
    if (deviation !== undefined) {
      fillNormal(this.weight.value.data, deviation, random);
      this.bias?.value.data.fill(0);
      return;
    }
    const bound = 1 / Math.sqrt(this.inFeatures);
    fillUniform(this.weight.value.data, bound, random);
    if (this.bias !== undefined) fillUniform(this.bias.value.data, bound, random);
  }

  override describe(): string {
    return `Linear ${this.inFeatures}->${this.outFeatures}`;
  }

  #shape(input: Shape): LinearShape {
    checkShape(this.describe(), "input", input);
    if (input.length !== 2 || input[1] !== this.inFeatures) {
      throw new RangeError(`${this.describe()}: input wants [batch,${this.inFeatures}], got ${showShape(input)}`);
    }
    return linearShape(input[0], this.inFeatures, this.outFeatures);
  }

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const shape = this.#shape(x.shape);
    checkPrecision(this.describe(), x, this.weight.value);
    const y = x.like([shape.batch, shape.outFeatures]);
    this.kernels.linearForward(y.data, x.data, this.weight.value.data, this.bias?.value.data ?? null, shape, scratch(linearScratch(shape)));
    this.keep({ x, shape });
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const { x, shape } = this.take();
    checkGradient(this.describe(), dy, [shape.batch, shape.outFeatures]);
    const work = scratch(linearScratch(shape));
    if (!this.weight.frozen) this.kernels.linearBackwardWeight(this.weight.gradient.data, x.data, dy.data, shape, work);
    if (this.bias !== undefined && !this.bias.frozen) this.kernels.linearBackwardBias(this.bias.gradient.data, dy.data, shape);
    const dx = dy.like(x.shape);
    this.kernels.linearBackwardInput(dx.data, dy.data, this.weight.value.data, shape, work);
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    const output = [this.#shape(input).batch, this.outFeatures];
    visitor?.leaf(this, input, output, { macs: input[0] * this.weight.value.size });
    return output;
  }

  lower(graph: GraphBuilder, x: Value): Value {
    const operation = { kind: "linear", weight: graph.constant(this.weight), bias: this.bias && graph.constant(this.bias) } as const;
    return graph.add(this, operation, [x], this.outputShape(x.shape));
  }
}

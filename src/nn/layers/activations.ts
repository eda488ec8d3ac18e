/** Element-wise non-linearities, without parameters. Kernels: relu*, sigmoid*, ... */
import { elementwiseShape } from "../../../kernels/shapes.ts";
import type { ElementwiseShape } from "../../../kernels/shapes.ts";
import type { ActivationKind, GraphBuilder, Value } from "../../graph/graph.ts";
import { check, checkShape, checkTensor, finite, oneOf } from "../../checks.ts";
import type { Floats, Shape, Tensor } from "../../tensor.ts";
import { didYouMean, show } from "../../errors.ts";
import { checkGradient } from "../check.ts";
import { Layer } from "../module.ts";
import type { Module, Visitor } from "../module.ts";

abstract class Elementwise extends Layer<Tensor> {
  protected abstract apply(y: Floats, x: Floats, shape: ElementwiseShape): void;
  protected abstract applyBackward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void;

  forward<A extends Floats>(x: Tensor<A>): Tensor<A> {
    checkTensor(this.describe(), "input", x);
    const y = x.like();
    this.apply(y.data, x.data, elementwiseShape(x.size));
    this.keep(x);
    return y;
  }

  backward<A extends Floats>(dy: Tensor<A>): Tensor<A> {
    const x = this.take();
    checkGradient(this.describe(), dy, x.shape);
    const dx = dy.like();
    this.applyBackward(dx.data, x.data, dy.data, elementwiseShape(x.size));
    return dx;
  }

  outputShape(input: Shape, visitor?: Visitor): Shape {
    checkShape(this.describe(), "input", input);
    visitor?.leaf(this, input, input, {});
    return input;
  }

  protected abstract readonly kind: ActivationKind;

  lower(graph: GraphBuilder, x: Value): Value {
    return graph.add(this, { kind: "activation", activation: this.kind, ...this.line() }, [x], x.shape);
  }

  /** The slope and offset of the functions that have them. */
  protected line(): { readonly slope: number; readonly offset: number } {
    return { slope: 0, offset: 0 };
  }
}

/**
 * max(x, 0); any shape.
 * @example
 * const relu = new ReLU().train();
 * relu.forward(Tensor.of([-1, 2], [2])).data   // => [0,2]
 * relu.backward(Tensor.of([5, 5], [2])).data   // => [0,5]
 */
export class ReLU extends Elementwise {
  protected readonly kind = "relu";
  protected apply(y: Floats, x: Floats, shape: ElementwiseShape): void {
    this.kernels.reluForward(y, x, shape);
  }
  protected applyBackward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void {
    this.kernels.reluBackward(dx, x, dy, shape);
  }
}

/**
 * min(max(x, 0), 6); any shape (Howard et al., arXiv 1704.04861).
 * @example
 * new ReLU6().forward(Tensor.of([-1, 3, 9], [3])).data   // => [0,3,6]
 */
export class ReLU6 extends Elementwise {
  protected readonly kind = "relu6";
  protected apply(y: Floats, x: Floats, shape: ElementwiseShape): void {
    this.kernels.relu6Forward(y, x, shape);
  }
  protected applyBackward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void {
    this.kernels.relu6Backward(dx, x, dy, shape);
  }
}

/**
 * x where positive, negativeSlope * x elsewhere; any shape (Maas et al. 2013).
 * @example
 * new LeakyReLU(0.5).forward(Tensor.of([-2, 2], [2])).data   // => [-1,2]
 */
export class LeakyReLU extends Elementwise {
  protected readonly kind = "leaky_relu";
  readonly negativeSlope: number;

  constructor(negativeSlope: number = 0.01) {
    super();
    check("LeakyReLU", "negativeSlope", negativeSlope, finite);
    this.negativeSlope = negativeSlope;
  }

  protected override line(): { readonly slope: number; readonly offset: number } {
    return { slope: this.negativeSlope, offset: 0 };
  }

  protected apply(y: Floats, x: Floats, shape: ElementwiseShape): void {
    this.kernels.leakyReluForward(y, x, this.negativeSlope, shape);
  }
  protected applyBackward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void {
    this.kernels.leakyReluBackward(dx, x, dy, this.negativeSlope, shape);
  }
}

/**
 * 1 / (1 + exp(-x)); any shape.
 * @example
 * new Sigmoid().forward(Tensor.of([0], [1])).data   // => [0.5]
 */
export class Sigmoid extends Elementwise {
  protected readonly kind = "sigmoid";
  protected apply(y: Floats, x: Floats, shape: ElementwiseShape): void {
    this.kernels.sigmoidForward(y, x, shape);
  }
  protected applyBackward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void {
    this.kernels.sigmoidBackward(dx, x, dy, shape);
  }
}

/**
 * clip(slope * x + offset, 0, 1); the defaults are PyTorch's relu6(x + 3) / 6. Keras had slope 0.2. Any shape.
 * @example
 * new HardSigmoid().forward(Tensor.of([-3, 0, 3], [3])).data   // => [0,0.5,1]
 */
export class HardSigmoid extends Elementwise {
  protected readonly kind = "hard_sigmoid";
  readonly slope: number;
  readonly offset: number;

  constructor(slope: number = 1 / 6, offset: number = 0.5) {
    super();
    check("HardSigmoid", "slope", slope, finite);
    check("HardSigmoid", "offset", offset, finite);
    this.slope = slope;
    this.offset = offset;
  }

  protected override line(): { readonly slope: number; readonly offset: number } {
    return { slope: this.slope, offset: this.offset };
  }

  protected apply(y: Floats, x: Floats, shape: ElementwiseShape): void {
    this.kernels.hardSigmoidForward(y, x, this.slope, this.offset, shape);
  }
  protected applyBackward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void {
    this.kernels.hardSigmoidBackward(dx, x, dy, this.slope, this.offset, shape);
  }
}

/**
 * x * sigmoid(x); any shape (Elfwing et al., arXiv 1702.03118).
 * @example
 * new SiLU().forward(Tensor.of([1], [1])).data[0].toFixed(4)   // => 0.7311
 */
export class SiLU extends Elementwise {
  protected readonly kind = "silu";
  protected apply(y: Floats, x: Floats, shape: ElementwiseShape): void {
    this.kernels.siluForward(y, x, shape);
  }
  protected applyBackward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void {
    this.kernels.siluBackward(dx, x, dy, shape);
  }
}

/**
 * x * relu6(x + 3) / 6; any shape (Howard et al., arXiv 1905.02244, section 5.2).
 * @example
 * new HardSwish().forward(Tensor.of([0, 3], [2])).data   // => [0,3]
 */
export class HardSwish extends Elementwise {
  protected readonly kind = "hard_swish";
  protected apply(y: Floats, x: Floats, shape: ElementwiseShape): void {
    this.kernels.hardSwishForward(y, x, shape);
  }
  protected applyBackward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void {
    this.kernels.hardSwishBackward(dx, x, dy, shape);
  }
}

/**
 * (exp(x) - exp(-x)) / (exp(x) + exp(-x)); any shape.
 * @example
 * new Tanh().forward(Tensor.of([1], [1])).data[0].toFixed(4)   // => 0.7616
 */
export class Tanh extends Elementwise {
  protected readonly kind = "tanh";
  protected apply(y: Floats, x: Floats, shape: ElementwiseShape): void {
    this.kernels.tanhForward(y, x, shape);
  }
  protected applyBackward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void {
    this.kernels.tanhBackward(dx, x, dy, shape);
  }
}

/**
 * x times the normal distribution's share below x; "tanh" approximates it, as PyTorch's option of that name. Any shape (Hendrycks and
 * Gimpel, arXiv 1606.08415).
 * @example
 * new GELU().forward(Tensor.of([1], [1])).data[0].toFixed(4)   // => 0.8413
 */
export class GELU extends Elementwise {
  protected readonly kind: "gelu" | "gelu_tanh";

  constructor(approximate: "none" | "tanh" = "none") {
    super();
    check("GELU", "approximate", approximate, oneOf("none", "tanh"));
    this.kind = approximate === "tanh" ? "gelu_tanh" : "gelu";
  }

  protected apply(y: Floats, x: Floats, shape: ElementwiseShape): void {
    this.kernels[this.kind === "gelu" ? "geluForward" : "geluTanhForward"](y, x, shape);
  }
  protected applyBackward(dx: Floats, x: Floats, dy: Floats, shape: ElementwiseShape): void {
    this.kernels[this.kind === "gelu" ? "geluBackward" : "geluTanhBackward"](dx, x, dy, shape);
  }
}

export type ActivationName = ActivationKind;

const byName: Record<ActivationName, () => Module> = {
  relu: () => new ReLU(),
  relu6: () => new ReLU6(),
  leaky_relu: () => new LeakyReLU(),
  sigmoid: () => new Sigmoid(),
  hard_sigmoid: () => new HardSigmoid(),
  silu: () => new SiLU(),
  hard_swish: () => new HardSwish(),
  tanh: () => new Tanh(),
  gelu: () => new GELU(),
  gelu_tanh: () => new GELU("tanh"),
};

/** The names that `activation` knows, for option tables and messages. */
export const activationNames: readonly ActivationName[] = Object.keys(byName) as ActivationName[];

/** @throws TypeError or RangeError for what is none of the names */
export function checkActivation(operation: string, name: string, value: unknown): void {
  if (typeof value !== "string") {
    throw new TypeError(`${operation}: ${name} wants one of ${activationNames.join(", ")}, got ${show(value)}`);
  }
  if (Object.hasOwn(byName, value)) return;
  throw new RangeError(
    `${operation}: ${name} wants one of ${activationNames.join(", ")}, got ${show(value)}${didYouMean(value, activationNames)}`,
  );
}

/** A fresh layer by name. @throws RangeError for an unknown name. */
export function activation(name: ActivationName): Module {
  if (!Object.hasOwn(byName, name)) {
    throw new RangeError(`activation wants one of ${activationNames.join(", ")}, got "${name}"${didYouMean(name, activationNames)}`);
  }
  return byName[name]();
}

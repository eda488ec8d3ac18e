/** What a model learns (Parameter) and what it merely keeps (Statistic). */
import { check, checkTensor, flag, has, isTensor } from "../checks.ts";
import { Tensor, isDouble, sizeOf } from "../tensor.ts";
import type { Floats, Shape } from "../tensor.ts";

/**
 * A tensor that training changes, with its gradient. In the state dict.
 * @example
 * const { weight } = new Linear(4, 2).initialise(new Random(1));
 * [weight.value.shape, weight.hasGradient]   // => [[2,4],false]
 */
export class Parameter<A extends Floats = Floats> {
  value: Tensor<A>;
  /** Sum of the gradients since the last `clearGradient`; made when the first one arrives. */
  #gradient: Tensor<A> | undefined;
  /** A frozen parameter gets no gradient, and optimisers leave it alone. */
  frozen = false;

  constructor(value: Tensor<A>) {
    checkTensor("Parameter", "value", value);
    this.value = value;
  }

  /** The accumulated gradient, zeros at first. */
  get gradient(): Tensor<A> {
    return (this.#gradient ??= this.value.like());
  }

  get hasGradient(): boolean {
    return this.#gradient !== undefined;
  }

  clearGradient(): void {
    this.#gradient?.data.fill(0);
  }

  /** Changes the precision in place; the gradient is dropped. */
  cast(double: boolean): void {
    check("Parameter.cast", "double", double, flag);
    if (isDouble(this.value.data) === double) return;
    this.value = (double ? this.value.toFloat64() : this.value.toFloat32()) as Tensor<Floats> as Tensor<A>;
    this.#gradient = undefined;
  }
}

/** Is it a parameter, of this copy of the package or of another? */
export function isParameter(value: unknown): value is Parameter {
  const { value: tensor, clearGradient } = Object(value) as Partial<Record<"value" | "clearGradient", unknown>>;
  return typeof clearGradient === "function" && isTensor(tensor);
}

/** Is it a statistic, of this copy of the package or of another? */
export function isStatistic(value: unknown): value is Statistic {
  return has(value, "cast") && !has(value, "clearGradient") && isTensor((value as Statistic).value);
}

/** How large a model may become while it is built. */
export interface ModelLimit {
  /** Parameters, each of them a tensor. */
  readonly parameters: number;
  /** Values of all of them. */
  readonly values: number;
}

/** A model would be larger than `withLimit` allows. */
export class OversizeError extends RangeError {
  override readonly name = "OversizeError";
}

let limit: { parameters: number; values: number } | undefined;

/**
 * Builds a model under a limit, for descriptions that a stranger wrote: nothing that exceeds it is allocated.
 * @throws OversizeError where the model would be larger
 */
export function withLimit<T>(most: ModelLimit, build: () => T): T {
  const before = limit;
  limit = { ...most };
  try {
    return build();
  } finally {
    limit = before;
  }
}

/** A parameter of zeros in float32. @throws OversizeError where `withLimit` allows no more */
export function parameter(shape: Shape): Parameter {
  if (limit !== undefined) {
    limit.parameters--;
    limit.values -= sizeOf(shape);
    if (!(limit.parameters >= 0 && limit.values >= 0)) throw new OversizeError("the model is larger than it may become");
  }
  return new Parameter<Floats>(Tensor.zeros(shape));
}

/**
 * A tensor that is kept in the state dict but not trained (PyTorch calls it a buffer): running means and variances.
 * @example
 * new BatchNorm2d(8).runningMean instanceof Statistic   // => true
 */
export class Statistic {
  value: Tensor;

  constructor(value: Tensor) {
    checkTensor("Statistic", "value", value);
    this.value = value;
  }

  cast(double: boolean): void {
    check("Statistic.cast", "double", double, flag);
    if (isDouble(this.value.data) !== double) this.value = double ? this.value.toFloat64() : this.value.toFloat32();
  }
}

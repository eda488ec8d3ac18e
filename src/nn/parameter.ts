/** What a model learns (Parameter) and what it merely keeps (Statistic). */
import { Tensor, isDouble } from "../tensor.ts";
import type { Floats, Shape } from "../tensor.ts";

/** A tensor that training changes, with its gradient. In the state dict. */
export class Parameter<A extends Floats = Floats> {
  value: Tensor<A>;
  /** Sum of the gradients since the last `clearGradient`; made when the first one arrives. */
  #gradient: Tensor<A> | undefined;
  /** A frozen parameter gets no gradient, and optimisers leave it alone. */
  frozen = false;

  constructor(value: Tensor<A>) {
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
    if (isDouble(this.value.data) === double) return;
    this.value = (double ? this.value.toFloat64() : this.value.toFloat32()) as Tensor<Floats> as Tensor<A>;
    this.#gradient = undefined;
  }
}

/** A parameter of zeros in float32. */
export function parameter(shape: Shape): Parameter {
  return new Parameter<Floats>(Tensor.zeros(shape));
}

/** A tensor that is kept in the state dict but not trained (PyTorch calls it a buffer): running means and variances. */
export class Statistic {
  value: Tensor;

  constructor(value: Tensor) {
    this.value = value;
  }

  cast(double: boolean): void {
    if (isDouble(this.value.data) !== double) this.value = double ? this.value.toFloat64() : this.value.toFloat32();
  }
}

/** Probabilities of logits. Kernel: softmaxForward. */
import { softmaxForward } from "../../kernels/plain/index.ts";
import { crossEntropyShape } from "../../kernels/shapes.ts";
import { isTensor } from "../checks.ts";
import { show } from "../errors.ts";
import type { Floats, Tensor } from "../tensor.ts";
import { showShape } from "../tensor.ts";

/**
 * logits [N, classes] to probabilities of the same shape, each row summing to 1.
 * @throws RangeError for another rank; TypeError for what is no Tensor
 * @example
 * softmax(Tensor.of([0, Math.log(3)], [1, 2])).data.map((p) => Math.round(100 * p))   // => [25,75]
 */
export function softmax<A extends Floats>(logits: Tensor<A>): Tensor<A> {
  if (!isTensor(logits)) throw new TypeError(`softmax: logits want a Tensor, got ${show(logits)}`);
  if (logits.shape.length !== 2) throw new RangeError(`softmax: logits want [batch,classes], got ${showShape(logits.shape)}`);
  const y = logits.like();
  softmaxForward(y.data, logits.data, crossEntropyShape(logits.shape[0], logits.shape[1]));
  return y;
}

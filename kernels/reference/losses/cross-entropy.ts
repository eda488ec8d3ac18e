/**
 * Softmax, and the cross-entropy of a softmax with the true class.
 *
 *   logits, probabilities [batch, classes, pixels],  labels, loss [batch, pixels];  pixels = 1 where whole images are classified
 *
 *   probabilities[n,k,p] = exp(logits[n,k,p]) / sum over j of exp(logits[n,j,p])
 *   loss[n,p] = - sum over k of target[k] * log(probabilities[n,k,p])
 *
 * target is (1 - smoothing) at the label plus smoothing / classes everywhere: label smoothing, Szegedy et al.
 * (arXiv 1512.00567), section 7.
 */
import { exp, log } from "../../math.ts";
import type { CrossEntropyShape, Floats } from "../../shapes.ts";

/** The largest logit is taken off first: the quotient is the same, and exp cannot overflow. */
export function softmaxForward(probabilities: Floats, logits: Floats, shape: CrossEntropyShape): void {
  const { batch, classes, pixels } = shape;
  for (let n = 0; n < batch; n++) {
    for (let p = 0; p < pixels; p++) {
      const max = largest(logits, n, p, shape);
      let sum = 0;
      for (let k = 0; k < classes; k++) sum += exp(logits[(n * classes + k) * pixels + p] - max);
      for (let k = 0; k < classes; k++) {
        const at = (n * classes + k) * pixels + p;
        probabilities[at] = exp(logits[at] - max) / sum;
      }
    }
  }
}

/**
 * Writes both the loss and the probabilities. The logarithm is taken of the sum, not of the probabilities, which may have
 * vanished: log(probability) = logit - max - log(sum of exp(logit - max)).
 */
export function crossEntropyForward(
  loss: Floats, probabilities: Floats, logits: Floats, labels: Int32Array, shape: CrossEntropyShape,
): void {
  const { batch, classes, pixels, smoothing } = shape;
  softmaxForward(probabilities, logits, shape);
  for (let n = 0; n < batch; n++) {
    for (let p = 0; p < pixels; p++) {
      const max = largest(logits, n, p, shape);
      let sum = 0;
      for (let k = 0; k < classes; k++) sum += exp(logits[(n * classes + k) * pixels + p] - max);
      const logSum = log(sum);
      let total = 0;
      for (let k = 0; k < classes; k++) {
        const target = (k === labels[n * pixels + p] ? 1 - smoothing : 0) + smoothing / classes;
        // A class without a target adds nothing, even where its logit is -Infinity.
        if (target !== 0) total -= target * (logits[(n * classes + k) * pixels + p] - max - logSum);
      }
      loss[n * pixels + p] = total;
    }
  }
}

/**
 * Forward was loss = - sum of target[k] * (logit[k] - log(sum of exp(logit))), and the targets add up to 1, hence
 * dlogit[k] = probability[k] - target[k], times the weight `scale` of this loss in the whole.
 */
export function crossEntropyBackward(
  dlogits: Floats, probabilities: Floats, labels: Int32Array, scale: number, shape: CrossEntropyShape,
): void {
  const { batch, classes, pixels, smoothing } = shape;
  for (let n = 0; n < batch; n++) {
    for (let k = 0; k < classes; k++) {
      for (let p = 0; p < pixels; p++) {
        const target = (k === labels[n * pixels + p] ? 1 - smoothing : 0) + smoothing / classes;
        const at = (n * classes + k) * pixels + p;
        dlogits[at] += scale * (probabilities[at] - target);
      }
    }
  }
}

/** The largest logit of pixel p of image n. */
export function largest(logits: Floats, n: number, p: number, shape: CrossEntropyShape): number {
  const { classes, pixels } = shape;
  let max = -Infinity;
  for (let k = 0; k < classes; k++) max = Math.max(max, logits[(n * classes + k) * pixels + p]);
  return max;
}

/**
 * The cross-entropy of a softmax with shares of classes, where cross-entropy.ts has one class a label: what mixed images are trained on
 * (mixup, Zhang et al., arXiv 1710.09412, section 2).
 *
 *   logits, probabilities [batch, classes, pixels],  shares [batch, pixels, classes],  loss [batch, pixels]
 *
 *   loss[n,p] = - sum over k of target[k] * log(probabilities[n,k,p]),   target[k] = (1 - smoothing) * shares[n,p,k] + smoothing / classes
 *
 * The shares of a row add up to 1, so the targets do. The loss is linear in them: of a share s of one class and 1 - s of another it is s
 * times the one's loss and 1 - s times the other's, each with its smoothing.
 */
import { exp, log } from "../../math.ts";
import type { CrossEntropyShape, Floats } from "../../shapes.ts";
import { largest, softmaxForward } from "./cross-entropy.ts";

/** Writes both the loss and the probabilities; with the logarithm of the sum, as crossEntropyForward has it. */
export function softCrossEntropyForward(
  loss: Floats, probabilities: Floats, logits: Floats, shares: Floats, shape: CrossEntropyShape,
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
        const target = (1 - smoothing) * shares[(n * pixels + p) * classes + k] + smoothing / classes;
        // A class without a target adds nothing, even where its logit is -Infinity.
        if (target !== 0) total -= target * (logits[(n * classes + k) * pixels + p] - max - logSum);
      }
      loss[n * pixels + p] = total;
    }
  }
}

/** As crossEntropyBackward: dlogit[k] = probability[k] - target[k], times the weight `scale` of this loss in the whole. */
export function softCrossEntropyBackward(
  dlogits: Floats, probabilities: Floats, shares: Floats, scale: number, shape: CrossEntropyShape,
): void {
  const { batch, classes, pixels, smoothing } = shape;
  for (let n = 0; n < batch; n++) {
    for (let k = 0; k < classes; k++) {
      for (let p = 0; p < pixels; p++) {
        const target = (1 - smoothing) * shares[(n * pixels + p) * classes + k] + smoothing / classes;
        const at = (n * classes + k) * pixels + p;
        dlogits[at] += scale * (probabilities[at] - target);
      }
    }
  }
}

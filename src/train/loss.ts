/** The loss of a batch: softmax cross-entropy, averaged over the labels. Kernels: crossEntropy*, softCrossEntropy*. */
import { check, checkTensor, kernelFamily } from "../checks.ts";
import type { Kernels } from "../../kernels/contract.ts";
import { crossEntropyShape } from "../../kernels/shapes.ts";
import { checkLabels, isShares } from "../session/training/labels.ts";
import { checkClassWeights, writeTargets } from "../session/training/targets.ts";
import { Tensor, showShape, sizeOf } from "../tensor.ts";
import type { Floats } from "../tensor.ts";

/** What the forward pass of a loss gives. */
export interface Loss<A extends Floats = Floats> {
  /** Mean over all labels. */
  readonly value: number;
  /** Softmax of the logits, in their shape. */
  readonly probabilities: Tensor<A>;
  /** The gradient of `value` by the logits, in their shape: where a model's backward pass begins. */
  gradient(): Tensor<A>;
}

/**
 * Cross-entropy of logits [N, classes] with labels [N], or of [N, classes, H, W] with [N * H * W] (one label a pixel).
 * @param labels classes; or instead of each label the shares of all classes, a row [classes] that adds up to 1, as mixed images have them
 * @param smoothing label smoothing (Szegedy et al., arXiv 1512.00567, section 7), from 0 to 1; of shares too.
 * @param classWeights what each class counts, one number of at least 0 a class, as PyTorch's CrossEntropyLoss(weight): the mean is divided
 * by the sum of the labels' weights, or by the number of labels where they are shares (session/training/targets.ts has the formula)
 * @throws TypeError unless labels is an Int32Array or holds floats; RangeError for a label that is no class, for shares that are none,
 * another number of labels, or weights that are none.
 * @example
 * const { kernels } = new ReLU();
 * const loss = crossEntropy(kernels, Tensor.of([0, 0], [1, 2]), Int32Array.of(1));
 * [loss.value.toFixed(4), loss.gradient().data]   // => ["0.6931",[0.5,-0.5]]
 */
export function crossEntropy<A extends Floats>(
  kernels: Kernels, logits: Tensor<A>, labels: Int32Array | Floats, smoothing: number = 0, classWeights?: ArrayLike<number>,
): Loss<A> {
  check("crossEntropy", "kernels", kernels, kernelFamily);
  checkTensor("crossEntropy", "logits", logits);
  if (logits.shape.length < 2) throw new RangeError(`crossEntropy: logits wants [batch,classes] or more, got ${showShape(logits.shape)}`);
  const [batch, classes] = logits.shape;
  const pixels = sizeOf(logits.shape.slice(2));
  if (classWeights !== undefined) return weighted(kernels, logits, labels, smoothing, classWeights);
  const shape = crossEntropyShape(batch, classes, pixels, smoothing);
  const losses = logits.like([batch, pixels]);
  const probabilities = logits.like();
  let backward: (gradient: A, scale: number) => void;
  checkLabels("crossEntropy", labels, batch * pixels, classes);
  if (isShares(labels)) {
    const shares = logits.like();
    shares.data.set(labels);
    kernels.softCrossEntropyForward(losses.data, probabilities.data, logits.data, shares.data, shape);
    backward = (gradient, scale) => kernels.softCrossEntropyBackward(gradient, probabilities.data, shares.data, scale, shape);
  } else {
    kernels.crossEntropyForward(losses.data, probabilities.data, logits.data, labels, shape);
    backward = (gradient, scale) => kernels.crossEntropyBackward(gradient, probabilities.data, labels, scale, shape);
  }
  let sum = 0;
  for (let i = 0; i < losses.size; i++) sum += losses.data[i];
  return {
    value: sum / losses.size,
    probabilities,
    gradient(): Tensor<A> {
      const gradient = logits.like();
      backward(gradient.data, 1 / losses.size);
      return gradient;
    },
  };
}

/** With weights of classes: the loss of shares, whose rows count what `writeTargets` says. */
function weighted<A extends Floats>(
  kernels: Kernels, logits: Tensor<A>, labels: Int32Array | Floats, smoothing: number, classWeights: ArrayLike<number>,
): Loss<A> {
  const [batch, classes] = logits.shape;
  const pixels = sizeOf(logits.shape.slice(2));
  checkClassWeights("crossEntropy", classWeights, classes);
  checkLabels("crossEntropy", labels, batch * pixels, classes);
  // Smoothing is in the targets.
  crossEntropyShape(batch, classes, pixels, smoothing);
  const shape = crossEntropyShape(batch, classes, pixels);
  const losses = logits.like([batch, pixels]);
  const probabilities = logits.like();
  const targets = logits.like();
  const counts = new Float64Array(batch * pixels);
  const divisor = writeTargets(targets.data, counts, labels, classes, { smoothing, classWeights });
  kernels.softCrossEntropyForward(losses.data, probabilities.data, logits.data, targets.data, shape);
  let sum = 0;
  for (let i = 0; i < losses.size; i++) if (counts[i] !== 0) sum += counts[i] * losses.data[i];
  return {
    value: sum / divisor,
    probabilities,
    gradient(): Tensor<A> {
      const gradient = logits.like();
      kernels.softCrossEntropyBackward(gradient.data, probabilities.data, targets.data, 1, shape);
      for (let i = 0; i < gradient.size; i++) {
        gradient.data[i] *= counts[Math.floor(i / (classes * pixels)) * pixels + (i % pixels)] / divisor;
      }
      return gradient;
    },
  };
}

/**
 * The class with the largest logit, the first of equals: of every image where logits are [N, classes], of every pixel of [N, classes, H,
 * W].
 */
export function predictions(logits: Tensor): Int32Array {
  if (logits.shape.length < 2) throw new RangeError(`predictions: logits wants [batch,classes] or more, got ${showShape(logits.shape)}`);
  const [batch, classes] = logits.shape;
  const pixels = sizeOf(logits.shape.slice(2));
  const found = new Int32Array(batch * pixels);
  for (let n = 0; n < batch; n++) {
    for (let p = 0; p < pixels; p++) {
      const first = n * classes * pixels + p;
      let best = 0;
      for (let k = 1; k < classes; k++) if (logits.data[first + k * pixels] > logits.data[first + best * pixels]) best = k;
      found[n * pixels + p] = best;
    }
  }
  return found;
}

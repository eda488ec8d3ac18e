/** How good a model is on a data set. */
import { checkModule } from "../nn/check.ts";
import type { ArgumentKind } from "../checks.ts";
import { callback, checkFields, checkTensor, whole } from "../checks.ts";
import type { Module } from "../nn/module.ts";
import { Batcher } from "./data/augment.ts";
import type { Normalisation } from "./data/augment.ts";
import type { Dataset } from "./data/dataset.ts";
import { Tensor } from "../tensor.ts";
import { crossEntropy, predictions } from "./loss.ts";
import { Confusion } from "./metrics.ts";

export interface Evaluation {
  /** Mean cross-entropy, without smoothing. */
  readonly loss: number;
  /** 0 to 1. */
  readonly accuracy: number;
  readonly confusion: Confusion;
}

/** What a model said to a batch. */
export interface Answers {
  /** Number of the batch's first image in the data set. */
  readonly first: number;
  readonly labels: Int32Array;
  readonly predictions: Int32Array;
  /** Softmax of the logits, [batch,classes,...]. */
  readonly probabilities: Tensor;
}

export interface EvaluateOptions {
  /** Images at a time; the accuracy does not depend on it. Default 100. */
  readonly batch?: number;
  /** Instead of the eager forward pass, such as a session's `run`. It gets batches of `batch` images always; the last one is filled up. */
  readonly forward?: (x: Tensor<Float32Array>) => Tensor<Float32Array>;
  /** Called after every batch with the number of images done. */
  readonly progress?: (done: number, total: number) => void;
  /** Called after every batch with what the model said to it. */
  readonly answers?: (answers: Answers) => void;
}

/**
 * Runs all images of `data` through `model` in evaluation mode; the model's mode is as before afterwards. The loss is the mean over labels,
 * in nats; accuracies are shares from 0 to 1.
 * @throws RangeError for a batch that is no whole number of at least 1, or where the model cannot take such images
 * @example
 * const data = new Dataset(new Uint8Array(4 * 16), [4, 1, 4, 4], Int32Array.of(0, 1, 0, 1), ["dark", "bright"]);
 * const model = new Sequential(new Flatten(), new Linear(16, 2));
 * evaluate(model, data, { mean: [0.5], std: [0.25] }).accuracy   // => 0.5
 */
export function evaluate(model: Module, data: Dataset, normalisation: Normalisation, options: EvaluateOptions = {}): Evaluation {
  const steps = evaluation(model, data, normalisation, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same for images that are decoded when they are wanted (`Dataset.load`): a batch of them at a time. */
export async function evaluateLoading(
  model: Module, data: Dataset, normalisation: Normalisation, options: EvaluateOptions = {},
): Promise<Evaluation> {
  const steps = evaluation(model, data, normalisation, options);
  try {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      await data.load(step.value);
    }
  } finally {
    // The model's mode is as before, also where a picture could not be read.
    steps.return({ loss: NaN, accuracy: NaN, confusion: new Confusion(1) });
  }
}

/** Gives the images of each batch before it looks at them. */
function* evaluation(
  model: Module, data: Dataset, normalisation: Normalisation, options: EvaluateOptions,
): Generator<Int32Array, Evaluation, void> {
  const known: Record<keyof EvaluateOptions, ArgumentKind> = { batch: whole(), forward: callback, progress: callback, answers: callback };
  checkFields("evaluate", options, known);
  const { batch = 100, progress, answers, forward } = options;
  checkModule("evaluate", model);
  const batcher = new Batcher(data, normalisation);
  const confusion = new Confusion(data.classes.length);
  const modes = [...model.tree()].map((module) => [module, module.training] as const);
  model.evaluate();
  let loss = 0;
  try {
    for (let start = 0; start < data.size; start += batch) {
      const count = Math.min(batch, data.size - start);
      const indices = Int32Array.from({ length: count }, (_, i) => start + i);
      yield indices;
      const { x, labels } = batcher.unaugmented(indices);
      const logits = forward === undefined ? model.forward(x) : some(checked(forward(filled(x, batch))), count);
      const { value, probabilities } = crossEntropy(model.kernels, logits, labels);
      const predicted = predictions(logits);
      loss += value * count;
      confusion.add(labels, predicted);
      answers?.({ first: start, labels, predictions: predicted, probabilities });
      progress?.(start + count, data.size);
    }
  } finally {
    for (const [module, training] of modes) module.training = training;
  }
  return { loss: loss / data.size, accuracy: confusion.accuracy, confusion };
}

function checked(y: Tensor<Float32Array>): Tensor<Float32Array> {
  checkTensor("evaluate", "what forward returns", y);
  return y;
}

function filled(x: Tensor<Float32Array>, batch: number): Tensor<Float32Array> {
  if (x.shape[0] === batch) return x;
  const full = Tensor.zeros([batch, ...x.shape.slice(1)]);
  full.data.set(x.data);
  return full;
}

/** The first `count` of a batch. */
function some(y: Tensor<Float32Array>, count: number): Tensor<Float32Array> {
  const [batch, ...rest] = y.shape;
  return batch === count ? y : new Tensor(y.data.slice(0, (y.size / batch) * count), [count, ...rest]);
}

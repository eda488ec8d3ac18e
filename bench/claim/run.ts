/** One run: trains a variant from a seed, measures it on the held-out images, and tells what it cost. */
import process from "node:process";
import { createModel } from "../../models/index.ts";
import { summarise } from "../../src/nn/summary.ts";
import { compileSync } from "../../src/session/session.ts";
import { compileTrainingSync } from "../../src/session/training/training-session.ts";
import { pixelStatistics } from "../../src/train/data/dataset.ts";
import type { Dataset } from "../../src/train/data/dataset.ts";
import { evaluate } from "../../src/train/evaluate.ts";
import { cosine } from "../../src/train/optimisers/schedule.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { recipe } from "./experiments.ts";
import type { Recipe, Variant } from "./experiments.ts";

/** One line of the record. */
export interface Result {
  readonly model: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly recipe: Readonly<Record<string, number>>;
  readonly seed: number;
  /** On the held-out images, 0 to 1. */
  readonly accuracy: number;
  readonly loss: number;
  /** On the training images of the last epoch, augmented. */
  readonly trainingLoss: number;
  readonly parameters: number;
  /** Of convolutions and linear layers, those of SE blocks too, of one image. */
  readonly macs: number;
  /** Processor time of the training: other work on the machine does not lengthen it much. */
  readonly cpuSeconds: number;
  readonly seconds: number;
  /**
   * Accuracy on other versions of held-out images, by the name of the change and in the order of its strengths, where they were asked for.
   */
  readonly changed?: Readonly<Record<string, readonly number[]>>;
}

/** Versions of held-out images: one data set a strength. */
export type Changes = Readonly<Record<string, readonly Dataset[]>>;

const processorSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Does the line come from the same variant, recipe and seed? */
export function sameRun(result: Result, variant: Variant, seed: number, expected: Recipe = recipe): boolean {
  const of = (model: string, options: object, settings: object, s: number): string => JSON.stringify([
    model, Object.entries(options).sort(), Object.entries(settings).sort(), s,
  ]);
  return of(result.model, result.options, result.recipe, result.seed) === of(variant.model, variant.options, expected, seed);
}

/** @param progress gets the epoch's number and the loss after every epoch */
export async function run(
  variant: Variant, seed: number, data: { readonly training: Dataset; readonly held: Dataset },
  progress: (epoch: number, loss: number) => void, settings: Recipe = recipe, changes?: Changes,
): Promise<Result> {
  const { epochs, batch, rate, momentum, weightDecay, smoothing, warmup, average, crop } = settings;
  const { training, held } = data;
  const shape = training.shape.slice(1);
  const model = createModel(variant.model, variant.options, seed);
  const { macs, seMacs } = summarise(model, [1, ...shape]);
  const normalisation = pixelStatistics(training);
  const session = compileTrainingSync(model, {
    input: [batch, ...shape], optimiser: { method: "sgd", momentum, weightDecay, nesterov: true }, numerics: "exact", threads: 1, smoothing,
    average,
  });
  const steps = Math.floor(training.size / batch);
  const trainer = new Trainer({
    model, session, schedule: cosine({ peak: rate, steps: epochs * steps, warmup: Math.round(warmup * steps) }), data: training,
    normalisation,
    augmentation: { flip: true, crop }, batch, seed,
  });
  const [begin, cpuBegin] = [performance.now(), processorSeconds()];
  let trainingLoss = Number.NaN;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    trainingLoss = (await trainer.trainEpoch()).epochLoss;
    progress(epoch, trainingLoss);
  }
  const [seconds, cpuSeconds] = [(performance.now() - begin) / 1000, processorSeconds() - cpuBegin];
  trainer.pull({ average: true });
  session.close();
  const inference = compileSync(model.evaluate(), { input: [batch, ...shape], numerics: "exact" });
  const measured = (images: Dataset) => evaluate(model, images, normalisation, { batch, forward: (x) => inference.run(x) });
  const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
  const { accuracy, loss } = measured(held);
  const changed = changes === undefined ? undefined : Object.fromEntries(Object.entries(changes).map(
    ([name, strengths]) => [name, strengths.map((images) => rounded(measured(images).accuracy, 5))]));
  inference.close();
  return {
    model: variant.model, options: variant.options, recipe: settings, seed, accuracy, loss: rounded(loss, 5),
    trainingLoss: rounded(trainingLoss, 5),
    parameters: model.parameterCount(), macs: macs + seMacs, cpuSeconds: rounded(cpuSeconds, 1), seconds: rounded(seconds, 1),
    ...(changed === undefined ? {} : { changed }),
  };
}

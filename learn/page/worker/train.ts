/**
 * A worker that trains: a tiny SE-ResNet learns four textures, and says after every few steps how far it is. Between steps it listens, so
 * that it can be stopped.
 */
import { gatesOf } from "../../../src/graph/gates.ts";
import type { Preprocessing } from "../../../src/io/images/preprocess.ts";
import { lower } from "../../../src/nn/lower.ts";
import { compileTraining } from "../../../src/session/training/training-session.ts";
import { Tensor } from "../../../src/tensor.ts";
import { saveWeights } from "../../../src/weights/weights.ts";
import { drawTextures, textures } from "../../shared/textures.ts";
import type { TrainingNews, TrainingOrder } from "../messages.ts";
import { smallResnet } from "./own.ts";
import { compile } from "./sessions.ts";

const batch = 32;
const tests = 256;
/** Steps between two messages, and between two looks at new pictures. */
const often = 2;
const seldom = 20;

/** So that black to white is about what the textures are. */
const preprocessing: Preprocessing = { size: [16, 16], interpolation: "bilinear", channels: "gray", mean: [0.5], std: [0.4] };

let stopped = false;
const say = (news: TrainingNews): void => self.postMessage(news);
/** Lets messages in. */
const breathe = (): Promise<void> => new Promise((resume) => setTimeout(resume, 0));

async function train(steps: number, seed: number, rate: number): Promise<void> {
  const began = performance.now();
  const model = smallResnet("se_resnet8", { classes: textures.length, inChannels: 1, width: 4, reduction: 4 }, seed);
  const training = await compileTraining(model, {
    input: [batch, 1, 16, 16], optimiser: { method: "sgd", nesterov: true, weightDecay: 1e-4 }, numerics: "exact", threads: 1 });
  const gates = gatesOf(lower(model, [1, 1, 16, 16])).map(({ name }) => name);
  const probe = new Tensor(drawTextures(4, 77).images.slice(0, 256), [1, 1, 16, 16]);
  const looking = await compile(model, { input: [1, 1, 16, 16], observe: gates, numerics: "exact", threads: 1 });
  const testing = await compile(model, { input: [tests, 1, 16, 16], numerics: "exact", threads: 1 });
  const unseen = drawTextures(tests, 500);
  const accuracy = (): number => {
    testing.refresh();
    const { data } = testing.run(new Tensor(unseen.images, [tests, 1, 16, 16]));
    const classes = textures.length;
    return unseen.labels.reduce((right, label, n) => {
      const scores = data.subarray(n * classes, (n + 1) * classes);
      return right + (scores.indexOf(Math.max(...scores)) === label ? 1 : 0);
    }, 0) / tests;
  };
  let losses: number[] = [];
  for (let step = 1; step <= steps && !stopped; step++) {
    const { images, labels } = drawTextures(batch, seed * 100_000 + step);
    losses.push(training.trainStep(new Tensor(images, [batch, 1, 16, 16]), labels, rate * (1 - (step - 1) / steps)));
    if (step % often !== 0 && step !== steps) continue;
    training.pull();
    looking.refresh();
    const seen = looking.run({ input: probe });
    say({
      news: "step", step, losses: Float32Array.from(losses), accuracy: step % seldom === 0 ? accuracy() : undefined,
      gates: gates.map((name) => seen[name].data) });
    losses = [];
    await breathe();
  }
  training.pull();
  const weights = saveWeights(model, { classes: textures, preprocessing });
  say({ news: "end", weights, accuracy: accuracy(), milliseconds: performance.now() - began, kernels: training.kernels });
  for (const session of [training, looking, testing]) session.close();
}

export function hearOrder(order: TrainingOrder): void {
  stopped = order.order === "stop";
  if (order.order === "begin") {
    train(order.steps, order.seed, order.rate).catch((error: Error) => say({ news: "failure", message: error.message }));
  }
}

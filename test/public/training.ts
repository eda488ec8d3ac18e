/** Training: data sets, optimisers, schedules, losses, the trainer, checkpoints. */
import * as plain from "../../kernels/plain/index.ts";
import { Random } from "../../kernels/random.ts";
import * as senet from "../../src/index.ts";
import { Optimiser } from "../../src/train/optimisers/optimiser.ts";
import { Tensor } from "../../src/tensor.ts";
import { normalisation, quarters, tinyModel, tinyTrainer } from "../train/tiny.ts";
import { callable, constructible, method } from "./entry.ts";
import type { Entry } from "./entry.ts";
import { argument, kinds, maybe, options } from "./wrong.ts";
import type { Kind } from "./wrong.ts";

const { strict, flag, positive, large } = kinds;
const data = (): senet.Dataset => quarters(8, 1);
const parameters = (): ReadonlyMap<string, senet.Parameter> => new senet.Linear(4, 2).namedParameters();
const picture = (): { data: Uint8Array; width: number; height: number } => ({ data: new Uint8Array(16), width: 2, height: 2 });
const logits = (): Tensor => Tensor.of([1, 2, 3, 4], [2, 2]);
const decay: Readonly<Record<string, Kind>> = { weightDecay: positive, decays: kinds.function };
const adam: Readonly<Record<string, Kind>> = { ...decay, betas: strict, epsilon: positive, decoupled: flag };
const peak: Readonly<Record<string, Kind>> = { peak: positive, warmup: large };
const checkpoint = (): ReturnType<typeof senet.readCheckpoint> => senet.readCheckpoint(senet.writeCheckpoint(tinyTrainer()));
const geometry: Readonly<Record<string, Kind>> = { size: strict, resize: strict, interpolation: strict, order: strict, channels: strict };

const optimiser = (): senet.Sgd => new senet.Sgd(parameters());

export const training: readonly Entry[] = [
  constructible("Dataset", senet.Dataset, [
    argument("images", strict, () => new Uint8Array(8)),
    argument(/shape|image/, strict, () => [2, 1, 2, 2]),
    argument("label", strict, () => new Int32Array(2)),
    argument("class", kinds.texts, () => ["a", "b"]),
    argument("original", maybe(strict), () => undefined),
  ]),
  callable("Dataset.fromImages", senet.Dataset.fromImages, [
    argument(/image|picture/, strict, () => [picture(), picture()]),
    argument("label", strict, () => [0, 1]),
    argument("class", kinds.texts, () => ["a", "b"]),
    options(geometry, {}, /geometry|option/),
    options({ keep: flag }),
  ]),
  method("Dataset", data, "select", [argument("indices", ["Int8Array", "Float64Array"], () => [0, 1])]),
  method("Dataset", data, "image", [argument("index", strict, () => 1)]),
  method("Dataset", data, "original", [argument("index", strict, () => 1)]),
  method("Dataset", data, "load", [argument("indices", kinds.numbers, () => [0, 1]), argument("whole", maybe(flag), () => true)]),
  method("Dataset", data, "relabelled", [
    argument("label", strict, () => new Int32Array(8)), argument("class", kinds.texts, () => ["a", "b"]),
  ]),
  method("Dataset", data, "concat", [argument("other", strict, data)]),
  method("Dataset", data, "split", [argument(/split|count|image/, strict, () => 2), argument("random", strict, () => new Random(1))]),
  callable("datasetFromIdx", senet.datasetFromIdx, [
    argument("images", strict, () => ({ shape: [2, 2, 2], data: new Uint8Array(8) })),
    argument("labels", strict, () => ({ shape: [2], data: Uint8Array.of(0, 1) })),
    argument("class", maybe(kinds.texts), () => ["a", "b"]),
  ]),
  callable("pixelStatistics", senet.pixelStatistics, [argument("data", strict, data)]),
  callable("crossEntropy", senet.crossEntropy, [
    argument("kernels", strict, () => plain),
    argument(/logits|classWeights/, strict, logits),
    argument("labels", strict, () => Int32Array.of(0, 1)),
    argument("smoothing", maybe(strict), () => 0.1),
    argument(/classWeights/, maybe(strict), () => [1, 2]),
  ]),
  constructible("Sgd", senet.Sgd, [argument("parameters", strict, parameters), options({ ...decay, momentum: strict, nesterov: flag })]),
  constructible("Adam", senet.Adam, [argument("parameters", strict, parameters), options(adam)]),
  constructible("AdamW", senet.AdamW, [argument("parameters", strict, parameters), options(adam)]),
  { of: Optimiser, name: "Optimiser", call: () => undefined, arguments: [] },
  method("Optimiser", optimiser, "step", [argument("rate", [...positive], () => 0.1)]),
  method("Optimiser", optimiser, "loadState", [argument("state", strict, () => optimiser().state())]),
  callable("constant", senet.constant, [options(peak, { peak: 0.1 })]),
  callable("cosine", senet.cosine, [
    options({ ...peak, steps: large, floor: positive, restarts: large, factor: positive }, { peak: 0.1, steps: 10 }),
  ]),
  callable("steps", senet.steps, [
    options({ ...peak, milestones: kinds.list, factor: positive }, { peak: 0.1, milestones: [3, 5] }, /option|milestone/),
  ]),
  callable("evaluate", senet.evaluate, [
    argument("model", strict, tinyModel),
    argument("data", strict, data),
    argument(/normalisation/, strict, () => normalisation),
    options({ batch: large, forward: kinds.function, progress: kinds.function, answers: kinds.function }),
  ]),
  constructible("Confusion", senet.Confusion, [argument("classes", strict, () => 2)]),
  method("Confusion", () => new senet.Confusion(2), "add", [
    argument("labels", strict, () => Int32Array.of(0, 1)),
    argument("predictions", strict, () => Int32Array.of(0, 1)),
  ]),
  constructible("FormatError", senet.FormatError, []),
  constructible("UnsupportedError", senet.UnsupportedError, []),
  constructible("Trainer", senet.Trainer, [
    options(
      {
        model: strict,
        optimiser: strict,
        session: strict,
        schedule: kinds.function,
        data: strict,
        heldOut: strict,
        normalisation: strict,
        augmentation: kinds.object,
        batch: strict,
        smoothing: strict,
        classWeights: strict,
        seed: ["-1"],
      },
      {
        model: tinyModel(),
        optimiser: optimiser(),
        schedule: senet.constant({ peak: 0.1 }),
        data: data(),
        normalisation,
        batch: 4,
        seed: 1,
      },
      /option|model/,
    ),
  ]),
  method("Trainer", tinyTrainer, "pull", [options({ average: flag })]),
  method("Trainer", tinyTrainer, "trainEpoch", [
    argument("progress", maybe(kinds.function), () => () => true),
    argument("signal", maybe(kinds.object), () => ({ aborted: true })),
  ]),
  method("Trainer", tinyTrainer, "restore", [
    argument(/model|tensors/, strict, () => senet.stateDict(tinyModel())),
    argument("optimiser", strict, () => tinyTrainer().optimiserState()),
  ]),
  method("Trainer", tinyTrainer, "checkState", [argument("state", strict, () => tinyTrainer().state)]),
  callable("writeCheckpoint", senet.writeCheckpoint, [
    argument("trainer", strict, tinyTrainer),
    options({ classes: kinds.texts, preprocessing: strict, settings: kinds.object }),
  ]),
  callable("readCheckpoint", senet.readCheckpoint, [
    argument(/bytes|header/, ["Float64Array"], () => senet.writeCheckpoint(tinyTrainer())),
    options({ memory: positive }),
  ]),
  callable("prepareModel", senet.prepareModel, [argument("model", strict, tinyModel), argument("checkpoint", strict, checkpoint)]),
  callable("restoreCheckpoint", senet.restoreCheckpoint, [
    argument("trainer", strict, tinyTrainer),
    argument("checkpoint", strict, checkpoint),
  ]),
];

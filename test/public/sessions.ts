/** Sessions: inference, training, modules from files. */
import { bundle } from "../../src/bundle/bundle.ts";
import * as senet from "../../src/index.ts";
import { Tensor } from "../../src/tensor.ts";
import * as int8 from "../../src/quantise/lean/index.ts";
import { tinyModel } from "../train/tiny.ts";
import { callable, method } from "./entry.ts";
import type { Entry } from "./entry.ts";
import { argument, kinds, maybe, options } from "./wrong.ts";
import type { Kind } from "./wrong.ts";

const { strict, flag, positive } = kinds;
const small = (): senet.Module => new senet.Conv2d(1, 2, { kernel: 1 });
const shape = [1, 1, 4, 4];
const compiling: Readonly<Record<string, Kind>> = {
  input: strict,
  observe: kinds.list,
  override: kinds.list,
  kernels: strict,
  numerics: strict,
  threads: strict,
  pace: flag,
  module: strict,
  weights: strict,
};
const training: Readonly<Record<string, Kind>> = {
  input: strict,
  optimiser: strict,
  learningRate: positive,
  numerics: strict,
  smoothing: strict,
  classWeights: strict,
  accumulate: kinds.large,
  clip: [...positive, "Infinity"],
  average: strict,
  frozen: [...kinds.list, "list of texts"],
  groups: kinds.list,
  threads: strict,
  kernels: strict,
  pace: flag,
};
const spared: readonly string[] = ["symbol"];
/** Of a run what is no object is none; lean sessions look for names only. */
const running = {
  ...options({ into: [...kinds.object, "list", "function", "date"] }),
  spared: ["null", "NaN", "Infinity", "-1", "1.5", "2^53", "true", "empty text", "list", "function", "symbol", "bigint", "date"],
};
const needed = { input: [2, 1, 12, 12], optimiser: { method: "sgd" } };
const session = (): senet.Session => senet.compileSync(small(), { input: shape });
const trainee = (): senet.TrainingSession =>
  senet.compileTrainingSync(tinyModel(), { input: [2, 1, 12, 12], optimiser: { method: "sgd" }, average: 0.9 });
const x = (): Tensor<Float32Array> => Tensor.zeros([2, 1, 12, 12]);
const source = argument(/model|source|wants/, strict, small);
const rate = argument("rate", maybe(positive), () => 0.1);
const batch = [argument("x", strict, x), argument("labels", strict, () => Int32Array.of(0, 1))];

const images = (): Tensor<Float32Array> =>
  Tensor.of(
    Array.from({ length: 32 }, (_, i) => i / 32),
    [2, 1, 4, 4],
  );
const quantised = (): senet.QuantisedNetwork => senet.quantise(small(), images(), { reported: 0 }).network;

export const sessions: readonly Entry[] = [
  callable("requantise", senet.requantise, [source, argument("measured", strict, quantised)]),
  callable("quantise", senet.quantise, [
    source,
    argument("images", strict, images),
    options({
      method: strict,
      keep: kinds.list,
      equalise: flag,
      correctBias: flag,
      reported: kinds.large,
      progress: kinds.function,
    }),
  ]),
  callable("saveQuantised", senet.saveQuantised, [
    argument("network", strict, quantised),
    argument(/about|describeModel/, maybe(strict), () => undefined),
  ]),
  callable("readQuantised", senet.readQuantised, [
    source,
    argument(/file|bytes|header/, ["Float64Array"], () => senet.saveQuantised(quantised())),
  ]),
  callable("setWorkers", senet.setWorkers, [{ ...argument("source", maybe(strict), () => undefined), spared: ["text", "function"] }]),
  ...[int8.openInt8, int8.openInt8Sync].map((of) => callable(of.name, of, [
    argument(/file|bytes|header/, ["Float64Array"], () => senet.saveQuantised(quantised())), options({ dots: strict }),
  ])),
  callable("compile", senet.compile, [source, { ...options(compiling, { input: shape }, /option|input/), spared }]),
  callable("compileSync", senet.compileSync, [source, { ...options(compiling, { input: shape }, /option|input/), spared }]),
  callable("compileTraining", senet.compileTraining, [
    argument(/model|source|wants/, strict, tinyModel),
    { ...options(training, needed, /option|input/), spared },
  ]),
  callable("compileTrainingSync", senet.compileTrainingSync, [
    argument(/model|source|wants/, strict, tinyModel),
    { ...options(training, needed, /option|input/), spared },
  ]),
  callable("emitModule", senet.emitModule, [
    source,
    options(
      {
        input: strict,
        observe: kinds.list,
        override: kinds.list,
        numerics: strict,
        threads: strict,
        relaxedSimd: flag,
        pace: flag,
      },
      { input: shape },
      /option|input/,
    ),
  ]),
  callable("bundle", bundle, [
    source,
    options(
      {
        input: strict, format: strict, target: strict, syntax: strict, name: kinds.text, beside: flag, classes: strict,
        preprocessing: strict,
      },
      { input: shape },
      /option|input/,
    ),
  ]),
  method("Session", session, "run", [argument(/\bx\b|input/, strict, () => Tensor.zeros(shape)), running]),
  method("Session", session, "runAsync", [argument(/\bx\b|input/, strict, () => Tensor.zeros(shape)), running]),
  method(
    "Session",
    () => {
      const observing = senet.compileSync(tinyModel(), { input: [1, 1, 12, 12], observe: ["fc"] });
      observing.run(Tensor.zeros([1, 1, 12, 12]));
      return observing;
    },
    "observed",
    [{ ...argument(/observed/, strict, () => "fc"), spared }],
  ),
  method("TrainingSession", trainee, "trainStep", [...batch, rate]),
  method("TrainingSession", trainee, "backward", batch),
  method("TrainingSession", trainee, "update", [rate]),
  method("TrainingSession", trainee, "gradient", [argument("gradient", strict, () => "fc.weight")]),
  method("TrainingSession", trainee, "pull", [options({ average: flag })]),
  method("TrainingSession", trainee, "loadOptimiserState", [argument(/state|tensors/, strict, () => trainee().optimiserState())]),
];

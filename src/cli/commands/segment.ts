/** senet segment: trains networks that give a class to every pixel, on scenes made of real pictures, and compares them. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { Random } from "../../../kernels/random.ts";
import { encodePng } from "../../io/images/png.ts";
import type { Module } from "../../nn/module.ts";
import { Batcher } from "../../train/data/augment.ts";
import type { Normalisation } from "../../train/data/augment.ts";
import { pixelStatistics } from "../../train/data/dataset.ts";
import type { Dataset } from "../../train/data/dataset.ts";
import type { Evaluation } from "../../train/evaluate.ts";
import { predictions } from "../../train/loss.ts";
import { scenes, shrink } from "../../train/data/scenes.ts";
import { cosine } from "../../train/optimisers/schedule.ts";
import { Trainer } from "../../train/trainer.ts";
import { saveWeights } from "../../weights/weights.ts";
import { UsageError } from "../command.ts";
import type { Arguments, Command } from "../command.ts";
import { readClassNames } from "../class-names.ts";
import { writeBytes } from "../files.ts";
import { inference, kernelNames, threadsFrom } from "../engine.ts";
import type { EngineChoice } from "../engine.ts";
import { modelFromArguments } from "../network.ts";
import { adding, json, numericsOption, options } from "../options.ts";
import { Progress, counted, print, printJson, remark, table, thousands } from "../terminal.ts";
import { readDataset } from "../training/data.ts";
import { chooseEngine, measure, measuringEngine } from "../training/engine.ts";
import type { EngineSettings } from "../training/engine.ts";
import { segmentationPicture } from "../training/segmentation-picture.ts";
import { numericsNames } from "../../session/backends/numerics.ts";
import { trainingEngines } from "../training/settings.ts";

/** Scenes in the picture. */
const shown = 8;

interface Task {
  readonly training: Dataset;
  readonly testing: Dataset;
  readonly normalisation: Normalisation;
}

interface Trained {
  readonly name: string;
  readonly model: Module;
  readonly evaluation: Evaluation;
  readonly seconds: number;
  readonly measuring: EngineChoice;
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** Scenes for training out of the training pictures, scenes for measuring out of the test pictures. */
async function makeTask(args: Arguments): Promise<Task> {
  const folder = args.required("data");
  const seed = args.number("seed", 0, { least: 0, whole: true });
  const size = args.number("size", 32, { least: 1, whole: true });
  const count = (name: string, fallback: number): number => args.number(name, fallback, { least: 1, whole: true });
  const names = args.text("classes");
  const whole = await readDataset(folder, "train", names === undefined ? undefined : readClassNames(names));
  const factor = args.number("shrink", 2, { least: 1, whole: true });
  if (whole.shape.slice(2).some((side) => side % factor !== 0)) {
    throw new UsageError(`senet segment: --shrink wants a divisor of the pictures' ${whole.shape.slice(2).join("x")}, got ${factor}`);
  }
  const pictures = shrink(whole, factor);
  if (size < Math.max(...pictures.shape.slice(2))) {
    throw new UsageError(`senet segment: --size wants at least the pictures' ${pictures.shape.slice(2).join("x")}, got ${size}`);
  }
  // Two generators: another number of scenes for training leaves those for measuring as they are.
  const training = scenes(pictures, count("scenes", 4000), new Random(seed), { size });
  const testing = scenes(
    shrink(await readDataset(folder, "test", pictures.classes), factor), count("test-scenes", 500), new Random(1), { size },
  );
  return { training, testing, normalisation: pixelStatistics(training) };
}

/** What computes: as in `senet train`. */
function engineSettings(args: Arguments): EngineSettings {
  return {
    engine: args.choice("engine", trainingEngines, "auto"), kernels: args.choice("kernels", kernelNames, "auto"),
    numerics: args.choice("numerics", numericsNames, "exact"), optimiser: "adamw", momentum: 0, weightDecay: 0.01, smoothing: 0,
    clip: undefined, average: 0, groups: "",
  };
}

async function trainOne(args: Arguments, name: string, task: Task, report: (line: string) => void): Promise<Trained> {
  const seed = args.number("seed", 0, { least: 0, whole: true });
  const epochs = args.number("epochs", 5, { least: 1, whole: true });
  const batch = args.number("batch", 16, { least: 1, whole: true });
  const { training, testing, normalisation } = task;
  if (batch > training.size) {
    throw new UsageError(
      `senet segment: --batch wants at most the ${counted(training.size, "scene")}, got ${batch}`,
    );
  }
  const options = { classes: training.classes.length, inChannels: 1, width: 8, depth: 3, ...args.json("model-options") };
  const model = modelFromArguments(args, name, seed, options);
  const settings = engineSettings(args);
  const threads = threadsFrom(args);
  const { kernels, ...engine } = await chooseEngine(
    settings, model, [batch, ...training.shape.slice(1)], threads, undefined, { command: "segment" },
  );
  const stepsPerEpoch = Math.floor(training.size / batch);
  const trainer = new Trainer({
    model, data: training, normalisation, batch, seed, ...engine,
    schedule: cosine({ peak: args.number("lr", 0.01, { least: 0 }), warmup: Math.floor(stepsPerEpoch / 4), steps: epochs * stepsPerEpoch }),
  });
  report(
    `${name}: ${thousands(model.parameterCount())} parameters, ${counted(training.size, "scene")}, ` +
    `${counted(epochs, "epoch")} of ${counted(stepsPerEpoch, "step")}; ${kernels}`,
  );
  const progress = new Progress();
  const begin = performance.now();
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (;;) {
      const step = trainer.trainStep();
      progress.update(
        step.step / (epochs * stepsPerEpoch),
        `${name}  epoch ${epoch + 1}/${epochs}  loss ${step.epochLoss.toFixed(4)}  pixels right ${percent(step.epochAccuracy)}`,
      );
      // Lets signals through.
      await nextTurn();
      if (step.stepOfEpoch < step.stepsPerEpoch) continue;
      trainer.checkFinite();
      progress.end();
      report(`  epoch ${epoch + 1}: loss ${step.epochLoss.toFixed(4)}, pixels right ${percent(step.epochAccuracy)}`);
      break;
    }
  }
  const seconds = (performance.now() - begin) / 1000;
  // With what it has learnt; its memory is the next network's.
  trainer.pull();
  engine.session?.close();
  const measuring = measuringEngine(settings, threads);
  const evaluation = await measure(model, testing, normalisation, { engine: measuring, batch: Math.min(20, testing.size) });
  report(
    `  ${counted(testing.size, "test scene")}: mean intersection over union ` +
    `${evaluation.confusion.meanIntersectionOverUnion.toFixed(4)}, ` +
    `${Math.round(seconds)} s`,
  );
  return { name, model, evaluation, seconds, measuring };
}

async function writePicture(path: string, task: Task, trained: readonly Trained[]): Promise<void> {
  const { testing, normalisation } = task;
  const { x } = new Batcher(testing, normalisation).unaugmented(Int32Array.from({ length: Math.min(shown, testing.size) }, (_, i) => i));
  const rows: Int32Array[] = [];
  for (const { model, measuring } of trained) {
    const { run, close } = await inference(model.evaluate(), measuring, x.shape);
    rows.push(predictions(run(x)));
    close();
  }
  writeBytes(path, await encodePng(segmentationPicture(testing, rows)));
}

function result({ name, model, evaluation, seconds }: Trained, classes: readonly string[]): Record<string, unknown> {
  const { confusion, loss, accuracy } = evaluation;
  const each = confusion.intersectionOverUnion().map((value, i) => ({ class: classes[i], iou: Number.isNaN(value) ? null : value }));
  return {
    model: name, parameters: model.parameterCount(), mean_iou: confusion.meanIntersectionOverUnion, pixel_accuracy: accuracy, loss, seconds,
    classes: each,
  };
}

export const segment: Command = {
  name: "segment",
  usage: "[MODEL...] --data DIR [--picture P.png] [options]",
  help: "trains networks to segment pictures on clutter, and compares their mean intersection over union (unet and se_unet by default)\n" +
    "DIR holds the four IDX files of Fashion-MNIST or its kin. Scenes are made of them: some pictures on pieces of others.",
  options: {
    data: { value: "DIR", help: "folder with the IDX files" },
    picture: { value: "FILE", help: "PNG to write: scenes, their masks, and the prediction of every network" },
    out: { value: "FILE", help: "weights to write, of a single MODEL" },
    scenes: { value: "N", help: "scenes to train on (default 4000)" },
    "test-scenes": { value: "N", help: "scenes to measure on, of test images (default 500)" },
    size: { value: "PIXELS", help: "height and width of a scene (default 32)" },
    shrink: { value: "N", help: "pictures are so many times smaller in a scene (default 2)" },
    epochs: { value: "N", help: "passes over the scenes (default 5)" },
    batch: { value: "N", help: "scenes a step (default 16)" },
    lr: adding(options.lr, " (of AdamW; default 0.01)"),
    seed: { value: "S", help: "decides scenes, starting weights and order (default 0)" },
    "model-options": { ...options.modelOptions, help: `the models' options (default '{"width":8,"depth":3}')` },
    classes: adding(options.classes, " (default classes.txt beside the data, else numbers)"),
    engine: adding(options.engine, "; default session where the host and the model can"),
    kernels: adding(options.kernels, "; here plain is eager, too; default wasm where the host can"),
    numerics: numericsOption(numericsNames, "exact"),
    threads: options.threads,
    json: json("an array, one object a network"),
  },
  positionals: { least: 0, most: 8 },
  async run(args) {
    const names = args.positionals.length > 0 ? args.positionals : ["unet", "se_unet"];
    const out = args.text("out");
    if (out !== undefined && names.length > 1) {
      throw new UsageError(`senet segment: --out holds the weights of one MODEL, got ${names.join(" and ")}`);
    }
    const json = args.flag("json");
    const task = await makeTask(args);
    const trained: Trained[] = [];
    for (const name of names) trained.push(await trainOne(args, name, task, json ? remark : print));
    const { classes } = task.training;
    if (out !== undefined) writeBytes(out, saveWeights(trained[0].model, { classes }));
    const picture = args.text("picture");
    if (picture !== undefined) await writePicture(picture, task, trained);
    if (json) return printJson(trained.map((one) => result(one, classes)));
    const columns = trained.map(({ evaluation }) => evaluation.confusion.intersectionOverUnion());
    const show = (value: number): string => (Number.isNaN(value) ? "" : (100 * value).toFixed(1));
    const rows = classes.map((name, i) => [name, ...columns.map((column) => show(column[i]))]);
    rows.push(["mean", ...trained.map(({ evaluation }) => show(evaluation.confusion.meanIntersectionOverUnion))]);
    print(`\nIntersection over union on ${thousands(task.testing.size)} test scenes, %\n`);
    print(table(["class", ...names], rows, names));
    if (picture !== undefined) print(`\npicture written to ${picture}: scenes, masks, ${names.join(", ")}`);
  },
};

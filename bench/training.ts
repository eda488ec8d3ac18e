/**
 * Speed of training sessions: forward pass, loss, backward pass and update, of whole networks; and how long the batch of a step takes to
 * make, flipped, cropped, erased and mixed.
 *
 *     npx tsx bench/training.ts [three-block | resnet20 | resnet50 | mobilenet ...] [--threads N] [--runs N] [--batch N]
 *       [--numerics exact|fast|turbo]
 *
 * GFLOP/s count three times the forward pass's multiply-accumulates of convolutions and linear layers, SE's too, two operations each.
 */
import process from "node:process";
import { Random } from "../kernels/random.ts";
import { createModel } from "../models/index.ts";
import { summarise } from "../src/nn/summary.ts";
import { numericsNames } from "../src/session/backends/numerics.ts";
import type { Numerics } from "../src/session/backends/numerics.ts";
import { compileTraining } from "../src/session/training/training-session.ts";
import { Tensor } from "../src/tensor.ts";
import { Batcher } from "../src/train/data/augment.ts";
import { Dataset } from "../src/train/data/dataset.ts";
import { machine } from "./peers/machine.ts";

interface Network {
  readonly model: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** [batch,channels,height,width] */
  readonly input: readonly [number, number, number, number];
}

/** Three blocks are those of 16, 32 and 64 channels: se_resnet8. */
const NETWORKS: Readonly<Record<string, Network>> = {
  "three-block": { model: "se_resnet8", options: { inChannels: 1 }, input: [32, 1, 28, 28] },
  resnet20: { model: "se_resnet20", options: { inChannels: 1 }, input: [128, 1, 28, 28] },
  resnet50: { model: "seresnet50", options: {}, input: [8, 3, 224, 224] },
  mobilenet: { model: "se_mobilenet_v1", options: {}, input: [8, 3, 224, 224] },
};

const args = process.argv.slice(2);
const option = (name: string, usual: string): string => {
  const at = args.indexOf(name);
  return at < 0 ? usual : args.splice(at, 2)[1];
};
const [threads, runs, batchOption] = [Number(option("--threads", "1")), Number(option("--runs", "5")), option("--batch", "")];
const numerics = option("--numerics", "fast") as Numerics;

/** Times of `count` runs in ms, the shortest first. */
function time(work: () => void, count: number): number[] {
  return Array.from({ length: count }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  }).sort((a, b) => a - b);
}

/** The median time that a trainer takes to make a batch of this shape, in ms. */
function batchTime([batch, channels, height, width]: readonly number[]): number {
  const random = new Random(2);
  const images = new Uint8Array(batch * channels * height * width).map(() => random.below(256));
  const data = new Dataset(images, [batch, channels, height, width], new Int32Array(batch), ["a", "b"]);
  const level = Array.from({ length: channels }, () => 0.5);
  const batcher = new Batcher(data, { mean: level, std: level }, { flip: true, crop: 2, erase: 0.25, mixup: 0.2 });
  const indices = Int32Array.from({ length: batch }, (_, i) => i);
  return time(() => void batcher.augmented(indices, random), 30)[15];
}

async function measure(name: string): Promise<string> {
  const { model: modelName, options, input } = NETWORKS[name];
  const shape = [batchOption === "" ? input[0] : Number(batchOption), ...input.slice(1)];
  const model = createModel(modelName, options, 1);
  const { macs, seMacs } = summarise(model, shape);
  const random = new Random(1);
  const x = Tensor.zeros(shape);
  for (let i = 0; i < x.size; i++) x.data[i] = random.normal();
  const labels = Int32Array.from({ length: shape[0] }, (_, i) => i % 10);
  const before = performance.now();
  const session = await compileTraining(model, { input: shape, optimiser: { method: "sgd", weightDecay: 1e-4 }, threads, numerics });
  const compiled = performance.now() - before;
  session.trainStep(x, labels, 0.001);
  const times = time(() => void session.trainStep(x, labels, 0.001), runs);
  const [best, median] = [times[0], times[times.length >> 1]];
  const speed = (time: number): string => ((6 * (macs + seMacs)) / time / 1e6).toFixed(1);
  return `${name.padEnd(12)} ${modelName} [${shape.join()}], ${session.kernels}: best ${best.toFixed(1)} ms, `
    + `median ${median.toFixed(1)} ms (${(median / shape[0]).toFixed(2)} an image), `
    + `${speed(best)} and ${speed(median)} GFLOP/s; batch made in ${batchTime(shape).toFixed(2)} ms; `
    + `compiled in ${compiled.toFixed(0)} ms, ${(session.arenaBytes / 1048576).toFixed(0)} MiB of values`;
}

const names = args.length > 0 ? args : ["three-block", "resnet20"];
const unknown = names.find((name) => !Object.hasOwn(NETWORKS, name));
if (unknown !== undefined || !numericsNames.includes(numerics) || ![threads, runs].every((n) => Number.isSafeInteger(n) && n >= 1)) {
  const wanted = `${Object.keys(NETWORKS).join(", ")}, and whole numbers of --threads and --runs`;
  console.log(`bench/training: wants ${wanted}, got ${process.argv.slice(2).join(" ")}`);
  process.exitCode = 2;
} else {
  console.log(`Node ${process.versions.node}, ${machine()}`);
  for (const name of names) console.log(await measure(name));
}

/**
 * A training pass of the three-block SE-ResNet (16, 32 and 64 channels, 28x28 grey, batch 32) in senet, tfjs-backend-cpu and jax-js: the
 * same weights and images, forward and backward, each gradient compared with senet's. One thread.
 *
 *     (cd bench/peers && npm install) && npx tsx bench/peers/training/main.ts [--runs N] [--only NAME] [--batch N]
 */
import process from "node:process";
import { Random } from "../../../kernels/random.ts";
import { createModel } from "../../../models/index.ts";
import { lower } from "../../../src/nn/lower.ts";
import { compileTraining } from "../../../src/session/training/training-session.ts";
import { Tensor } from "../../../src/tensor.ts";
import { machine } from "../machine.ts";
import type { Batch, Trainer } from "./contender.ts";
import { jaxWasm } from "./jax.ts";
import { tfjsCpu } from "./tfjs.ts";

function option(name: string, fallback: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : (process.argv[at + 1] ?? fallback);
}

const [runs, only, count] = [Number(option("runs", "2")), option("only", ""), Number(option("batch", "32"))];
const classes = 10;
const input = [count, 1, 28, 28];
const random = new Random(1);

function batch(): Batch & { readonly labels: Int32Array } {
  const labels = Int32Array.from({ length: count }, () => random.below(classes));
  const targets = new Float32Array(count * classes);
  labels.forEach((label, i) => (targets[i * classes + label] = 1));
  return { x: Float32Array.from({ length: count * 784 }, () => random.normal()), targets, labels };
}

const model = createModel("se_resnet8", { inChannels: 1, classes }, 1).train();
const graph = lower(model, input);
const session = await compileTraining(model, { input, optimiser: { method: "sgd" }, numerics: "fast", threads: 1 });

const timed = async <T>(work: () => Promise<T> | T): Promise<{ value: T; ms: number }> => {
  const begin = performance.now();
  const value = await work();
  return { value, ms: performance.now() - begin };
};

interface Row {
  readonly name: string;
  readonly first: number;
  readonly times: readonly number[];
  readonly loss: number;
  /** Largest difference of a gradient from senet's, by the largest gradient of all. */
  readonly off: number;
}

async function measure(name: string, make: () => Promise<Trainer>): Promise<Row> {
  const trainer = await make();
  const times: number[] = [];
  let [loss, off] = [Number.NaN, 0];
  for (let i = 0; i <= runs; i++) {
    const given = batch();
    const { value, ms } = await timed(() => trainer(given));
    times.push(ms);
    session.clearGradients();
    loss = session.backward(new Tensor(given.x, input), given.labels);
    let largest = 0;
    for (const parameter of value.gradients.keys()) largest = Math.max(largest, ...session.gradient(parameter).data);
    for (const [parameter, gradient] of value.gradients) {
      session.gradient(parameter).data.forEach((wanted, k) => (off = Math.max(off, Math.abs(gradient[k] - wanted) / largest)));
    }
    off = Math.max(off, Math.abs(loss - value.loss));
  }
  return { name, first: times[0], times: times.slice(1), loss, off };
}

/** senet's own times: many passes, since they are short. */
async function ours(): Promise<Row> {
  const times: number[] = [];
  let loss = Number.NaN;
  for (let i = 0; i < 21; i++) {
    const { x, labels } = batch();
    const { value, ms } = await timed(() => session.trainStep(new Tensor(x, input), labels, 0));
    loss = value;
    times.push(ms);
  }
  return { name: "senet", first: times[0], times: times.slice(1), loss, off: 0 };
}

const best = ({ times }: Row): number => Math.min(...times);
const median = ({ times }: Row): number => [...times].sort((a, b) => a - b)[times.length >> 1];

console.log(`Node ${process.versions.node}, ${machine()}, one thread, batch ${count}`);
const rows = [await ours()];
const others: readonly (readonly [string, () => Promise<Trainer>])[] = [
  ["jax-js (wasm)", () => jaxWasm(graph)], ["tfjs-backend-cpu", () => tfjsCpu(graph)],
];
for (const [name, make] of others) if (name.includes(only)) rows.push(await measure(name, make));
// Once more, so that both ends of the run stand in the table.
rows.push({ ...(await ours()), name: "senet, again" });
console.log("\n| engine | best | median | first | times senet's | largest difference of a gradient |\n|---|---|---|---|---|---|");
const milliseconds = (ms: number): string => (ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`);
const fastest = Math.min(best(rows[0]), best(rows.at(-1)!));
for (const row of rows) {
  const times = [best(row), median(row), row.first].map(milliseconds);
  console.log(`| ${[row.name, ...times, (best(row) / fastest).toFixed(1), row.off.toExponential(1)].join(" | ")} |`);
}
session.close();

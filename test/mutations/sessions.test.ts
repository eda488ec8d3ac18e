/**
 * Tests the tests of sessions: every mutation of session-mutations.ts is made in a copy of src/session, in a temporary folder with all
 * that it imports. A session of the named network must then differ from the eager engine: in its output, its loss or a gradient.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type * as ModelsModule from "../../models/index.ts";
import type { Module } from "../../src/nn/module.ts";
import type * as SessionModule from "../../src/session/session.ts";
import type * as TrainingModule from "../../src/session/training/training-session.ts";
import type { Floats, Tensor } from "../../src/tensor.ts";
import type * as LossModule from "../../src/train/loss.ts";
import type * as AdamModule from "../../src/train/optimisers/adam.ts";
import type * as SgdModule from "../../src/train/optimisers/sgd.ts";
import type * as RandomModule from "../support/random.ts";
import { difference } from "../support/compare.ts";
import { passMutations, planMutations, ruleMutations, stepMutations, updateMutations } from "./session-mutations.ts";
import type { SessionMutation } from "./session-mutations.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const copy = mkdtempSync(join(tmpdir(), "senet-sessions-"));
test.after(() => rmSync(copy, { recursive: true, force: true }));
writeFileSync(join(copy, "package.json"), '{ "type": "module" }');
for (const folder of ["kernels", "models", "src", "test/support"]) cpSync(join(root, folder), join(copy, folder), { recursive: true });

const load = async <T>(path: string): Promise<T> => (await import(pathToFileURL(join(copy, path)).href)) as T;
// All of the copy, so that its modules know each other.
const { createModel } = await load<typeof ModelsModule>("models/index.ts");
const { crossEntropy } = await load<typeof LossModule>("src/train/loss.ts");
const { Sgd } = await load<typeof SgdModule>("src/train/optimisers/sgd.ts");
const { AdamW } = await load<typeof AdamModule>("src/train/optimisers/adam.ts");
const { draw, stir } = await load<typeof RandomModule>("test/support/random.ts");

interface Network {
  readonly model: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly input: readonly number[];
  /** Times this. */
  readonly variance?: number;
}

const tiny = { classes: 5, inChannels: 2 };
const grouped = { ...tiny, blocks: [1, 2, 1, 1], width: 4, groups: 2, groupWidth: 32, reduction: 4 };
const networks: Readonly<Record<string, Network>> = {
  resnet: { model: "se_resnet8", options: { ...tiny, width: 8, reduction: 2 }, input: [3, 2, 16, 16] },
  mobile: { model: "mobilenet_v3_small", options: { ...tiny, width: 0.25, reduction: 4, dropout: 0 }, input: [3, 2, 40, 40] },
  // With variances so small that epsilon counts.
  flat: { model: "se_resnet8", options: { ...tiny, width: 8, reduction: 2 }, input: [3, 2, 16, 16], variance: 1e-5 },
  bottleneck: { model: "seresnext50_32x4d", options: grouped, input: [3, 2, 33, 32] },
  maximum: { model: "seresnext50_32x4d", options: { ...grouped, squeeze: "max" }, input: [3, 2, 33, 32] },
  // Branches that end in relu.
  legacy: { model: "legacy_resnet18", options: { ...tiny, width: 4 }, input: [3, 2, 33, 32] },
  depthwise: { model: "se_mobilenet_v1", options: { ...tiny, width: 0.25, reduction: 4 }, input: [3, 2, 32, 33] },
  dense: { model: "se_densenet121", options: { ...tiny, blocks: [2, 2, 1, 2], width: 6, growth: 3, reduction: 2 }, input: [3, 2, 32, 32] },
  shuffle: {
    model: "se_shufflenet_v2_x1_0", options: { ...tiny, blocks: [2, 2, 1], channels: [4, 8, 12, 20, 24], reduction: 2 },
    input: [3, 2, 33, 40],
  },
  inception: { model: "googlenet", options: { ...tiny, width: 0.0625, dropout: 0 }, input: [3, 2, 33, 40] },
  unet: { model: "se_unet", options: { ...tiny, width: 4, depth: 2 }, input: [2, 2, 8, 8] },
  vgg: { model: "vgg11_bn", options: { ...tiny, width: 4, units: 6, dropout: 0 }, input: [3, 2, 32, 32] },
};

function made({ model, options, variance = 1 }: Network): Module {
  const found = stir(createModel(model, options));
  for (const [name, { value: { data } }] of found.namedState()) {
    if (name.endsWith("running_var")) for (let i = 0; i < data.length; i++) data[i] *= variance;
  }
  return found;
}

const largest = (data: Floats): number => Array.from(data).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** What the session of `place` in src answers otherwise than the eager engine, in inference. */
async function wrongAnswers(place: string, name: string): Promise<string[]> {
  const { compileSync } = await load<typeof SessionModule>(`src/${place}/session.ts`);
  const network = networks[name];
  const model = made(network).evaluate();
  const x = draw(network.input);
  const expected = model.forward(x);
  // Exact transposed convolutions are left to the plain kernels, between conversions.
  return [["plain", "exact"], ["wasm", name === "unet" ? "exact" : "fast"]].flatMap(([kernels, numerics]) => {
    const session = compileSync(model, { input: network.input, kernels: kernels as "plain", numerics: numerics as "exact" });
    const off = difference(session.run(x).data, expected.data);
    session.close();
    return off < 1e-3 ? [] : [`${kernels}: off by ${off}`];
  });
}

/** The same in training: its loss, and every gradient. */
async function wrongGradients(place: string, name: string): Promise<string[]> {
  const { compileTrainingSync } = await load<typeof TrainingModule>(`src/${place}/training/training-session.ts`);
  const network = networks[name];
  const model = made(network).train();
  const session = compileTrainingSync(model, { input: network.input, optimiser: { method: "sgd" }, numerics: "exact", threads: 1 });
  const x = draw(network.input);
  const [, classes, ...pixels] = model.outputShape(network.input);
  const labels = Int32Array.from({ length: pixels.reduce((a, b) => a * b, network.input[0]) }, (_, i) => (3 * i) % classes);
  const loss = session.backward(x, labels);
  const gradients = new Map(
    [...model.namedParameters().keys()].map((parameter): [string, Tensor] => [parameter, session.gradient(parameter)]),
  );
  session.close();
  model.clearGradients();
  const expected = crossEntropy(model.kernels, model.forward(x), labels);
  model.backward(expected.gradient());
  const complaints = Math.abs(loss - expected.value) < 1e-4 * expected.value ? [] : [`loss ${loss}, wanted ${expected.value}`];
  const most = Math.max(...[...model.namedParameters().values()].map(({ gradient }) => largest(gradient.data)));
  for (const [parameter, { gradient }] of model.namedParameters()) {
    const size = largest(gradient.data);
    const off = (difference(gradients.get(parameter)!.data, gradient.data) * size) / Math.max(size, 0.01 * most);
    if (!(off < 1e-2)) complaints.push(`${parameter} is off by ${off}`);
  }
  return complaints;
}

/** Weights, statistics and averages after three updates, beside the eager optimisers'. */
async function wrongUpdates(place: string, name: string): Promise<string[]> {
  const { compileTrainingSync } = await load<typeof TrainingModule>(`src/${place}/training/training-session.ts`);
  const network = networks[name];
  const x = draw(network.input);
  const labels = Int32Array.from({ length: network.input[0] }, (_, i) => (3 * i) % 5);
  const sgd = { momentum: 0.5, nesterov: false, weightDecay: 0.1 } as const;
  const adamw = { betas: [0.8, 0.99], weightDecay: 0.1 } as const;
  const clip = 0.05;
  return (["sgd", "adamw"] as const).flatMap((method) => {
    const [eager, compiled] = [made(network).train(), made(network).train()];
    const [optimiser, rule] = method === "sgd"
      ? [new Sgd(eager.namedParameters(), sgd), { method, ...sgd } as const]
      : [new AdamW(eager.namedParameters(), adamw), { method, ...adamw } as const];
    const session = compileTrainingSync(
      compiled, { input: network.input, optimiser: rule, average: 0.5, clip, numerics: "exact", threads: 1 },
    );
    const averages = new Map([...eager.namedParameters()].map(([each, { value }]) => [each, Float64Array.from(value.data)]));
    for (let update = 1; update <= 3; update++) {
      session.trainStep(x, labels, 0.01);
      eager.clearGradients();
      const loss = crossEntropy(eager.kernels, eager.forward(x), labels);
      eager.backward(loss.gradient());
      const gradients = [...eager.namedParameters().values()].map(({ gradient }) => gradient.data);
      const norm = Math.sqrt(gradients.flatMap((data) => Array.from(data)).reduce((sum, g) => sum + g * g, 0));
      for (const data of gradients) for (let i = 0; i < data.length; i++) data[i] *= Math.min(1, clip / (norm + 1e-6));
      optimiser.step(0.01);
      const share = 1 - Math.min(0.5, (1 + update) / (10 + update));
      for (const [each, { value }] of eager.namedParameters()) {
        const average = averages.get(each)!;
        for (let i = 0; i < average.length; i++) average[i] += share * (value.data[i] - average[i]);
      }
    }
    session.pull();
    const state = session.optimiserState();
    session.close();
    const complaints: string[] = [];
    const compare = (what: string, actual: Floats, wanted: Floats): void => {
      const off = difference(actual, wanted);
      if (!(off < 1e-3)) complaints.push(`${method}: ${what} is off by ${off}`);
    };
    const pulled = new Map(compiled.namedState());
    for (const [each, { value }] of eager.namedState()) compare(each, pulled.get(each)!.value.data, value.data);
    for (const [each, average] of averages) compare(`average of ${each}`, state.get(`average.${each}`)!.data, average);
    return complaints;
  });
}

/** A copy of src/session with one mutation, beside the true one. @returns its folder in src */
function mutated({ file, find, replace }: SessionMutation, number: number): string {
  const place = `session-mutation-${number}`;
  const text = readFileSync(join(root, "src/session", file), "utf8");
  const parts = text.split(find);
  if (parts.length !== 2) throw new Error(`${file}: "${find}" stands there ${parts.length - 1} times instead of once`);
  cpSync(join(root, "src/session"), join(copy, "src", place), { recursive: true });
  writeFileSync(join(copy, "src", place, file), parts.join(replace));
  // Kernels are not checked before they are used: sessions would do without those that are wrong.
  const checks = join(copy, "src", place, "backends/wasm/checks/checked.ts");
  const [before, after, ...more] = readFileSync(checks, "utf8").split("if (missing.size > 0)");
  if (after === undefined || more.length > 0) throw new Error("checked.ts: where kernels are checked is not known any more");
  writeFileSync(checks, `${before}if (missing.size < 0)${after}`);
  return place;
}

for (const name of Object.keys(networks)) {
  test(`without a mutation nothing is wrong: ${name}`, async () => {
    assert.equal([...(await wrongAnswers("session", name)), ...(await wrongGradients("session", name))], []);
  });
}

test("without a mutation updates are the eager optimisers'", async () => {
  assert.equal(await wrongUpdates("session", "resnet"), []);
});

const checked = [
  ...[...passMutations, ...planMutations].map((mutation) => ({ mutation, check: wrongAnswers })),
  ...[...ruleMutations, ...stepMutations].map((mutation) => ({ mutation, check: wrongGradients })),
  ...updateMutations.map((mutation) => ({ mutation, check: wrongUpdates })),
];

checked.forEach(({ mutation, check }, i) => {
  const { file, error, network } = mutation;
  test(`${file}: ${error}`, async () => {
    const place = mutated(mutation, i);
    // What no longer compiles has been found too.
    const complaints = await check(place, network).catch((problem: Error) => [problem.message]);
    assert.ok(complaints.length > 0, "sessions agree with the eager engine all the same");
  });
});

test.run();

/** `senet train` and `senet eval` as a user calls them, on a tiny data set. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../../models/index.ts";
import { senet as call } from "../../cli/call.ts";
import { parseSafetensors } from "../../../src/io/weights/safetensors.ts";
import { decodeUtf8 } from "../../../src/io/bytes/utf8.ts";
import type { Tensor } from "../../../src/tensor.ts";
import { evaluate } from "../../../src/train/evaluate.ts";
import { loadWeights, weightsDescription } from "../../../src/weights/weights.ts";
import { idx, writePart } from "../data/idx-files.ts";
import { classes, quarters } from "../tiny.ts";

interface Result {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

const entry = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

/** How this runtime starts a file of TypeScript (Node with tsx carries its loader in execArgv). */
function start(args: readonly string[], done: (result: Result) => void): { readonly pid: number } {
  const run = process.versions.deno !== undefined ? ["run", "--allow-all", "--quiet"]
    : process.versions.bun !== undefined ? ["run"]
    : process.execArgv;
  return execFile(process.execPath, [...run, entry, ...args], { env: { ...process.env, NO_COLOR: "1" } }, (error, out, errors) => {
    done({ code: error === null ? 0 : (error.code ?? -1), out, errors });
  });
}

/** Calls a command within this process: starting one for every case takes seconds. */
async function senet(...args: string[]): Promise<Result> {
  const { code, output, errors } = await call(...args);
  return { code, out: output, errors };
}

const folder = mkdtempSync(join(tmpdir(), "senet-train-"));
const data = join(folder, "data");
mkdirSync(data, { recursive: true });
writePart(data, "train", quarters(60, 1));
writePart(data, "t10k", quarters(20, 2));
writeFileSync(join(data, "classes.txt"), `${classes.join("\n")}\n`);
const out = (name: string): string => join(folder, name);
const bytesOf = (name: string): Uint8Array => Uint8Array.from(readFileSync(out(name)));

const recipe =
  ["se_resnet8", "--data", data, "--model-options", '{"width":4,"reduction":2}', "--batch", "8", "--validation", "12", "--seed", "3",
  "--weight-decay", "0.001", "--augment", "crop:1", "--warmup", "0.5", "--epochs", "8"];

test("train: weights that describe themselves, a log that plots, no checkpoint left; eval: they are good", async () => {
  const { code, out: lines, errors } = await senet("train", ...recipe, "--out", out("a.safetensors"));
  assert.is(code, 0, errors);
  assert.match(lines, /^se_resnet8, [\d,]+ parameters, 48 images, 12 held out, 6 steps an epoch\n/);
  assert.is(
    lines.match(
      /^epoch \d of 8: loss [\d.]+, accuracy [\d.]+ %, validation loss [\d.]+, accuracy [\d.]+ %, \d+ s, \d+ images\/s$/gm,
    )?.length,
    8,
  );

  assert.not.ok(existsSync(out("a.checkpoint.safetensors")));
  const log = decodeUtf8(bytesOf("a.log.jsonl"), "log").trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.is(log[0].event, "start");
  assert.is(log[0].model, "se_resnet8");
  const epochs = log.filter((line) => line.event === "epoch");
  assert.equal(epochs.map((line) => line.step), [6, 12, 18, 24, 30, 36, 42, 48]);
  assert.ok(
    epochs.every((line) => [line.loss, line.accuracy, line.validation_loss, line.validation_accuracy].every((n) => typeof n === "number")),
  );
  assert.equal(log.filter((line) => line.event === undefined).map((line) => line.step), [1, 10, 20, 30, 40]);

  const file = parseSafetensors(bytesOf("a.safetensors"));
  const description = weightsDescription(file);
  assert.equal(description?.options, { classes: 4, inChannels: 1, reduction: 2, width: 4 });
  assert.equal(description?.classes, classes);
  assert.equal(description?.preprocessing?.size, [12, 12]);
  assert.is(description?.preprocessing?.channels, "gray");

  const evaluation = await senet("eval", "--data", data, "--weights", out("a.safetensors"), "--json");
  assert.is(evaluation.code, 0, evaluation.errors);
  const result = JSON.parse(evaluation.out) as {
    accuracy: number;
    images: number;
    classes: { class: string; count: number }[];
    confusion: number[][];
  };
  assert.is(result.images, 20);
  assert.equal(result.classes.map((c) => [c.class, c.count]), classes.map((name) => [name, 5]));
  assert.ok(result.accuracy > 0.9 && result.accuracy <= 1, `accuracy ${result.accuracy}`);
  const model = createModel("se_resnet8", description?.options, null);
  loadWeights(model, file);
  const same = evaluate(model, quarters(20, 2), description?.preprocessing ?? { mean: [0], std: [1] });
  assert.is(same.accuracy, result.accuracy);
  assert.equal(result.confusion.flat(), [...same.confusion.counts]);
});

test("the same command gives the same file; half precision is half as large; another seed is another network", async () => {
  const again = await senet("train", ...recipe, "--out", out("b.safetensors"));
  const half = await senet("train", ...recipe, "--half", "--out", out("half.safetensors"));
  const other = await senet("train", ...recipe, "--seed", "4", "--out", out("other.safetensors"));
  for (const { code, errors } of [again, half, other]) assert.is(code, 0, errors);
  assert.equal(bytesOf("b.safetensors"), bytesOf("a.safetensors"));
  assert.not.equal(bytesOf("other.safetensors"), bytesOf("a.safetensors"));
  const whole = parseSafetensors(bytesOf("a.safetensors")).tensors;
  for (const [name, tensor] of parseSafetensors(bytesOf("half.safetensors")).tensors) {
    const wanted = whole.get(name) as Tensor;
    tensor.data.forEach((value, i) => assert.ok(Math.abs(value - wanted.data[i]) <= Math.abs(wanted.data[i]) / 1024 + 1e-7, name));
  }
  assert.ok(bytesOf("half.safetensors").length < bytesOf("a.safetensors").length * 0.75);
});

test("a run that is stopped and resumed ends in the same file", async () => {
  const stopped = await stoppedRun();
  assert.is(stopped.code, 130);
  assert.match(stopped.errors, /^senet: stopped after step \d+; the same command with --resume goes on\n$/);
  const refused = await senet("train", ...recipe, "--out", out("c.safetensors"));
  assert.is(refused.code, 2);
  assert.match(refused.errors, /--resume goes on with it, or remove the file/);
  const changed = await senet("train", ...recipe, "--lr", "0.5", "--resume", "--out", out("c.safetensors"));
  assert.is(changed.code, 2);
  assert.match(changed.errors, /begun with lr 0\.1, which --resume cannot change to 0\.5/);
  const resumed = await senet("train", "--data", data, "--resume", "--out", out("c.safetensors"));
  assert.is(resumed.code, 0, resumed.errors);
  assert.match(resumed.out, /going on after step \d+/);
  assert.equal(bytesOf("c.safetensors"), bytesOf("a.safetensors"));
  const lines = decodeUtf8(bytesOf("c.log.jsonl"), "log").trimEnd().split("\n")
    .map((line) => JSON.parse(line) as { step: number; event?: string });
  assert.equal(
    lines.filter(({ event }) => event !== "resume").map(({ step }) => step), [0, 1, 6, 10, 12, 18, 20, 24, 30, 30, 36, 40, 42, 48],
  );
  const at = Number(/going on after step (\d+)/.exec(resumed.out)?.[1]);
  assert.equal(lines.filter(({ event }) => event === "resume").map(({ step }) => step), [at]);
});

/** A process of its own, sent the signal of Ctrl-C as soon as the log has a line. */
function stoppedRun(): Promise<Result> {
  return new Promise((resolve) => {
    const child = start(["train", ...recipe, "--out", out("c.safetensors")], (result) => {
      clearInterval(timer);
      resolve(result);
    });
    const timer = setInterval(() => {
      if (existsSync(out("c.log.jsonl")) && readFileSync(out("c.log.jsonl")).length > 0) {
        clearInterval(timer);
        // Once: a second one ends the process at once. Not child.kill, after which Deno reports no exit code.
        process.kill(child.pid, "SIGINT");
      }
    }, 5);
  });
}

test("restarts: the rates in the log begin anew", async () => {
  const { code, errors } = await senet(
    "train", ...recipe, "--epochs", "7", "--warmup", "1", "--restarts", "1", "--restart-factor", "2", "--lr", "0.2", "--out",
    out("anew.safetensors"),
  );
  assert.is(code, 0, errors);
  const log = decodeUtf8(bytesOf("anew.log.jsonl"), "log").trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, number>);
  const rates = new Map(log.filter(({ rate }) => rate !== undefined).map(({ step, rate }) => [step, rate]));
  // 42 steps, 6 of them warm-up; then periods of 12 and 24. The log counts from 1.
  const wanted = (at: number, period: number): number => 0.1 * (1 + Math.cos((Math.PI * at) / period));
  for (const [step, rate] of [[10, wanted(3, 12)], [20, wanted(1, 24)], [30, wanted(11, 24)], [40, wanted(21, 24)]]) {
    assert.ok(Math.abs(rates.get(step)! - rate) < 1e-12, `step ${step}: ${rates.get(step)}`);
  }
});

test("mixed images: another network, which learns, and the log says what it was trained on", async () => {
  const { code, errors } = await senet("train", ...recipe, "--augment", "crop:1,mixup:0.2", "--out", out("mixed.safetensors"), "--json");
  assert.is(code, 0, errors);
  const [start, ...rest] = decodeUtf8(bytesOf("mixed.log.jsonl"), "log").trimEnd().split("\n")
    .map((line) => JSON.parse(line) as Record<string, number>);
  assert.is(start.mixup, 0.2);
  assert.ok(rest.filter((line) => line.validation_accuracy !== undefined).at(-1)!.validation_accuracy > 0.8);
  assert.not.equal(bytesOf("mixed.safetensors"), bytesOf("a.safetensors"));
});

test("a network with dropout trains on a session too", async () => {
  const { code, out: lines, errors } = await senet("train", "mobilenet_v3_small", "--data", data,
    "--model-options", '{"width":0.25,"reduction":4,"smallImages":true}', "--batch", "8", "--epochs", "1",
    "--kernels", "wasm", "--threads", "1", "--out", out("mobile.safetensors"));
  assert.is(code, 0, errors);
  assert.match(lines, /\nwasm: simd/);
});

test("wrong usage and bad data end with one line, and nothing is written", async () => {
  const bad = join(folder, "bad");
  mkdirSync(bad, { recursive: true });
  writePart(bad, "train", quarters(8, 1));
  const images = Uint8Array.from(readFileSync(join(bad, "train-images-idx3-ubyte")));
  const spoil = (name: string, prefix: string, bytes: Uint8Array): string => {
    const place = join(folder, name);
    mkdirSync(place, { recursive: true });
    writePart(place, "train", quarters(8, 1));
    writeFileSync(join(place, prefix), bytes);
    return place;
  };
  const cut = spoil("cut", "train-images-idx3-ubyte", images.slice(0, 500));
  const fewer = spoil("fewer", "train-labels-idx1-ubyte", idx([7], new Uint8Array(7)));
  const beyond = spoil("beyond", "train-labels-idx1-ubyte", idx([8], Uint8Array.of(0, 1, 2, 3, 0, 1, 2, 9)));
  writeFileSync(join(beyond, "classes.txt"), classes.join("\n"));
  const small = ["--model-options", '{"width":4,"reduction":2}', "--epochs", "1", "--batch", "4"];
  const at = (place: string, ...more: string[]): string[] => [
    "train", "se_resnet8", "--data", place, "--out", out("never/x.safetensors"), ...small, ...more,
  ];
  const before = readdirSync(folder).length;
  const cases: [string[], number, RegExp][] = [
    [at(join(folder, "nowhere")), 1, /cannot read a data set from .*nowhere: no such folder/],
    [at(folder), 1, /neither train-images-idx3-ubyte nor train-images-idx3-ubyte\.gz/],
    [at(cut), 1, /train-images-idx3-ubyte: IDX: an array of \[8,12,12\] wants 1168 bytes/],
    [at(fewer), 1, /8 images, but 7 labels/],
    [at(beyond), 1, /label 7 is 9, but there are only 4 classes/],
    [at(bad, "--validation", "8"), 2, /--validation wants less than the 8 training images, got 8/],
    [at(bad, "--validation", "0.01"), 2, /--validation 0\.01 of 8 training images is none: a larger share, or 0/],
    [at(bad, "--resume", "--overwrite"), 2, /wants one way to go about a run that is there, got --resume and --overwrite/],
    [at(bad, "--batch", "9"), 2, /--batch wants at most the 8 training images, got 9/],
    [at(bad, "--optimiser", "sdg"), 2, /optimiser.* wants one of sgd, nesterov, adam, adamw, got "sdg"/],
    [
      at(bad, "--augment", "flop"), 2,
      /--augment wants none, flip, crop:PIXELS, erase:PROBABILITY \(below 1\) or mixup:ALPHA \(above 0\), got "flop" \(did you mean "flip"/,
    ],
    [at(bad, "--augment", "erase:1"), 2, /erase:PROBABILITY \(below 1\) or .*, got "erase:1"/],
    ...["mixup", "mixup:", "mixup:0", "mixup:-1", "mixup:x"].map(
      (part): [string[], number, RegExp] => [
        at(bad, "--augment", `flip,${part}`), 2, new RegExp(`mixup:ALPHA \\(above 0\\), got "${part}"`),
      ],
    ),
    [at(bad, "--restarts", "1", "--schedule", "step"), 2, /--restarts wants the schedule cosine, got step/],
    [at(bad, "--restarts", "2"), 2, /cosine: 2 restarts want more than 2 steps after the warm-up, there are 2/],
    [at(bad, "--restart-factor", "0.5"), 2, /"restartFactor" wants a number of at least 1, got 0\.5/],
    [at(bad, "--join", "1"), 2, /--join wants held-out images \(--validation\) and less than the 1 epoch, got 1/],
    [at(bad, "--resume"), 1, /nothing to resume/],
    [["train", "--data", bad, "--out", out("never/x.safetensors")], 2, /wants MODEL/],
    [["train", "se_resnet9", "--data", bad, "--out", out("never/x.safetensors")], 2, /unknown model "se_resnet9" \(did you mean/],
    [["eval", "--data", bad, "--weights", out("a.safetensors")], 1, /neither t10k-images-idx3-ubyte/],
  ];
  for (const [args, code, message] of cases) {
    const result = await senet(...args);
    assert.is(result.code, code, `${args.join(" ")}: ${result.errors}`);
    assert.match(result.errors, message);
    assert.is(result.errors.trimEnd().split("\n").length, 1, result.errors);
    assert.is(result.out, "");
  }
  assert.is(readdirSync(folder).length, before, "nothing was written");
});

test("a loss that runs away ends the run and leaves the last good weights", async () => {
  const { code, errors } = await senet("train", ...recipe, "--lr", "1e30", "--out", out("wild.safetensors"));
  assert.is(code, 1);
  assert.match(errors, /^senet: training diverged: .* in step \d+ \(epoch \d\); .*; the last good weights are in .*wild\.safetensors\n$/);
  for (const tensor of parseSafetensors(bytesOf("wild.safetensors")).tensors.values()) assert.ok(tensor.data.every(Number.isFinite));
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

test.run();

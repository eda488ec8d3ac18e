/** Reports as a user asks for them: after a run, of its log, of an evaluation; what they show is what the network answered. */
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../../kernels/random.ts";
import { thousands } from "../../../src/cli/terminal.ts";
import { decodePng } from "../../../src/io/images/png.ts";
import { parseSafetensors } from "../../../src/io/weights/safetensors.ts";
import { decodeUtf8 } from "../../../src/io/bytes/utf8.ts";
import { softmax } from "../../../src/nn/softmax.ts";
import { Batcher } from "../../../src/train/data/augment.ts";
import { Dataset } from "../../../src/train/data/dataset.ts";
import { predictions } from "../../../src/train/loss.ts";
import { loadWeights, saveWeights, weightsDescription } from "../../../src/weights/weights.ts";
import { bytesFromBase64 } from "../../support/base64.ts";
import { readPage } from "../../cli/page.ts";
import { senet, temporaryFolder } from "../../cli/call.ts";
import { quarters, tinyModel } from "../tiny.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const classes = ["<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "' onload='x", "lower right"];
const text = (name: string): string => decodeUtf8(readFileSync(at(name)), name);
const idx = (shape: readonly number[], data: ArrayLike<number>): Uint8Array =>
  Uint8Array.from([
    0, 0, 8, shape.length, ...shape.flatMap((n) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]), ...Array.from(data),
  ]);

/** A tenth of the labels are wrong, so that there are mistakes. */
function spoilt(data: Dataset): Dataset {
  return new Dataset(data.images, data.shape, data.labels.map((label, i) => (i % 10 === 0 ? (label + 1) % 4 : label)), classes);
}

function write(name: string, training: Dataset, testing: Dataset): string {
  mkdirSync(at(name), { recursive: true });
  for (const [prefix, data] of [["train", training], ["t10k", testing]] as const) {
    writeFileSync(join(at(name), `${prefix}-images-idx3-ubyte`), idx([data.size, 12, 12], data.images));
    writeFileSync(join(at(name), `${prefix}-labels-idx1-ubyte`), idx([data.size], data.labels));
  }
  writeFileSync(join(at(name), "classes.txt"), classes.join("\n"));
  return at(name);
}

const [training, testing] = [spoilt(quarters(100, 1)), spoilt(quarters(60, 2))];
const data = write("data", training, testing);
const recipe = [
  "train", "se_resnet8", "--data", data, "--model-options", '{"width":4,"reduction":2}', "--batch", "8", "--epochs", "3", "--seed", "3",
  "--threads", "1", "--average", "0.5",
];

const between = (page: string, first: string, last: string): string => page.slice(page.indexOf(first), page.indexOf(last));
/** Confusion matrix, classes and mistakes. */
const evaluationPart = (name: string): string => between(text(name), "<h2>Confusion matrix", "<h2>The ");
const unmeasured = (name: string): string => (/Confusion matrix\|([^|]*)\|The run/.exec(readPage(text(name)).text) ?? [])[1] ?? "";

/** What the weights answer to `images`, by the eager engine: a page's matrix as text, and the images of the worst mistakes. */
function answers(weights: string, images: Dataset): { matrix: string; worst: Uint8Array[] } {
  const file = parseSafetensors(readFileSync(weights));
  const model = tinyModel();
  loadWeights(model, file);
  const { mean, std } = weightsDescription(file)!.preprocessing!;
  const { x, labels } = new Batcher(images, { mean, std }).unaugmented(Int32Array.from({ length: images.size }, (_, i) => i));
  const logits = model.evaluate().forward(x);
  const [predicted, probabilities] = [predictions(logits), softmax(logits).data];
  const counts = classes.map((_, label) => classes.map((__, k) => labels.filter((each, i) => each === label && predicted[i] === k).length));
  const wrong = [...labels.keys()].filter((i) => labels[i] !== predicted[i])
    .sort((a, b) => probabilities[4 * a + labels[a]] - probabilities[4 * b + labels[b]]);
  const matrix = counts.map(
    (row, label) => `${classes[label]}|${row.join("|")}|${((100 * row[label]) / row.reduce((a, b) => a + b)).toFixed(1)}\u00a0%`,
  ).join("|");
  return { matrix, worst: wrong.slice(0, 24).map((i) => images.images.subarray(144 * i, 144 * (i + 1))) };
}

async function checkEvaluation(name: string, { matrix, worst }: ReturnType<typeof answers>): Promise<void> {
  const { text: shown, sources } = readPage(text(name));
  assert.ok(shown.includes(`|recall|${matrix}|`), `${matrix}\n${shown}`);
  assert.ok(worst.length > 0);
  const images: number[][] = [];
  for (const source of sources) {
    const { data: pixels } = await decodePng(bytesFromBase64(source.replace("data:image/png;base64,", "")));
    images.push([...pixels].filter((_, i) => i % 4 === 0));
  }
  assert.equal(images, worst.map((image) => [...image]));
}

test("train writes the page beside the weights; senet report makes the same of log, weights and data", async () => {
  const call = await senet(...recipe, "--validation", "40", "--out", at("a.safetensors"));
  assert.is(call.code, 0, call.errors);
  assert.ok(call.output.endsWith(`report written to ${at("a.report.html")}\n`), call.output);
  const { text: shown } = readPage(text("a.report.html"));
  for (
    const part of [
      "|se_resnet8|", "Training report of a.log.jsonl and a.safetensors. 3 epochs, 21 steps.", "|training images|60|",
      "|held-out images|40|", "|steps an epoch|7|", "wasm: simd", "1 thread", "|highest learning rate|0.1|",
    ]
  ) {
    assert.ok(shown.includes(part), `${part}\n${shown}`);
  }
  const parameters = `|${thousands(tinyModel().parameterCount())}|parameters|`;
  assert.ok(shown.includes(parameters), shown);
  const last = JSON.parse(text("a.log.jsonl").trimEnd().split("\n").at(-1)!) as Record<string, number>;
  assert.ok(
    shown.includes(
      `|${(100 * last.validation_accuracy).toFixed(2)} %|validation accuracy|${last.validation_loss.toFixed(4)}|validation loss|`,
    ),
  );
  assert.ok(
    shown.includes(` right, ${(100 * last.validation_accuracy).toFixed(2)} %; mean loss ${last.validation_loss.toFixed(4)}.`),
    "the averaged weights are measured",
  );
  await checkEvaluation("a.report.html", answers(at("a.safetensors"), training.split(40, new Random(3)).validation));

  const again = await senet(
    "report", at("a.log.jsonl"), "--weights", at("a.safetensors"), "--data", data, "--out", at("again/page.html"), "--threads", "1",
  );
  assert.is(again.code, 0, again.errors);
  assert.is(again.output, `report written to ${at("again/page.html")}\n`);
  assert.is(text("again/page.html"), text("a.report.html"));

  // Logs of older versions do not count the parameters: the model does.
  writeFileSync(at("old.log.jsonl"), text("a.log.jsonl").replace(/"parameters":\d+,/, ""));
  assert.is((await senet("report", at("old.log.jsonl"))).code, 0);
  assert.not.ok(readPage(text("old.report.html")).text.includes(parameters));
  assert.is((await senet("report", at("old.log.jsonl"), "--weights", at("a.safetensors"), "--data", data, "--threads", "1")).code, 0);
  assert.ok(readPage(text("old.report.html")).text.includes(parameters));
});

test("without weights the curves alone, beside the log, also where its last line is cut short", async () => {
  const log = text("a.log.jsonl");
  writeFileSync(at("torn.log.jsonl"), log.slice(0, log.lastIndexOf('"event":"epoch"')));
  const call = await senet("report", at("torn.log.jsonl"));
  assert.is(call.code, 0, call.errors);
  assert.is(call.output, `report written to ${at("torn.report.html")}\n`);
  const page = text("torn.report.html");
  assert.match(readPage(page).text, /2 of 3 epochs, \d+ steps: under way, or stopped\./);
  assert.match(unmeasured("torn.report.html"), /^Made of the log alone: with --weights and --data/);
  assert.is(page.match(/<polyline class="raw"|<polyline class="training"/g)?.length, 3);
  assert.is(page.match(/<polyline class="validation"/g)?.length, 2);
  assert.is(page.match(/<polyline class="rate"/g)?.length, 1);
});

test("the checkpoint of a run that did not finish is measured as the run would: by its averaged weights", async () => {
  // As a run leaves them that is killed after its last checkpoint.
  const call = await senet(...recipe, "--validation", "40", "--no-report", "--out", at("b.safetensors"));
  assert.is(call.code, 0, call.errors);
  renameSync(at("b.state.safetensors"), at("b.checkpoint.safetensors"));
  rmSync(at("b.safetensors"), { force: true });
  const report = await senet("report", at("b.log.jsonl"), "--weights", at("b.checkpoint.safetensors"), "--data", data);
  assert.is(report.code, 0, report.errors);
  assert.is(evaluationPart("b.report.html"), evaluationPart("a.report.html"));
});

test("where nothing is held out, or all joined in, the page says why there is no matrix", async () => {
  const none = await senet(...recipe, "--out", at("none.safetensors"), "--json");
  assert.is(none.code, 0, none.errors);
  assert.is((JSON.parse(none.output) as { report: string }).report, at("none.report.html"));
  assert.match(unmeasured("none.report.html"), /^No images were held out of the training/);
  const joined = await senet(...recipe, "--validation", "40", "--join", "1", "--out", at("joined.safetensors"));
  assert.is(joined.code, 0, joined.errors);
  assert.match(unmeasured("joined.report.html"), /^The held-out images joined the training in the last epoch,/);
  for (const name of ["none", "joined"]) {
    const written = text(`${name}.report.html`);
    const again = await senet("report", at(`${name}.log.jsonl`), "--weights", at(`${name}.safetensors`), "--data", data);
    assert.is(again.code, 0, again.errors);
    assert.is(text(`${name}.report.html`), written);
  }
});

test("--no-report writes none", async () => {
  const call = await senet(...recipe, "--epochs", "1", "--out", at("quiet.safetensors"), "--no-report");
  assert.is(call.code, 0, call.errors);
  assert.not.match(call.output, /report/);
  assert.ok(existsSync(at("quiet.safetensors")));
  assert.not.ok(existsSync(at("quiet.report.html")));
});

test("new labels for old ones are the report's classes too", async () => {
  const call = await senet(...recipe, "--validation", "40", "--relabel", "upper=0,1;lower=2,3", "--out", at("two.safetensors"));
  assert.is(call.code, 0, call.errors);
  assert.match(readPage(text("two.report.html")).text, /\|upper\|lower\|recall\|upper\|\d/);
  const written = text("two.report.html");
  assert.is((await senet("report", at("two.log.jsonl"), "--weights", at("two.safetensors"), "--data", data, "--threads", "1")).code, 0);
  assert.is(text("two.report.html"), written);
});

test("a run that diverged has a page of its log", async () => {
  assert.is((await senet(...recipe, "--lr", "1e30", "--out", at("wild.safetensors"))).code, 1);
  assert.is((await senet("report", at("wild.log.jsonl"))).code, 0);
  assert.match(readPage(text("wild.report.html")).text, /It ended before its time: training diverged: /);
});

test("eval --report: the test images", async () => {
  const weights = at("plain.safetensors");
  writeFileSync(
    weights,
    saveWeights(
      tinyModel(5),
      { classes, preprocessing: { size: [12, 12], resize: 12, interpolation: "bilinear", channels: "gray", mean: [0.3], std: [0.3] } },
    ),
  );
  const call = await senet("eval", "--weights", weights, "--data", data, "--threads", "1", "--report", at("eval.html"));
  assert.is(call.code, 0, call.errors);
  assert.ok(call.output.endsWith(`\nreport written to ${at("eval.html")}\n`));
  await checkEvaluation("eval.html", answers(weights, testing));
  const { text: shown, sources } = readPage(text("eval.html"));
  assert.is(sources.length, 24, "an untrained network makes more mistakes than are shown");
  for (const part of ["|se_resnet8 of plain.safetensors|", "Evaluation on 60 test images.", "|mean; standard deviation|0.3; 0.3|"]) {
    assert.ok(shown.includes(part), part);
  }
  const json = await senet("eval", "--weights", weights, "--data", data, "--threads", "1", "--report", at("eval.html"), "--json");
  assert.is((JSON.parse(json.output) as { report: string }).report, at("eval.html"));
});

test("what makes no report is one clear line, and nothing is written", async () => {
  const other = write("other", spoilt(quarters(100, 7)), testing);
  writeFileSync(at("text.jsonl"), "no log\n");
  writeFileSync(at("other.log.jsonl"), text("a.log.jsonl").replace('"model":"se_resnet8"', '"model":"<b>"'));
  const before = readdirSync(folder).length;
  const measured = ["--weights", at("a.safetensors"), "--data", data];
  const cases: [string[], number, RegExp][] = [
    [[at("text.jsonl")], 1, /text\.jsonl is no log of senet train: its first line wants .*, got "no log"/],
    [[at("a.safetensors")], 1, /a\.safetensors is no log of senet train/],
    [[at("absent.jsonl")], 1, /cannot read .*absent\.jsonl: no such file/],
    [[at("a.log.jsonl"), "--weights", at("a.safetensors")], 2, /--weights and --data are wanted together/],
    [[at("a.log.jsonl"), "--out", at("a.log.jsonl")], 2, /--out wants another file than the log/],
    [[], 2, /wants LOG\.jsonl/],
    [
      [at("a.log.jsonl"), "--weights", at("a.safetensors"), "--data", other], 1,
      /a\.log\.jsonl is of a run on other images than .*other has/,
    ],
    [[at("a.log.jsonl"), "--weights", at("two.safetensors"), "--data", data], 1, /two\.safetensors: .*fc\.weight/],
    [[at("a.log.jsonl"), "--weights", at("text.jsonl"), "--data", data], 1, /text\.jsonl: .*safetensors/],
    [[at("other.log.jsonl"), ...measured], 1, /other\.log\.jsonl: unknown model "<b>"/],
  ];
  for (const [args, code, message] of cases) {
    const call = await senet("report", ...(args.includes("--out") ? args : [...args, "--out", at("never.html")]));
    assert.is(call.code, code, `${args.join(" ")}: ${call.errors}`);
    assert.match(call.errors, message);
    assert.is(call.errors.trimEnd().split("\n").length, 1, call.errors);
    assert.is(call.output, "");
  }
  assert.is(readdirSync(folder).length, before);
  assert.match(text("a.log.jsonl"), /^\{"event":"start"/);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

test.run();

/** The parts of a report: axes, curves, tables, and that nothing a user names becomes markup. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { lineChart } from "../../src/cli/report/chart.ts";
import { measuredOn } from "../../src/cli/report/evaluation.ts";
import type { Measured } from "../../src/cli/report/evaluation.ts";
import { escape, html } from "../../src/cli/report/html.ts";
import { Mistakes, pictures } from "../../src/cli/report/mistakes.ts";
import { evaluationPage, trainingPage } from "../../src/cli/report/page.ts";
import { smooth, smoothingWindow, thin } from "../../src/cli/report/points.ts";
import type { Point } from "../../src/cli/report/points.ts";
import { linearScale, logScale } from "../../src/cli/report/scale.ts";
import { readLog } from "../../src/cli/training/read-log.ts";
import { decodePng } from "../../src/io/images/png.ts";
import { encodeUtf8 } from "../../src/io/bytes/utf8.ts";
import { Tensor } from "../../src/tensor.ts";
import { Dataset } from "../../src/train/data/dataset.ts";
import { Confusion } from "../../src/train/metrics.ts";
import { bytesFromBase64 } from "../support/base64.ts";
import { readPage } from "./page.ts";

const hostile = [
  "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "' onmouseover='alert(1)", "</style></title>&lt;b&gt;\u202e\u0000\ud800",
];

test("html escapes whatever is no HTML, and spells out what is not seen", () => {
  assert.is(
    html`<b title="${`"x" & 'y'`}">${["<i>", 1, html`<i>`, undefined]}</b>`.text,
    '<b title="&quot;x&quot; &amp; &#39;y&#39;">&lt;i&gt;1<i></b>',
  );
  assert.is(escape(hostile[3]), "&lt;/style&gt;&lt;/title&gt;&amp;lt;b&amp;gt;\\u202e\\u0000\\ud800");
});

test("linear axes have round ticks around all values", () => {
  const of = (low: number, high: number, options: { ticks?: number; whole?: boolean; percent?: boolean } = {}): string[] => linearScale(
    low, high, { ticks: 5, ...options },
  ).ticks.map(({ label }) => label);
  assert.equal(of(0.31, 0.68), ["0.3", "0.4", "0.5", "0.6", "0.7"]);
  assert.equal(of(0.1, 0.3), ["0.10", "0.15", "0.20", "0.25", "0.30"]);
  assert.equal(of(0, 11583, { whole: true }), ["0", "5,000", "10,000"]);
  assert.equal(of(1, 3, { whole: true, ticks: 7 }), ["1", "2", "3"]);
  assert.equal(of(0.7525, 1, { percent: true }), ["75 %", "80 %", "85 %", "90 %", "95 %", "100 %"]);
  assert.equal(of(0.9012, 0.9021, { percent: true }), ["90.12 %", "90.14 %", "90.16 %", "90.18 %", "90.20 %", "90.22 %"]);
  assert.equal(of(0, 4e-7), ["0", "1e-7", "2e-7", "3e-7", "4e-7"]);
  assert.equal(of(-2, 2), ["-2", "-1", "0", "1", "2"]);
  const scale = linearScale(0.31, 0.68, { ticks: 5 });
  assert.ok(Math.abs(scale.at(0.5) - 0.5) < 1e-9 && scale.at(0.31) > 0 && scale.at(0.68) < 1);
  for (const [low, high] of [[0, 0], [5, 5], [1, 1 + 2e-16], [-1e100, 1e100], [0, 5e-324], [1e-120, 2e-120]]) {
    const { ticks, at } = linearScale(low, high, { ticks: 5 });
    assert.ok(ticks.length < 20 && at(low) >= -0.1 && at(high) <= 1.1, `${low} to ${high}`);
  }
});

test("logarithmic axes have ticks with few digits, equal ratios equally far", () => {
  assert.equal(logScale(0.28, 3.1, { ticks: 6 }).ticks.map(({ label }) => label), ["0.3", "0.4", "0.5", "0.7", "1", "1.5", "2", "3"]);
  assert.equal(logScale(0.02, 150, { ticks: 6 }).ticks.map(({ label }) => label), ["0.03", "0.1", "0.3", "1", "3", "10", "30", "100"]);
  assert.ok(logScale(1e-80, 1e90, { ticks: 6 }).ticks.length <= 8);
  const { at } = logScale(0.1, 100, { ticks: 6 });
  assert.ok(Math.abs(at(1) - at(0.1) - (at(100) - at(10))) < 1e-9 && at(0.1) > 0 && at(100) < 1);
});

test("smoothing keeps straight lines and both ends; thinning keeps ends and peaks", () => {
  const line = Array.from({ length: 40 }, (_, i): Point => [i, 2 * i]);
  for (const [x, y] of smooth(line, 7)) assert.ok(Math.abs(y - 2 * x) < 1e-9);
  assert.equal(smooth([[0, 3], [1, 0], [2, 0], [3, 9]], 3).map(([, y]) => y), [3, 1, 3, 9]);
  assert.equal([5, 12, 400, 4000].map(smoothingWindow), [1, 5, 11, 101]);
  const long = Array.from({ length: 100000 }, (_, i): Point => [i, i === 54321 ? 99 : i === 65432 ? -99 : i % 7]);
  const kept = thin(long, 600);
  assert.ok(kept.length <= 600 && kept.length > 300);
  assert.ok(kept.every(([x], i) => i === 0 || x > kept[i - 1][0]));
  for (const x of [0, 54321, 65432, 99999]) assert.ok(kept.some((point) => point[0] === x), String(x));
  assert.is(thin(line, 40), line);
});

test("a chart has its curves inside its axes, a legend, and dots that say their values", () => {
  const chart = lineChart({
    title: "Loss", x: "epoch", logarithmic: true,
    series: [{ name: "training", kind: "training", points: [[1, 3], [2, 0.2]] }, { name: "validation", kind: "validation", points: [] }],
  }).text;
  assert.match(chart, /\(logarithmic\)/);
  assert.match(chart, /<span class="key training">training<\/span>/);
  assert.not.match(chart, /validation/);
  assert.match(chart, /<title>epoch 2, training: 0\.2<\/title>/);
  const [, width, height] = (/viewBox="0 0 (\d+) (\d+)"/.exec(chart) ?? []).map(Number);
  const places = [...(/points="([^"]*)"/.exec(chart)?.[1] ?? "").matchAll(/([\d.]+),([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
  assert.is(places.length, 2);
  assert.ok(places.every(([x, y]) => x >= 50 && x <= width && y >= 0 && y <= height - 40), String(places));
  assert.ok(places[1][0] > places[0][0] && places[1][1] > places[0][1], "to the right, and downwards");
  assert.match(lineChart({ title: "Loss", x: "epoch", series: [] }).text, /nothing logged yet/);
  assert.not.match(
    lineChart({ title: "Loss", x: "step", logarithmic: true, series: [{ name: "a", kind: "raw", points: [[1, 3], [2, 0]] }] }).text,
    /NaN|logarithmic/,
  );
});

/** Answers that an imaginary network gave to `labels`. */
async function answered(data: Dataset, answers: readonly (readonly number[])[]): Promise<Measured> {
  const [mistakes, confusion] = [new Mistakes(), new Confusion(data.classes.length)];
  const predictions = Int32Array.from(answers, (row) => row.indexOf(Math.max(...row)));
  confusion.add(data.labels, predictions);
  // In two batches.
  for (const [first, end] of [[0, 2], [2, data.size]]) {
    mistakes.add({
      first, labels: data.labels.slice(first, end), predictions: predictions.slice(first, end),
      probabilities: Tensor.of(answers.slice(first, end).flat(), [end - first, data.classes.length]),
    });
  }
  return measuredOn(data, { loss: 1.25, accuracy: confusion.accuracy, confusion }, mistakes.worst(24), "test images");
}

const fiveImages = (classes: readonly string[]): Dataset =>
  new Dataset(Uint8Array.from({ length: 5 * 6 }, (_, i) => i * 8), [5, 1, 2, 3], Int32Array.of(0, 0, 1, 2, 0), classes);
const fiveAnswers = [[0.7, 0.2, 0.1, 0], [0.3, 0.6, 0.1, 0], [0.1, 0.8, 0.1, 0], [0.05, 0.9, 0.05, 0], [0.1, 0.2, 0.7, 0]];

test("the matrix has counts, recall and precision, rows by true class; the mistakes stand by their loss", async () => {
  const classes = ["a", "b", "c", "d"];
  const measured = await answered(fiveImages(classes), fiveAnswers);
  assert.equal(measured.worst.map(({ index, label, prediction }) => [index, label, prediction]), [[3, 2, 1], [4, 0, 2], [1, 0, 1]]);
  const { text } = readPage(evaluationPage({ title: "net", measured, facts: [["model", "m"]] }));
  const table = [
    "recall", "a|1|1|1|0|33.3\u00a0%", "b|0|1|0|0|100.0\u00a0%", "c|0|1|0|0|0.0\u00a0%", "d|0|0|0|0|–",
    "precision|100.0\u00a0%|33.3\u00a0%|0.0\u00a0%|–|",
  ].join("|");
  assert.ok(text.includes(table), text);
  assert.match(text, /5 test images: 2 right, 40\.00 %; mean loss 1\.2500\./);
  assert.match(text, /\|a\|3\|33\.3\u00a0%\|100\.0\u00a0%\|b\|\(1\)\|/, "the table of classes");
  assert.match(text, /c\|→\|b\|,\|90\.0\u00a0%\|a\|→\|c\|,\|70\.0\u00a0%\|a\|→\|b\|,\|60\.0\u00a0%/);
  const many = [...classes, ...Array.from({ length: 12 }, (_, k) => `z${k}`)];
  const narrow = await answered(
    fiveImages(many),
    [fiveAnswers[0], fiveAnswers[0], ...fiveAnswers.slice(2)].map((row) => [...row, ...Array.from({ length: 12 }, () => 0)]),
  );
  assert.match(
    readPage(evaluationPage({ title: "net", measured: narrow, facts: [] })).text,
    /\|recall, %\|a\|2\|1\|67\|b\|1\|100\|c\|1\|0\|d\|–\|.*\|precision, %\|100\|50\|0\|–\|/, "narrow cells",
  );
  const right = await answered(fiveImages(classes), [[1, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0]]);
  assert.match(readPage(evaluationPage({ title: "net", measured: right, facts: [] })).text, /Worst mistakes\|[^|]*\|There are none\./);
});

test("pictures are the images: grey, colour, and large ones made smaller", async () => {
  const show = async (images: Uint8Array, shape: [number, number, number, number]): Promise<{
    width: number;
    height: number;
    data: Uint8Array | Uint8ClampedArray;
    shown: string;
  }> => {
    const [picture] = await pictures(
      new Dataset(images, shape, new Int32Array(shape[0]), ["a"]),
      [{ index: shape[0] - 1, label: 0, prediction: 0, confidence: 1, labelProbability: 0 }],
    );
    const { width, height, data } = await decodePng(bytesFromBase64(picture.source.replace("data:image/png;base64,", "")));
    return { width, height, data, shown: `${picture.width}x${picture.height} ${picture.magnified}` };
  };
  const grey = await show(Uint8Array.of(9, 9, 9, 9, 9, 9, 0, 1, 2, 3, 4, 255), [2, 1, 2, 3]);
  assert.equal([grey.width, grey.height, grey.shown], [3, 2, "111x74 true"]);
  assert.equal([...grey.data].filter((_, i) => i % 4 === 1), [0, 1, 2, 3, 4, 255]);
  const colour = await show(Uint8Array.of(1, 2, 3, 4, 5, 6), [1, 3, 1, 2]);
  assert.equal([...colour.data], [1, 3, 5, 255, 2, 4, 6, 255]);
  const two = await show(Uint8Array.of(1, 2, 3, 4), [1, 2, 1, 2]);
  assert.equal([...two.data], [1, 1, 1, 255, 2, 2, 2, 255], "two channels: the first");
  const large = await show(new Uint8Array(3 * 300 * 200).fill(77), [1, 3, 200, 300]);
  assert.equal([large.width, large.height, large.shown], [64, 43, "112x75 false"]);
  assert.ok([...large.data].every((value, i) => value === (i % 4 === 3 ? 255 : 77)));
});

const logOf = (...entries: readonly object[]): ReturnType<typeof readLog> => readLog(
  encodeUtf8(entries.map((entry) => `${JSON.stringify(entry)}\n`).join("")), "log",
);

test("names, settings and files of any kind stay text", async () => {
  const measured = await answered(fiveImages(hostile), fiveAnswers);
  const record = logOf({
    event: "start", step: 0, model: hostile[0], epochs: 2, time: hostile[1], runs_on: hostile[2], from: hostile[3], senet: hostile[0],
    numerics: hostile[1],
    modelOptions: { [hostile[0]]: hostile[1] }, classes: hostile, [hostile[2]]: { [hostile[1]]: [hostile[0]] }, smoothing: hostile[0],
  }, { step: 1, loss: 1, rate: 0.1 }, { step: 2, epoch: 1, event: "epoch", loss: 1, accuracy: 0.5, time: hostile[1] },
  { step: 3, event: "diverged", message: hostile[1] });
  const training = readPage(trainingPage({ record, log: hostile[1], measured, weights: hostile[2] }));
  const evaluation = readPage(evaluationPage({ title: hostile[0], measured, facts: [[hostile[1], hostile[2]]] }));
  for (const { text, titles } of [training, evaluation]) {
    for (const name of hostile.slice(0, 3)) assert.ok(text.includes(name), name);
    assert.ok(text.includes("&lt;b&gt;\\u202e\\u0000\\ud800"));
    assert.ok(titles.some((title) => title.includes(hostile[1])));
  }
  assert.ok(training.text.includes(`It ended before its time: ${hostile[1]}.`));
});

test("a page tells settings and figures, and how far the run came", () => {
  const start = {
    event: "start", step: 0, model: "se_resnet8", modelOptions: { width: 4 }, epochs: 3, seed: 1234567, batch: 8, lr: 0.1, crop: 0,
    flip: true, parameters: 5345, images: 48,
    validation: 12, numerics: "exact", runs_on: "wasm: simd, 1 thread", time: "2025-11-27T03:00:12.345Z", mean: [0.25, 0.5], smoothing: 0.1,
    average: 0.9, later: "new setting",
  };
  const epoch = (n: number, accuracy: number): object =>
    ({
      step: 6 * n, epoch: n, event: "epoch", loss: 2 / n, accuracy: 0.5, seconds: 30, images_per_second: 100 * n, tflop: 0.25 * n,
      validation_loss: 1 / n, validation_accuracy: accuracy,
    });
  const entries = [start, { step: 1, loss: 3, rate: 0.1 }, epoch(1, 0.5), epoch(2, 0.75), epoch(3, 0.625)];
  const { text } = readPage(
    trainingPage({ record: logOf(...entries, { event: "resume", step: 18 }), log: "x.log.jsonl", measured: "Because." }),
  );
  for (const part of [
    "Training report of x.log.jsonl. 3 epochs, 18 steps.",
    "|62.50 %|validation accuracy|0.3333|validation loss|5,345|parameters|1 min 30 s|", "|seed|1234567|", "|options|width 4|", "|flip|yes|",
    "|mean|0.25, 0.5|",
    "|begun|2025-11-27 03:00 UTC|", "|images a second|200|", "|training arithmetic|0.750 TFLOP|",
    "|kernels|wasm: simd, 1 thread, numerics exact|", "|training loss|0.6667|training accuracy|50.00 %|",
    "|best validation accuracy|75.00 %, epoch 2|", "|resumed after step|18|", "|later|new setting|", "|Confusion matrix|Because.|",
    "label smoothing (0.1), the validation loss without", "Validation is of the averaged weights.",
    "|2|1.0000|50.00 %|0.5000|75.00 %|30 s|200|",
  ]) assert.ok(text.includes(part), `${part}\n${text}`);
  assert.not.match(text, /crop/);
  const status = (...log: readonly object[]): string => readPage(
    trainingPage({ record: logOf(...log), log: "x", measured: undefined }),
  ).text;
  assert.match(status(...entries.slice(0, 4), { step: 13, loss: 1, rate: 0.1 }), /2 of 3 epochs, 13 steps: under way, or stopped\./);
  assert.match(status(start), /0 of 3 epochs, 0 steps: under way.*nothing logged yet/);
});

test("long runs, many classes and large images still make small pages", async () => {
  const entries: object[] = [
    { event: "start", step: 0, model: "m", epochs: 2000, classes: Array.from({ length: 1000 }, (_, k) => `class number ${k}`) },
  ];
  for (let n = 1; n <= 100000; n++) entries.push({ step: n, loss: 1 + (n % 10) / 9, rate: 1 / n });
  for (let n = 1; n <= 2000; n++) {
    entries.push({
      step: 100000 + n, epoch: n, event: "epoch", loss: 1 / n, accuracy: 0.5, validation_loss: 2 / n, validation_accuracy: 0.5,
    });
  }
  const long = trainingPage({ record: logOf(...entries), log: "x", measured: undefined });
  readPage(long);
  assert.ok(long.length < 250000, `${long.length} characters`);
  assert.match(long, /The last 500 of 2,000 epochs as a table/);

  const classes = Array.from({ length: 1000 }, (_, k) => `class number ${k}`);
  let state = 1;
  const noise = Uint8Array.from({ length: 30 * 3 * 100 * 100 }, () => ((state = (state * 1103515245 + 12345) % 2147483648) >> 16) & 255);
  const data = new Dataset(noise, [30, 3, 100, 100], Int32Array.from({ length: 30 }, (_, i) => i), classes);
  const measured = await answered(
    data, Array.from({ length: 30 }, (_, i) => classes.map((_, k) => (k === (i < 3 ? 7 : i + 1) ? 0.9 : 0.1 / 999))),
  );
  const page = evaluationPage({ title: "net", measured, facts: [] });
  const { text, sources } = readPage(page);
  assert.is(sources.length, 24);
  assert.ok(page.length < 700000, `${page.length} characters`);
  assert.match(text, /1,000 classes are too many for a matrix/);
  assert.match(text, /\|true class\|predicted\|images\|class number 0\|class number 7\|1\|/);
});

test.run();

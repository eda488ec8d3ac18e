/** The record of bench/claim and its tables: they belong together, and a difference inside the spread is called that. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { experiments, recipe, seeds } from "../bench/claim/experiments.ts";
import { sameRun } from "../bench/claim/run.ts";
import type { Result } from "../bench/claim/run.ts";
import { corrupted, corruptions } from "../bench/claim/study/corruptions.ts";
import { interval, paired, points } from "../bench/claim/study/intervals.ts";
import { recipe as studyRecipe, wanted } from "../bench/claim/study/plan.ts";
import { studyTables } from "../bench/claim/study/tables.ts";
import { statistics, tables, verdict } from "../bench/claim/table.ts";
import { createModel } from "../models/index.ts";
import { decodeUtf8 } from "../src/io/bytes/utf8.ts";
import { Dataset } from "../src/train/data/dataset.ts";
import { fileBytes } from "./support/files.ts";

const textOf = (path: string): string => decodeUtf8(fileBytes(path), path);
const recordOf = (path: string): Result[] => textOf(path).trim().split("\n").map((line) => JSON.parse(line) as Result);
const record = recordOf("../docs/claim.jsonl");
const study = recordOf("../docs/claim/study.jsonl");

test("mean, standard deviation, and what is said of a difference", () => {
  const [a, b] = [statistics([0.8, 0.82, 0.84]), statistics([0.81, 0.83, 0.85])];
  assert.ok(Math.abs(a.mean - 0.82) < 1e-12 && Math.abs(a.spread - 0.02) < 1e-12);
  assert.is(verdict(a, b), "+1.00 ± 1.63, inside the spread");
  assert.is(verdict(a, statistics([0.9, 0.91, 0.92])), "+9.00 ± 1.29, better");
  assert.is(verdict(a, statistics([0.7, 0.71, 0.72])), "−11.00 ± 1.29, worse");
  assert.is(verdict(a, statistics([0.9])), "too few runs");
});

test("every line of the record is a run of an experiment, once, in at most three minutes of processor time", () => {
  const variants = experiments.flatMap((experiment) => experiment.variants);
  for (const result of record) {
    const variant = variants.find((each) => seeds.some((seed) => sameRun(result, each, seed)));
    assert.ok(variant !== undefined, JSON.stringify(result));
    assert.is(record.filter((other) => sameRun(other, variant!, result.seed)).length, 1, JSON.stringify(result));
    assert.is(createModel(result.model, result.options, null).parameterCount(), result.parameters);
    assert.ok(result.cpuSeconds <= 180 && result.accuracy > 0 && result.accuracy <= 1);
    assert.ok(Math.abs(result.accuracy * recipe.held - Math.round(result.accuracy * recipe.held)) < 1e-6, "a whole number of images");
  }
});

test("docs/claim.md has the tables of the record", () => {
  assert.ok(textOf("../docs/claim.md").includes(tables(record).trim()));
});

test("intervals of 95 % by Student's t, of pairs that share a seed", () => {
  const { count, mean, half } = interval([0.01, 0.02, 0.03, 0.04, 0.05]);
  assert.ok(count === 5 && Math.abs(mean - 0.03) < 1e-12 && Math.abs(half - 0.019629) < 1e-5, `${mean} ${half}`);
  assert.is(points({ count, mean, half }), "+3.00 ± 1.96, better");
  assert.is(points(interval([-0.01, 0.02])), "+0.50 ± 19.06");
  assert.is(points(interval([-0.03])), "−3.00 (one seed)");
  assert.is(points(interval([])), "not run yet");
  const found = paired(new Map([[1, 0.5], [2, 0.6], [4, 0]]), new Map([[2, 0.7], [1, 0.5], [3, 0.9]]));
  assert.ok(found.count === 2 && Math.abs(found.mean - 0.05) < 1e-12);
});

test("corruptions: the same each time, as strong as they say, and each stronger than the last", () => {
  const levels = Uint8Array.from({ length: 20 * 28 * 28 }, (_, i) => (i % 28 < 14 ? 64 : 192));
  const data = new Dataset(levels.slice(), [20, 1, 28, 28], new Int32Array(20), ["a"]);
  for (const corruption of corruptions) {
    assert.is(corruption.strengths.length, 5);
    let last = 0;
    for (const strength of corruption.strengths) {
      const { images } = corrupted(data, corruption, strength);
      assert.equal(images, corrupted(data, corruption, strength).images);
      const off = Array.from(images, (level, i) => Math.abs(level - levels[i]));
      const total = off.reduce((a, b) => a + b, 0) / off.length;
      assert.ok(total > last, `${corruption.name} ${strength}: ${total} after ${last}`);
      last = total;
      const changed = off.filter((d) => d > 0).length / off.length;
      if (corruption.name === "salt and pepper") assert.ok(Math.abs(changed - strength) < 0.01, `${changed} of ${strength}`);
      // The mean of |x| of a normal distribution is 0.8 of its deviation, and levels end at 0 and 255.
      if (corruption.name === "Gaussian noise" && strength < 0.1) assert.ok(Math.abs(total / 255 / 0.798 - strength) < 0.002, `${total}`);
      if (corruption.name === "contrast") assert.ok(off.every((d) => Math.abs(d - (1 - strength) * 64) <= 0.5));
      if (corruption.name === "blur") assert.ok(off.every((d, i) => d === 0 || Math.abs((i % 28) - 13.5) < 3 * strength + 1));
    }
  }
  assert.equal(data.images, levels);
});

test("every line of the study's record is a run of its plan, once, and docs/claim.md has its tables", () => {
  const plan = wanted();
  for (const result of study) {
    const found = plan.filter(({ variant, seed }) => sameRun(result, variant, seed, studyRecipe));
    assert.ok(found.length > 0, JSON.stringify(result));
    assert.is(study.filter((other) => sameRun(other, found[0].variant, result.seed, studyRecipe)).length, 1, JSON.stringify(result));
    assert.is(createModel(result.model, result.options, null).parameterCount(), result.parameters);
    for (const [name, values] of Object.entries(result.changed ?? {})) {
      assert.is(values.length, name === "none" ? 1 : 5);
      assert.ok(values.every((share) => Math.abs(share * studyRecipe.corrupted - Math.round(share * studyRecipe.corrupted)) < 0.02), name);
    }
  }
  assert.ok(textOf("../docs/claim.md").includes(studyTables(study, record).trim()));
});

test.run();

/** The record of bench/claim and its tables: they belong together, and a difference inside the spread is called that. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { experiments, recipe, seeds } from "../bench/claim/experiments.ts";
import { sameRun } from "../bench/claim/run.ts";
import type { Result } from "../bench/claim/run.ts";
import { statistics, tables, verdict } from "../bench/claim/table.ts";
import { createModel } from "../models/index.ts";
import { decodeUtf8 } from "../src/io/bytes/utf8.ts";
import { fileBytes } from "./support/files.ts";

const textOf = (path: string): string => decodeUtf8(fileBytes(path), path);
const record = textOf("../docs/claim.jsonl").trim().split("\n").map((line) => JSON.parse(line) as Result);

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

test.run();

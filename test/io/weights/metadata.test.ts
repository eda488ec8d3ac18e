/** Weights files that describe themselves: there and back, and what is refused. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FormatError } from "../../../src/errors.ts";
import { describeModel, readModelDescription } from "../../../src/io/weights/metadata.ts";
import type { ModelDescription } from "../../../src/io/weights/metadata.ts";
import { presets } from "../../../models/index.ts";
import { parseSafetensors, writeSafetensors } from "../../../src/io/weights/safetensors.ts";

const full: ModelDescription = {
  model: "se_resnet20",
  options: { classes: 3, inChannels: 1, reduction: 8, position: "pre", nested: { list: [1, null, true] } },
  classes: ["T-shirt", "größe \"x\"\n", "crane"],
  preprocessing: presets.caffe,
};

test("through a file and back", () => {
  const { metadata } = parseSafetensors(writeSafetensors([], { metadata: { format: "pt", ...describeModel(full) } }));
  assert.equal(readModelDescription(metadata), full);
  const least: ModelDescription = { model: "seresnet50", options: {} };
  assert.equal(readModelDescription(describeModel(least)), least);
});

test("the texts, literally, in one order whatever the order of properties", () => {
  const texts = describeModel({ model: "m", options: { b: 1, a: { d: undefined, c: [true, "x"] } }, classes: ["k"] });
  assert.equal(
    texts, { "senet.format": "1", "senet.model": "m", "senet.options": '{"a":{"c":[true,"x"]},"b":1}', "senet.classes": '["k"]' },
  );
  assert.equal(describeModel({ model: "m", options: { a: { c: [true, "x"] }, b: 1 }, classes: ["k"] }), texts);
});

test("a file of another writer has no description", () => {
  assert.is(readModelDescription({}), undefined);
  assert.is(readModelDescription({ format: "pt", "senet.model": "x" }), undefined);
});

test("hostile or damaged descriptions end in one line that names the key", () => {
  const good = describeModel(full);
  const refuses = (key: string, text: string | undefined, pattern: RegExp): void => {
    const metadata = { ...good, [key]: text } as Record<string, string>;
    if (text === undefined) delete metadata[key];
    assert.throws(
      () => readModelDescription(metadata), (e: unknown) => e instanceof FormatError && pattern.test(e.message) && !/\n/.test(e.message),
      `${key} ${text}`,
    );
  };
  refuses("senet.format", "2", /^weights metadata: senet\.format "2" is unknown, this version of senet reads "1"$/);
  refuses("senet.model", undefined, /senet\.model is missing/);
  refuses("senet.model", "", /senet\.model is missing/);
  refuses("senet.options", "{", /^weights metadata: senet\.options: not JSON: wants a name in quotes at character 1, got its end$/);
  refuses("senet.options", "[1]", /senet\.options wants an object, got \[1\]/);
  refuses("senet.options", '{"a":1,"a":2}', /the name "a" stands twice/);
  refuses("senet.classes", "[]", /senet\.classes wants a list of texts, got \[\]/);
  refuses("senet.classes", '["a",1]', /senet\.classes wants a list of texts/);
  refuses("senet.classes", '"a"', /senet\.classes wants a list of texts, got "a"/);
  refuses("senet.classes", "[".repeat(1e5), /nested more than/);
  refuses("senet.preprocessing", "1", /^weights metadata: preprocessing wants an object, got 1$/);
  refuses("senet.preprocessing", "{}", /^weights metadata: preprocessing: channels wants/);
});

test("__proto__ in options is a name like any other", () => {
  const { options } = readModelDescription({ ...describeModel(full), "senet.options": '{"__proto__":{"polluted":true}}' })!;
  assert.equal(Object.keys(options), ["__proto__"]);
  assert.is(options.polluted, undefined);
});

test("refuses to describe what JSON cannot hold", () => {
  const refuses = (change: object, pattern: RegExp): void =>
    assert.throws(() => describeModel({ ...full, ...change }), (e: unknown) => e instanceof TypeError && pattern.test(e.message));
  refuses({ model: "" }, /model wants a name, got ""/);
  refuses({ options: null }, /options wants an object, got null/);
  refuses({ options: { a: { b: [NaN] } } }, /options\.a\.b\[0\] wants what JSON can hold, got NaN/);
  refuses({ options: { f: () => 1 } }, /options\.f wants what JSON can hold/);
  refuses({ classes: ["a", 1] }, /classes wants a list of texts, got \[a,1\]/);
  assert.throws(() => describeModel({ ...full, preprocessing: {} as never }), (e: unknown) => e instanceof FormatError);
});

test.run();

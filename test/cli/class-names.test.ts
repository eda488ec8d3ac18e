/** Lists of class names: lines or JSON, and never one name too many or too few. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import { readClassNames } from "../../src/cli/class-names.ts";
import { parseSafetensors, writeSafetensors } from "../../src/io/weights/safetensors.ts";
import { saveWeights } from "../../src/weights/weights.ts";
import { senet, temporaryFolder } from "./call.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const list = (text: string): string => (writeFileSync(at("list"), text), at("list"));

test("lines, Windows lines, a byte-order mark, JSON lists and objects", () => {
  const wanted = ["a", "b c", "ü"];
  for (const text of [
    "a\nb c\nü", "a\nb c\nü\n\n", "\ufeffa\r\nb c\r\nü\r\n", " a \nb c\t\nü",
    '["a", "b c", "ü"]', '\ufeff[\n"a",\n"b c", "\\u00fc"]\n',
    '{"0":"a","1":"b c","2":"ü"}', '{"2":"ü","0":"a","1":"b c"}',
    '{"0": ["n01", "a"], "1": ["n02", "b c"], "2": ["n03", "ü"]}',
  ]) assert.equal(readClassNames(list(text)), wanted, JSON.stringify(text));
});

test("what is no list, or has a gap, is refused", () => {
  for (const [text, message] of [
    ["", /list names no class/], ["\n \n", /names no class/], ["\ufeff", /names no class/], ["[]", /names no class/],
    ["a\n\nb\n", /line 2 is empty/], ["\na\n", /line 1 is empty/],
    ['["a", 3]', /class 1 is 3/], ['["a", ""]', /class 1 is ""/], ['{"a":"b"}', /want the keys "0", "1", ..., got "a" where "0" is due/],
    ['{"1":"a","2":"b"}', /got "1" where "0" is due/],
    ['["a", "b"', /not JSON/],
  ] as const) assert.throws(() => readClassNames(list(text)), message, JSON.stringify(text));
});

test("names are counted where they are given and where they are read", async () => {
  const model = createModel("se_resnet8", { classes: 4, inChannels: 1, width: 4, reduction: 2 }, 1);
  for (const names of [["a", "b", "c"], ["a", "b", "c", "d", "e"]]) {
    assert.throws(
      () => saveWeights(model, { classes: names }), new RegExp(`saveWeights: classes names ${names.length} classes, the network has 4`),
    );
  }
  assert.throws(() => saveWeights(createModel("se_unet", { classes: 3 }, 1), { classes: ["a"] }), /names 1 class, the network has 3/);
  const preprocessing = { size: [12, 12], resize: 12, interpolation: "bilinear", channels: "gray", mean: [0.5], std: [0.5] } as const;
  const good = saveWeights(model, { classes: ["a", "b", "c", "d"], preprocessing });
  writeFileSync(at("good.safetensors"), good);
  const { tensors, metadata } = parseSafetensors(good);
  writeFileSync(at("short.safetensors"), writeSafetensors(tensors, { metadata: { ...metadata, "senet.classes": '["a","b","c"]' } }));
  const sample = new URL("../../models/pretrained/samples/bag-0018.png", import.meta.url);
  writeFileSync(at("bag.png"), readFileSync(sample));
  const classify = (...more: string[]) => senet("classify", at("bag.png"), "--json", "--top", "4", ...more);
  const short = await classify("--weights", at("short.safetensors"));
  assert.is(short.code, 1);
  assert.match(short.errors, /short\.safetensors, whose names --classes FILE could replace, names 3 classes, the network has 4\n$/);
  const mended = await classify("--weights", at("short.safetensors"), "--classes", list('["p","q","r","s"]'));
  assert.is(mended.code, 0, mended.errors);
  assert.equal(
    (JSON.parse(mended.output) as { guesses: { class: string }[] }[])[0].guesses.map((guess) => guess.class).sort(), ["p", "q", "r", "s"],
  );
  for (const text of ["a\nb\nc\n", "a\nb\nc\nd\ne\n"]) {
    assert.match(
      (await classify("--weights", at("good.safetensors"), "--classes", list(text))).errors, /list names \d classes, the network has 4\n$/,
    );
  }
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();

/** senet compile: the same file and hash each time, a file that a session takes, and wrong usage with nothing written. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createModel } from "../../models/index.ts";
import { compileSync } from "../../src/session/session.ts";
import { version } from "../../src/version.ts";
import { bits } from "../support/compare.ts";
import { draw, stir } from "../support/random.ts";
import { senet, temporaryFolder } from "./call.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const options = { classes: 4, inChannels: 2, width: 4, reduction: 2 };
const given = ["compile", "se_resnet8", "--model-options", JSON.stringify(options), "--input", "1,2,9,8"];
const sha256 = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

test("the same command gives the same file; another gives another", async () => {
  const hashes: string[] = [];
  for (
    const more of [
      [], [], ["--numerics", "exact"], ["--threads", "2"], ["--relaxed-simd"], ["--pace"], ["--observe", "layer1.0.se.activation_2"],
      ["--input", "1,2,9,9"],
    ]
  ) {
    const call = await senet(...given, "--out", at("m.wasm"), ...more, "--json");
    assert.is(call.code, 0, call.errors);
    const { sha256: hash, bytes, senet: by } = JSON.parse(call.output) as { sha256: string; bytes: number; senet: string };
    assert.is(hash, sha256(at("m.wasm")));
    assert.is(bytes, readFileSync(at("m.wasm")).length);
    assert.is(by, version);
    hashes.push(hash);
  }
  assert.is(hashes[0], hashes[1]);
  assert.is(new Set(hashes).size, hashes.length - 1);
});

test("a session takes the file, and gives the answers that it gives without", async () => {
  const call = await senet(...given, "--out", at("m.wasm"), "--numerics", "exact");
  assert.is(call.code, 0, call.errors);
  const [first, second] = call.output.split("\n");
  assert.match(first, /m\.wasm: se_resnet8, input \[1,2,9,8\], exact, one thread, senet [\d.]+, [\d,]+ bytes$/);
  assert.is(second, `sha256 ${sha256(at("m.wasm"))}`);
  const model = stir(createModel("se_resnet8", options));
  const input = [1, 2, 9, 8];
  const [taken, usual] = [{ module: readFileSync(at("m.wasm")) }, {}].map(
    (how) => compileSync(model, { input, numerics: "exact", threads: 1, ...how }),
  );
  assert.match(taken.kernels, /kernels of the given module$/);
  assert.equal(bits(taken.run(draw(input))), bits(usual.run(draw(input))));
});

test("wrong usage: one line, code 2, and nothing is written", async () => {
  const cases: [RegExp, string[]][] = [
    [/wants --out FILE/, []],
    [/--numerics wants one of exact, fast, got "turbo"/, ["--out", at("no.wasm"), "--numerics", "turbo"]],
    [/--threads wants a whole number from 1 to 32, got 33/, ["--out", at("no.wasm"), "--threads", "33"]],
    [/--relaxed-simd is for fast/, ["--out", at("no.wasm"), "--numerics", "exact", "--relaxed-simd"]],
  ];
  for (const [message, more] of cases) {
    const call = await senet(...given, ...more);
    assert.is(call.code, 2);
    assert.match(call.errors, message);
    assert.match(call.errors, /^senet[^\n]*\n$/);
  }
  const failed = await senet(...given, "--out", at("no.wasm"), "--observe", "layer1.0.se.gates");
  assert.is(failed.code, 1);
  assert.match(failed.errors, /observe names "layer1\.0\.se\.gates", which is no value of this model/);
  assert.not(existsSync(at("no.wasm")));
});

test.after(() => rmSync(folder, { force: true, recursive: true }));
test.run();

/** `senet train --int8` as a user calls it: a file of bytes, the same after a pause and on two threads; what makes no sense is refused. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { senet, temporaryFolder } from "../../cli/call.ts";
import { writePart } from "../data/idx-files.ts";
import { quarters } from "../tiny.ts";

const data = temporaryFolder();
const folder = temporaryFolder();
test.after(() => [data, folder].forEach((path) => rmSync(path, { recursive: true, force: true })));
writePart(data, "train", quarters(60, 1));
writePart(data, "t10k", quarters(20, 2));
const at = (name: string): string => join(folder, name);
const common = ["--data", data, "--batch", "8", "--validation", "12", "--seed", "3", "--no-report"];
const start = at("start.safetensors");
const int8 = ["train", ...common, "--int8", "--from", start, "--lr", "0.01", "--schedule", "constant", "--augment", "crop:1"];

async function ran(...args: readonly string[]): Promise<string> {
  const { code, output, errors } = await senet(...args);
  assert.is(code, 0, errors);
  return output;
}

async function accuracy(file: string): Promise<number> {
  return (JSON.parse(await ran("eval", "--data", data, "--weights", file, "--json")) as { accuracy: number }).accuracy;
}

test("train --int8 writes a network of bytes; stopped and resumed, and on two threads, the same one", async () => {
  await ran("train", "se_resnet8", ...common, "--model-options", '{"width":4,"reduction":2}', "--epochs", "6", "--out", start);
  const output = await ran(...int8, "--epochs", "3", "--threads", "1", "--out", at("whole.safetensors"));
  assert.match(output, /^epoch 3 of 3: .*validation loss/m);
  assert.ok(await accuracy(at("whole.safetensors")) > 0.9);
  await ran(...int8, "--epochs", "1", "--threads", "2", "--out", at("parts.safetensors"));
  // Not from the weights that it had before: ranges are those that were measured at first.
  await ran("train", "--data", data, "--resume", "--epochs", "3", "--no-report", "--out", at("parts.safetensors"));
  assert.equal(readFileSync(at("parts.safetensors")), readFileSync(at("whole.safetensors")));
  assert.ok(readFileSync(at("whole.safetensors")).length < readFileSync(start).length);
});

test("what makes no sense is said in one line", async () => {
  const refused = async (code: number, message: RegExp, ...given: readonly string[]): Promise<void> => {
    const call = await senet(...given, "--out", at("refused.safetensors"));
    assert.is(call.code, code, call.errors);
    assert.match(call.errors, message);
    assert.is(call.errors.trim().split("\n").length, 1, call.errors);
  };
  await refused(2, /--int8 wants --from with it/, "train", "se_resnet8", ...common, "--int8");
  for (const more of [["--engine", "eager"], ["--kernels", "plain"], ["--optimiser", "adam"]]) {
    await refused(2, /--int8 wants a training session/, ...int8, ...more);
  }
  await refused(2, /--int8 is always exact/, ...int8, "--numerics", "fast");
  await refused(1, /quantised/, "train", ...common, "--int8", "--from", at("whole.safetensors"));
});

test.run();

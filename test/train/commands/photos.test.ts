/**
 * The bundled network fine-tuned on a folder of JPEG and PNG photographs of many sizes: killed in its first epoch, resumed to the same
 * bits, and it learns them.
 */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../../src/io/images/decode.ts";
import { levelsOf } from "../../../src/io/images/preprocess.ts";
import { parseSafetensors } from "../../../src/io/weights/safetensors.ts";
import { readDataset } from "../../../src/cli/training/data.ts";
import { weightsDescription } from "../../../src/weights/weights.ts";
import { senet, temporaryFolder } from "../../cli/call.ts";
import { command } from "../../support/runtime.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
/** Balls, boxes and cones, 14 each, one half JPEG and one half PNG, rendered by test/fixtures/photos.py. */
const photos = fileURLToPath(new URL("../../fixtures/photos", import.meta.url).href);
const recipe = (name: string): string[] => [
  "train", "--from", "fashion-mnist", "--data", photos, "--batch", "2", "--validation", "6",
  "--augment", "flip,resized-crop:0.5,mixup:0.2",
  "--average", "0.9", "--lr", "0.02", "--seed", "4", "--threads", "1", "--no-report", "--out", at(name)];

test("every photograph is read, JPEG and PNG alike, as the network wants it", async () => {
  const { preprocessing } = weightsDescription(
    parseSafetensors(readFileSync(new URL("../../../models/pretrained/fashion-mnist.safetensors", import.meta.url))),
  )!;
  const said: string[] = [];
  const data = await readDataset(photos, "train", undefined, { geometry: preprocessing!, remark: (line) => void said.push(line) });
  assert.equal([data.shape, data.classes, said], [[42, 1, 28, 28], ["ball", "box", "cone"], []]);
  const first = [["ball/00.png", 0], ["ball/01.jpg", 1], ["box/03.jpg", 17], ["cone/13.jpg", 41]] as const;
  for (const [name, index] of first) {
    const picture = await decodeImage(readFileSync(join(photos, name)));
    assert.ok(picture.width !== 28 || picture.height !== 28);
    assert.equal(data.images.subarray(index * 784, (index + 1) * 784), levelsOf(picture, preprocessing!), name);
  }
});

test("killed by SIGKILL in the first epoch, the run resumes to the same bits", async () => {
  const main = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url).href);
  const log: string[] = [];
  await new Promise<void>((done) => {
    const child = execFile(process.execPath, [
      ...command(main), ...recipe("killed.safetensors"), "--epochs", "2", "--checkpoint-every", "0",
    ], {}, (_, output) => {
      clearInterval(timer);
      log.push(output);
      done();
    });
    const timer = setInterval(() => {
      if (!existsSync(at("killed.checkpoint.safetensors"))) return;
      clearInterval(timer);
      process.kill(child.pid, "SIGKILL");
    }, 1);
  });
  assert.not.match(log[0], /^epoch 1/m, "it was killed in its first epoch");
  const resumed = await senet("train", "--data", photos, "--resume", "--threads", "1", "--no-report", "--out", at("killed.safetensors"));
  assert.is(resumed.code, 0, resumed.errors);
  const step = Number(/going on after step (\d+)/.exec(resumed.output)?.[1]);
  assert.ok(step >= 1 && step < 18, `after step ${step} of 18`);
  const whole = await senet(...recipe("whole.safetensors"), "--epochs", "2");
  assert.is(whole.code, 0, whole.errors);
  assert.equal(readFileSync(at("killed.safetensors")), readFileSync(at("whole.safetensors")));
});

test("it learns them, and says in its file how they were prepared", async () => {
  const { code, errors, output } = await senet(...recipe("learnt.safetensors"), "--epochs", "12");
  assert.is(code, 0, errors);
  assert.match(output, /^begins with fashion-mnist; new: fc\.weight, fc\.bias$/m);
  const evaluation = await senet("eval", "--data", photos, "--weights", at("learnt.safetensors"), "--json");
  const { accuracy, images } = JSON.parse(evaluation.output) as { accuracy: number; images: number };
  assert.is(images, 42, evaluation.errors);
  assert.ok(accuracy > 0.85, `accuracy ${accuracy}`);
  const classified = await senet("classify", join(photos, "ball"), "--weights", at("learnt.safetensors"), "--top", "1", "--json");
  const answers = JSON.parse(classified.output) as { guesses: { class: string }[] }[];
  assert.is(answers.length, 14, classified.errors);
  assert.ok(answers.filter(({ guesses }) => guesses[0].class === "ball").length >= 11, classified.output);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();

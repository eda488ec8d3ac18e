/**
 * What is wrong with data, weights, checkpoints or numbers ends `senet train` and `senet eval` with one clear line and code 1, and loses
 * nothing.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setImmediate as nextTurn } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { deflate } from "../../../src/io/bytes/inflate.ts";
import { parseSafetensors, writeSafetensors } from "../../../src/io/weights/safetensors.ts";
import { decodeUtf8 } from "../../../src/io/bytes/utf8.ts";
import { senet, temporaryFolder } from "../../cli/call.ts";
import type { Call } from "../../cli/call.ts";
import { idx, writePart } from "../data/idx-files.ts";
import { classes, quarters } from "../tiny.ts";

const folder = temporaryFolder();
const data = quarters(16, 1);
const labels = Uint8Array.from(data.labels);
const small = ["--model-options", '{"width":4,"reduction":2}', "--threads", "1"];
const out = (name: string): string => join(folder, name);
const bytesOf = (path: string): Uint8Array => Uint8Array.from(readFileSync(path));

/** A folder in which some files of both parts are others; undefined for none. */
function place(name: string, files: Readonly<Record<string, Uint8Array | string | undefined>> = {}): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  for (const prefix of ["train", "t10k"]) {
    writePart(path, prefix, data);
    for (const [file, bytes] of Object.entries(files)) {
      const to = join(path, file.replace("PART", prefix));
      rmSync(to, { force: true });
      if (bytes !== undefined) writeFileSync(to, bytes);
    }
  }
  return path;
}

const IMAGES = "PART-images-idx3-ubyte";
const LABELS = "PART-labels-idx1-ubyte";
const good = place("good");
const images = bytesOf(join(good, "train-images-idx3-ubyte"));

const train = (path: string, name: string, ...more: string[]): Promise<Call> => senet(
  "train", "se_resnet8", "--data", path, ...small, "--batch", "4", "--epochs", "1", "--out", out(name), ...more,
);
const evaluate = (path: string, ...more: string[]): Promise<Call> => senet(
  "eval", "--data", path, "--weights", out("start.safetensors"), "--threads", "1", ...more,
);

function failed({ code, output, errors }: Call, message: RegExp, wanted: number = 1): void {
  assert.is(code, wanted, errors);
  assert.match(errors, message);
  assert.match(errors, /^senet[^\n]*\n$/, "one line");
  assert.not.match(errors, /\bat .*\.ts:\d/, "no stack");
  assert.is(output.split("\n").filter((line) => line.startsWith("epoch")).length, 0);
}

function finite(path: string): boolean {
  return [...parseSafetensors(bytesOf(path)).tensors.values()].every((tensor) => tensor.data.every(Number.isFinite));
}

test("weights to begin with", async () => {
  const { code, errors } = await train(good, "start.safetensors");
  assert.is(code, 0, errors);
});

test("data sets: empty, cut, spoilt, of another kind, not belonging together", async () => {
  const zipped = await deflate(images, "gzip", "test");
  const spoilt = zipped.map((byte, i) => (i === zipped.length >> 1 ? byte ^ 255 : byte));
  const wrong: readonly (readonly [name: string, files: Record<string, Uint8Array | string | undefined>, message: RegExp])[] = [
    [
      "empty", { [IMAGES]: idx([0, 12, 12], new Uint8Array(0)), [LABELS]: idx([0], new Uint8Array(0)) },
      /-images-idx3-ubyte: IDX: an array of \[0,12,12\] is empty/,
    ],
    ["flat", { [IMAGES]: idx([16, 0, 12], new Uint8Array(0)) }, /an array of \[16,0,12\] is empty/],
    ["nothing", { [IMAGES]: new Uint8Array(0) }, /the header is cut short at 0 bytes/],
    ["header", { [IMAGES]: images.slice(0, 9) }, /the header is cut short at 9 bytes/],
    ["cut", { [IMAGES]: images.slice(0, 500) }, /an array of \[16,12,12\] wants 2320 bytes with its header, got 500/],
    [
      "longer", { [LABELS]: Uint8Array.of(...idx([16], labels), 1) },
      /-labels-idx1-ubyte: IDX: an array of \[16\] wants 24 bytes with its header, got 25/,
    ],
    [
      "cut-gz", { [IMAGES]: undefined, [`${IMAGES}.gz`]: zipped.slice(0, 300) },
      /ubyte\.gz: gzipped IDX: the gzip stream is corrupt or cut short/,
    ],
    ["spoilt-gz", { [IMAGES]: undefined, [`${IMAGES}.gz`]: spoilt }, /ubyte\.gz: .*IDX/],
    ["text", { [IMAGES]: "no images" }, /IDX: the file does not begin with two zero bytes/],
    ["floats", { [IMAGES]: idx([16, 12, 12], data.images, 13) }, /unsigned bytes \(type 8\) are wanted, the file has 32-bit floats/],
    ["fewer", { [LABELS]: idx([15], labels.slice(0, 15)) }, /16 images, but 15 labels: the files do not belong together/],
    ["more", { [LABELS]: idx([17], Uint8Array.of(...labels, 0)) }, /16 images, but 17 labels/],
    ["pairs", { [LABELS]: idx([16, 1], labels) }, /labels want one dimension, the file has \[16,1\]/],
    [
      "line", { [IMAGES]: idx([16, 144], data.images) },
      /images want \[N,height,width\] or \[N,channels,height,width\], the file has \[16,144\]/,
    ],
    ["absent", { [LABELS]: undefined }, /neither \w+-labels-idx1-ubyte nor \w+-labels-idx1-ubyte\.gz/],
    [
      "beyond", { [LABELS]: idx([16], labels.map((label, i) => (i === 9 ? 7 : label))), "classes.txt": classes.join("\n") },
      /label 9 is 7, but there are only 4 classes/,
    ],
  ];
  const before = bytesOf(out("start.safetensors"));
  for (const [name, files, message] of wrong) {
    const path = place(name, files);
    const there = readdirSync(folder).length;
    failed(await train(path, "start.safetensors", "--overwrite"), message);
    failed(await evaluate(path), message);
    assert.is(readdirSync(folder).length, there, `${name}: nothing is written`);
  }
  assert.equal(bytesOf(out("start.safetensors")), before, "a result that was there stays");
});

test("data that fits no class or no model", async () => {
  const single = place("single", { [LABELS]: idx([16], new Uint8Array(16)) });
  failed(await train(single, "no.safetensors"), /single has one class only, "0": there is nothing to learn/);
  const unnamed = place("unnamed", { "classes.txt": "\n \n" });
  failed(await train(unnamed, "no.safetensors"), /unnamed.classes\.txt names no class/);
  const high = place("high", { [LABELS]: idx([16], labels.map((label, i) => (i === 9 ? 200 : label))) });
  failed(
    await train(high, "no.safetensors", "--model-options", '{"width":4,"reduction":2,"classes":4}'),
    /the data set has 201 classes, the model puts out \[4,4\]/,
  );
  failed(await evaluate(high), /label 9 is 200, but there are only 4 classes/);
  const said = await train(high, "high.safetensors");
  assert.is(said.code, 0, said.errors);
  assert.match(said.errors, /^196 of 201 classes have no training image, such as "4"$/m);
  assert.not.match((await train(good, "good.safetensors")).errors, /no training image/);

  failed(await train(good, "no.safetensors", "--model-options", '{"width":4,"reduction":2,"inChannels":3}'), /wants 3 channels, got 1/);
  for (const [model, message] of [["vgg11", /images of at least 32x32, got 12x12/], ["unet", /divisible by 16, got 12x12/]] as const) {
    failed(
      await senet(
        "train", model, "--data", good, "--model-options", '{"width":4}', "--batch", "4", "--epochs", "1", "--out", out("no.safetensors"),
      ),
      message,
    );
  }
  const colour = place("colour", { [IMAGES]: idx([16, 3, 12, 12], new Uint8Array(16 * 432)) });
  failed(await evaluate(colour), /wants images of 1 x 12 x 12 \(channels, height, width\), the data set has 3 x 12 x 12/);
  const larger = place("larger", { [IMAGES]: idx([16, 14, 12], new Uint8Array(16 * 168)) });
  failed(await evaluate(larger), /wants images of 1 x 12 x 12 .*, the data set has 1 x 14 x 12/);
  assert.not.ok(existsSync(out("no.safetensors")));
});

test("weights that are no numbers are neither measured nor trained on", async () => {
  const { tensors, metadata } = parseSafetensors(bytesOf(out("start.safetensors")));
  tensors.get("fc.weight")!.data[3] = NaN;
  writeFileSync(out("nan.safetensors"), writeSafetensors(tensors, { metadata }));
  for (const kernels of ["wasm", "plain"]) {
    failed(
      await evaluate(good, "--weights", out("nan.safetensors"), "--kernels", kernels),
      /se_resnet8 of nan\.safetensors: the loss is NaN: weights, .*are not finite/,
    );
  }
  failed(await senet(
    "train", "--from", out("nan.safetensors"), "--data", good, "--batch", "4", "--epochs", "1", "--threads", "1", "--out",
    out("no.safetensors"),
  ),
    /nan\.safetensors: fc\.weight holds numbers that are not finite/);
  failed(await evaluate(good, "--weights", out("absent.safetensors")), /cannot read .*absent\.safetensors: no such file/);
  failed(await evaluate(good, "--weights", join(good, "train-images-idx3-ubyte")), /safetensors/);
  assert.not.ok(existsSync(out("no.safetensors")));
});

test("averages have seen the weights that failed: what is written is the last good weights", async () => {
  for (const average of [[], ["--average", "0.9"]]) {
    const name = `jump${average.length}.safetensors`;
    failed(await train(good, name, "--lr", "1e30", ...average), /training diverged: the loss is (NaN|Infinity) in step 2 \(epoch 1\)/);
    for (const tensor of parseSafetensors(bytesOf(out(name))).tensors.values()) {
      assert.ok(tensor.data.every((value) => Math.abs(value) < 10));
    }
  }
});

/** Starts a run, and stops it as Ctrl-C does as soon as its log has this text. */
async function stoppedAt(text: string, name: string, ...more: string[]): Promise<Call> {
  const log = out(`${name}.log.jsonl`);
  const running = train(good, `${name}.safetensors`, ...more);
  for (let i = 0; i < 1e6 && !(existsSync(log) && decodeUtf8(bytesOf(log), log).includes(text)); i++) await nextTurn();
  process.emit("SIGINT");
  return running;
}

test("a run that is stopped right after an update that failed writes no checkpoint of it", async () => {
  // The rate is infinite in single precision; the loss that tells it would come with the next step.
  failed(await stoppedAt('"step":1', "stopped", "--lr", "1e39"), /training diverged: .* is no longer finite after the update in step 1/);
  assert.not.ok(existsSync(out("stopped.checkpoint.safetensors")));
  assert.ok(finite(out("stopped.safetensors")));
});

test("checkpoints that are cut, spoilt, or of other images are refused and stay; so after a loss that is not finite", async () => {
  const stopped = await stoppedAt('"epoch":2,', "half", "--epochs", "400", "--average", "0.9");
  assert.is(stopped.code, 130, stopped.errors);
  const step = Number(/^senet: stopped after step (\d+); the same command with --resume goes on\n$/.exec(stopped.errors)?.[1]);
  assert.ok(step >= 8, stopped.errors);
  const checkpoint = out("half.checkpoint.safetensors");
  const whole = bytesOf(checkpoint);
  const resume = (path: string): Promise<Call> => senet(
    "train", "--data", path, "--threads", "1", "--resume", "--out", out("half.safetensors"),
  );
  failed(
    await resume(place("others", { [IMAGES]: idx([16, 12, 12], data.images.map((level) => level ^ 1)) })),
    /half\.checkpoint\.safetensors is of a run on other images than .*others has/,
  );
  const { tensors, metadata } = parseSafetensors(whole);
  const without = (name: string): Uint8Array => writeSafetensors([...tensors].filter(([each]) => each !== name), { metadata });
  for (const [bytes, message] of [
    [whole.slice(0, 700), /half\.checkpoint\.safetensors: safetensors: /],
    [whole.slice(0, whole.length - 4), /half\.checkpoint\.safetensors: safetensors: /],
    [bytesOf(out("start.safetensors")), /half\.checkpoint\.safetensors: .*holds no training state, only weights/],
    [without("model.fc.bias"), /1 missing: fc\.bias/], [without("optimiser.momentum.fc.bias"), /the state has no momentum\.fc\.bias/],
  ] as const) {
    writeFileSync(checkpoint, bytes);
    failed(await resume(good), message);
    assert.equal(bytesOf(checkpoint), Uint8Array.from(bytes));
    assert.not.ok(existsSync(out("half.safetensors")));
  }
  // Weights as they might come out of an update that is just not yet infinite: the next loss is.
  tensors.get("model.fc.weight")!.data.fill(3e38);
  const brink = Uint8Array.from(writeSafetensors(tensors, { metadata }));
  writeFileSync(checkpoint, brink);
  const where = `in step ${step + 1} \\(epoch ${Math.floor(step / 4) + 1}\\)`;
  const kept = "the last good weights are in .*half\\.safetensors$";
  const message = new RegExp(`training diverged: the loss is (NaN|Infinity) ${where}; .*; ${kept}`, "m");
  for (let round = 0; round < 2; round++) {
    failed(await resume(good), message);
    assert.equal(bytesOf(checkpoint), brink, "the checkpoint stays");
    assert.ok(finite(out("half.safetensors")));
  }
  writeFileSync(checkpoint, whole);
  const { code, errors } = await resume(good);
  assert.is(code, 0, errors);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

test.run();

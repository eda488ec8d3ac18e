/** The log of a run read back: torn, resumed, or no log at all. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readLog } from "../../src/cli/training/read-log.ts";
import { encodeUtf8 } from "../../src/io/bytes/utf8.ts";

const start = { event: "start", step: 0, model: "se_resnet8", epochs: 3, seed: 1, modelOptions: { width: 4 } };
const step = (n: number, loss: number): object => ({ step: n, epoch: n / 10, loss, rate: 0.1 });
const epoch = (n: number, loss: number): object => ({
  step: 10 * n, epoch: n, event: "epoch", loss, accuracy: 0.5, seconds: 2, images_per_second: 40, tflop: 1, validation_loss: 1,
  validation_accuracy: 0.25,
});
const text = (...entries: readonly object[]): string => entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
const read = (log: string): ReturnType<typeof readLog> => readLog(encodeUtf8(log), "x.log.jsonl");

test("settings, steps and epochs", () => {
  const record = read(text(start, step(1, 3), step(10, 2), epoch(1, 2.5)));
  assert.is(record.model, "se_resnet8");
  assert.equal(record.start, start);
  assert.equal(record.steps, [{ step: 1, loss: 3, rate: 0.1 }, { step: 10, loss: 2, rate: 0.1 }]);
  assert.equal(
    record.epochs,
    [
      {
        step: 10, epoch: 1, loss: 2.5, accuracy: 0.5, validationLoss: 1, validationAccuracy: 0.25, seconds: 2, imagesPerSecond: 40,
        tflop: 1, time: undefined,
      },
    ],
  );
  assert.equal([record.resumed, record.diverged, record.unreadable], [[], undefined, 0]);
  assert.equal(read(text(start)).steps, [], "a run that has just begun");
});

test("a last line that was cut short anywhere leaves all others", () => {
  const whole = encodeUtf8(text({ ...start, from: "größe" }, step(1, 3), { ...step(10, 2), note: "ü€" }));
  const second = encodeUtf8(text({ ...start, from: "größe" }, step(1, 3))).length;
  for (let length = second; length < whole.length - 1; length++) {
    const { steps, unreadable } = readLog(whole.subarray(0, length), "x");
    assert.equal(steps.map((each) => each.step), [1], `cut at ${length}`);
    assert.is(unreadable, 0);
  }
  assert.is(readLog(whole.subarray(0, whole.length - 1), "x").steps.length, 2, "only the line end is missing");
});

test("of steps that stand twice the later count, and what the killed run did beyond is gone", () => {
  const before = text(start, step(1, 3), step(10, 2), epoch(1, 2.5), step(20, 1.9), epoch(2, 2), step(30, 9));
  const record = read(before + text(step(20, 1.5)));
  assert.equal(record.steps.map(({ step: n, loss }) => [n, loss]), [[1, 3], [10, 2], [20, 1.5]]);
  const later = read(before + text({ event: "resume", step: 10 }, step(20, 1.5), epoch(2, 1.25)));
  assert.equal(later.steps.map(({ loss }) => loss), [3, 2, 1.5]);
  assert.equal(later.epochs.map(({ step: n, loss }) => [n, loss]), [[10, 2.5], [20, 1.25]]);
  assert.equal(later.resumed, [10]);
  const same = read(text(start, step(10, 2), epoch(1, 2.5), epoch(1, 2.25)));
  assert.equal([same.steps.length, same.epochs.map(({ loss }) => loss)], [1, [2.25]]);
  const anew = read(before + text({ ...start, seed: 2 }, step(1, 7)));
  assert.equal([anew.start.seed, anew.steps.map(({ loss }) => loss), anew.epochs], [2, [7], []]);
});

test("what is no number is left out; lines in the middle that cannot be read are counted", () => {
  const odd = text(
    { step: 1, loss: null }, { step: 2, loss: 1e300 }, { step: 3, loss: 1, rate: "x" },
    { ...epoch(1, 1), loss: null, accuracy: "<b>" },
  );
  const record = read(`${text(start)}not json\n[1]\n{"loss":1}\n{"step":-1}\n${odd}`);
  assert.is(record.unreadable, 4);
  assert.equal(record.steps, [{ step: 3, loss: 1, rate: undefined }]);
  assert.equal([record.epochs[0].loss, record.epochs[0].accuracy, record.epochs[0].validationAccuracy], [undefined, undefined, 0.25]);
});

test("a run that diverged says so until it goes on", () => {
  const wild = text(start, step(1, 3), { event: "diverged", step: 2, message: "too wild" });
  assert.is(read(wild).diverged, "too wild");
  assert.is(read(wild + text(step(2, 3))).diverged, undefined);
});

test("what is no log is one line that names the file", () => {
  for (const [log, message] of [
    ["", /^x\.log\.jsonl is empty/],
    ["hello\n", /^x\.log\.jsonl is no log of senet train: its first line wants .* got "hello"$/],
    [text(step(1, 3), start), /no log of senet train/],
    [text({ event: "start", step: 0 }), /no log of senet train/],
    [text({ event: "start", model: "se_resnet8" }), /no log of senet train/],
    ['{"event":"start","step":0,"mod', /no log of senet train.*a line that is cut short/],
  ] as const) assert.throws(() => read(log), (error: Error) => message.test(error.message) && !error.message.includes("\n"), log);
  assert.throws(
    () => readLog(Uint8Array.of(255, 254, 0, 10, 1), "x.bin"), /^x\.bin is no log of senet train: it is not text$|x\.bin is no log/,
  );
});

test.run();

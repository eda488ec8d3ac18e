/**
 * What a run may write over, and what it leaves: finished runs, links, modes, folders, locks; runs that are extended, and runs that are
 * killed.
 */
import { execFile } from "node:child_process";
import {
  chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeUtf8 } from "../../../src/io/bytes/utf8.ts";
import { senet, temporaryFolder } from "../../cli/call.ts";
import type { Call } from "../../cli/call.ts";
import { command } from "../../support/runtime.ts";
import { writePart } from "../data/idx-files.ts";
import { quarters } from "../tiny.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const data = at("data");
mkdirSync(data, { recursive: true });
writePart(data, "train", quarters(40, 1));
const recipe = [
  "train", "se_resnet8", "--data", data, "--model-options", '{"width":4,"reduction":2}', "--batch", "8", "--seed", "3", "--threads", "1",
  "--augment", "crop:1", "--no-report",
];
const train = (name: string, ...more: string[]): Promise<Call> => senet(...recipe, "--out", at(name), ...more);
const bytes = (name: string): Uint8Array => Uint8Array.from(readFileSync(at(name)));
const log = (name: string): Record<string, unknown>[] => decodeUtf8(bytes(name), name).trimEnd().split("\n")
  .map((line) => JSON.parse(line) as Record<string, unknown>);

function failed({ code, errors }: Call, message: RegExp, wanted: number = 1): void {
  assert.is(code, wanted, errors);
  assert.match(errors, message);
  assert.match(errors, /^senet[^\n]*\n$/);
}

test("a finished run is not overwritten, can be extended, and says what else there is to do", async () => {
  assert.is((await train("a.safetensors", "--epochs", "2", "--schedule", "constant")).code, 0);
  const before = [bytes("a.safetensors"), bytes("a.log.jsonl")];
  failed(
    await train("a.safetensors", "--epochs", "2", "--schedule", "constant"),
    /a\.safetensors is there, of a run before: --resume --epochs N extends it, --from .*--overwrite/, 2,
  );
  failed(
    await train("a.safetensors", "--resume"),
    /nothing to resume: .*a\.safetensors is of a run that has finished its 2 epochs: --epochs N, more than those, extends it; --from /,
  );
  failed(await train("a.safetensors", "--resume", "--epochs", "1"), /begun with epochs 2, which --resume cannot change to 1/, 2);
  assert.equal([bytes("a.safetensors"), bytes("a.log.jsonl")], before);
  const more = await senet(
    "train", "--data", data, "--out", at("a.safetensors"), "--resume", "--epochs", "4", "--threads", "1", "--no-report",
  );
  assert.is(more.code, 0, more.errors);
  assert.match(more.output, /going on after step 10/);
  assert.is((await train("b.safetensors", "--epochs", "4", "--schedule", "constant")).code, 0);
  assert.equal(bytes("a.safetensors"), bytes("b.safetensors"), "at a constant rate the same as one run of four epochs");
  assert.equal(log("a.log.jsonl").filter(({ event }) => event === "epoch").map(({ epoch }) => epoch), [1, 2, 3, 4]);
  assert.is((await senet("report", at("a.log.jsonl"))).code, 0);
  assert.match(decodeUtf8(bytes("a.report.html"), "report"), /4 epochs/);
  const anew = await train("a.safetensors", "--epochs", "1", "--overwrite", "--no-state");
  assert.is(anew.code, 0, anew.errors);
  assert.not.ok(existsSync(at("a.state.safetensors")));
  failed(await train("a.safetensors", "--resume"),
  /nothing to resume: there is no .*a\.checkpoint\.safetensors; .*a\.safetensors is of a run that has finished and left no state: --from /);
  failed(await train("none.safetensors", "--resume"), /nothing to resume: there is no .*none\.checkpoint\.safetensors$/m);
});

test("--checkpoint-every: a time", async () => {
  for (const wrong of ["x", "-1", "5 d", ""]) {
    failed(
      await train("none.safetensors", "--checkpoint-every", wrong),
      /--checkpoint-every wants minutes as 5 or 0\.5, or a time as 90s, 5m or 1h, got/, 2,
    );
  }
});

/** A process of its own that is killed, as by `kill -9`, as soon as its checkpoint is there. */
function killed(...args: string[]): Promise<void> {
  return new Promise((done) => {
    const child = execFile(process.execPath, [
      ...command(fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url).href)), ...args,
    ], {}, () => {
      clearInterval(timer);
      done();
    });
    const timer = setInterval(() => {
      if (!existsSync(at("killed.checkpoint.safetensors"))) return;
      clearInterval(timer);
      process.kill(child.pid, "SIGKILL");
    }, 1);
  });
}

test("killed in its first epoch, a run goes on from its last checkpoint to the same bits", async () => {
  const steady = at("steady");
  mkdirSync(steady, { recursive: true });
  writePart(steady, "train", quarters(800, 5));
  const args = (name: string): string[] =>
    ["train", "se_resnet8", "--data", steady, "--model-options", '{"width":4,"reduction":2}', "--batch", "4", "--seed", "3", "--threads",
    "1",
    "--augment", "crop:1,mixup:0.2", "--average", "0.9", "--epochs", "1", "--no-report", "--out", at(name)];
  await killed(...args("killed.safetensors"), "--checkpoint-every", "0");
  assert.not.ok(existsSync(at("killed.safetensors")), "it was killed before its end");
  assert.ok(existsSync(at("killed.lock")), "and left its lock");
  // As when it is killed while it writes.
  writeFileSync(at("killed.checkpoint.safetensors.12345.part"), "half");
  const resumed = await senet("train", "--data", steady, "--resume", "--threads", "1", "--no-report", "--out", at("killed.safetensors"));
  assert.is(resumed.code, 0, resumed.errors);
  const step = Number(/going on after step (\d+)/.exec(resumed.output)?.[1]);
  assert.ok(step > 0 && step < 200, `after step ${step} of 200`);
  assert.is((await senet(...args("whole.safetensors"))).code, 0);
  assert.equal(bytes("killed.safetensors"), bytes("whole.safetensors"));
  assert.equal(readdirSync(folder).filter((name) => /^killed.*(lock|part)$/.test(name)), []);
});

test("--out: links are followed, modes kept; folders, pipes, devices and files of another kind are refused before any work", async () => {
  mkdirSync(at("far"), { recursive: true });
  symlinkSync(at("far/real.safetensors"), at("link.safetensors"));
  writeFileSync(at("far/real.safetensors"), "");
  chmodSync(at("far/real.safetensors"), 0o600);
  const { code, errors } = await train("link.safetensors", "--epochs", "1");
  assert.is(code, 0, errors);
  assert.ok(lstatSync(at("link.safetensors"), { throwIfNoEntry: false })?.isSymbolicLink());
  assert.is(readlinkSync(at("link.safetensors")), at("far/real.safetensors"));
  assert.is(statSync(at("far/real.safetensors")).mode & 0o777, 0o600);
  assert.ok(statSync(at("far/real.safetensors")).size > 1000);

  symlinkSync(at("circle.safetensors"), at("circle.safetensors"));
  mkdirSync(at("room.safetensors"), { recursive: true });
  const refused: [string, RegExp][] = [
    [at("room.safetensors"), /cannot write .*room\.safetensors: it is a directory/],
    [at("circle.safetensors"), /cannot write .*circle\.safetensors: its links go in circles/],
    [join(data, "train-labels-idx1-ubyte"), /cannot write .*train-labels-idx1-ubyte: it is there, and is no weights file/],
    [join(data, "train-labels-idx1-ubyte", "x.safetensors"), /cannot write .*: a part of its path is a file, not a directory/],
  ];
  if (process.platform !== "win32") refused.push(["/dev/null", /cannot write \/dev\/null: it is no regular file/]);
  const labels = Uint8Array.from(readFileSync(join(data, "train-labels-idx1-ubyte")));
  for (const [out, message] of refused) {
    for (const more of [[], ["--overwrite"]]) failed(await senet(...recipe, "--epochs", "1", "--out", out, ...more), message);
  }
  assert.equal(Uint8Array.from(readFileSync(join(data, "train-labels-idx1-ubyte"))), labels);
  mkdirSync(at("log.log.jsonl"), { recursive: true });
  failed(await train("log.safetensors", "--epochs", "1"), /cannot write .*log\.log\.jsonl: it is a directory/);
  assert.equal(readdirSync(folder).filter((name) => /\.part$|^log\.(?!log)|\.lock$/.test(name)), []);
});

test("other commands write over no input of theirs, and over no file of another kind", async () => {
  writeFileSync(at("page.txt"), "a text");
  const weights = at("link.safetensors");
  failed(await senet("convert", weights, weights), /senet convert: OUT wants another file than IN/, 2);
  failed(await senet("convert", weights, at("far/real.safetensors")), /OUT wants another file than IN/, 2);
  failed(
    await senet("run", "se_resnet8", "--weights", weights, "--input", at("page.txt"), "--output", weights),
    /--output wants another file than --weights/, 2,
  );
  failed(
    await senet("report", at("a.log.jsonl"), "--out", at("page.txt")),
    /cannot write .*page\.txt: it is there, and is a file of another kind/,
  );
  failed(
    await senet("compile", "se_resnet8", "--out", at("page.txt")), /cannot write .*page\.txt: it is there, and is a file of another kind/,
  );
  assert.is(readFileSync(at("page.txt"), "utf8"), "a text");
  assert.is((await senet("report", at("a.log.jsonl"), "--out", at("a.report.html"))).code, 0, "a page goes over a page");
});

test("two runs on one --out: the second is refused; a lock that nobody holds is no lock", async () => {
  const running = train("two.safetensors", "--epochs", "30");
  while (!existsSync(at("two.lock"))) await new Promise<void>((next) => setTimeout(next, 1));
  failed(
    await train("two.safetensors", "--epochs", "30"),
    /another run is writing to .*two\.safetensors \(process \d+\); if there is none, remove .*two\.lock/,
  );
  assert.is((await running).code, 0);
  assert.not.ok(existsSync(at("two.lock")));
  // By another way to the same file, too.
  symlinkSync(at("three.safetensors"), at("way.safetensors"));
  const third = train("three.safetensors", "--epochs", "30");
  while (!existsSync(at("three.lock"))) await new Promise<void>((next) => setTimeout(next, 1));
  failed(await train("way.safetensors", "--epochs", "30"), /another run is writing to .*way\.safetensors/);
  assert.is((await third).code, 0);
  // A number that another process has now.
  writeFileSync(at("other.lock"), "1 99999999999\n");
  if (existsSync("/proc/1/stat")) assert.is((await train("other.safetensors", "--epochs", "1")).code, 0);
  writeFileSync(at("left.lock"), "999999999\n");
  assert.is((await train("left.safetensors", "--epochs", "1")).code, 0);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();

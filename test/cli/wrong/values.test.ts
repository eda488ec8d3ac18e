/**
 * Every command with every option, and values of wrong kinds: exit code 1 or 2, one line on standard error in our own words, nothing on
 * standard output but what was asked for, nothing written.
 */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { commands } from "../../../src/cli/program.ts";
import { asGiven, senet, temporaryFolder } from "../call.ts";
import { calls, prepare, right, wrong } from "./values.ts";

const folder = temporaryFolder();
const home = process.cwd();
test.before(async () => {
  await prepare(folder);
  process.chdir(folder);
});
test.after(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true, force: true });
});

/** All files with their lengths. */
function files(path: string): string {
  return readdirSync(path, { withFileTypes: true }).map((entry) => {
    const each = `${path}/${entry.name}`;
    return entry.isDirectory() ? files(each) : `${each} ${readFileSync(each).length}`;
  }).join("\n");
}

/** What engines and systems say, and not we. */
const strange = /undefined|\[object|\bCannot\b|is not a function|Invalid [a-z]|E(NOENT|ISDIR|ACCES|NOTDIR|INVAL)|must be|\n +at |file:\/\//;

async function refused(...args: string[]): Promise<void> {
  const what = `senet ${args.map((each) => JSON.stringify(each)).join(" ")}`;
  const { code, output, errors } = await senet(...args);
  assert.ok(code === 1 || code === 2, `${what}: exit code ${code}, ${output.slice(0, 200)}`);
  assert.is(errors.trimEnd().split("\n").length, 1, `${what}: ${errors}`);
  assert.match(errors, /^senet[: ].{10,1200}\n$/, what);
  assert.not.match(errors, strange, what);
  assert.not.match(errors.slice(0, -1), /[\u0000-\u001f\u007f-\u009f]/, what);
}

for (const { name, options } of commands) {
  const call = calls[name];
  test(`senet ${name}: every option with values of wrong kinds`, async () => {
    assert.ok(call !== undefined, `a call of senet ${name} is wanted in values.ts`);
    const before = files(".");
    for (const [option, { value: takes }] of Object.entries(options)) {
      const at = call.indexOf(`--${option}`);
      const rest = at < 0 ? [...call] : [...call.slice(0, at), ...call.slice(at + (takes === undefined ? 1 : 2))];
      if (takes === undefined) {
        await refused(name, ...rest, `--${option}=yes`);
        continue;
      }
      for (const [kind, value] of Object.entries(wrong)) {
        if ((right[`${name}.${option}`] ?? right[option])?.includes(kind)) continue;
        await refused(name, ...rest, value === undefined ? `--${option}` : `--${option}=${value}`);
      }
    }
    for (const [option, { value: takes }] of Object.entries(options)) {
      const at = call.indexOf(`--${option}`);
      const twice = takes === undefined ? [`--${option}`] : [`--${option}`, call[at + 1]];
      const again = at >= 0 ? twice : takes === undefined ? [...twice, ...twice] : [`--${option}=1`, ...twice.slice(0, 1), "2"];
      const { code, errors } = await asGiven(name, ...call, ...again);
      assert.equal([code, errors], [2, `senet ${name}: --${option} is given twice: give it once\n`]);
    }
    for (const strangers of [["--no-such-option"], ["--no-such-option=1"], ["-x"], ["--out\u001b[2J"]]) {
      await refused(name, ...call, ...strangers);
    }
    assert.is(files("."), before);
  });
}

test("two networks, or two pictures where one is wanted, in whatever way they are said", async () => {
  for (const [args, wanted] of [
    [["eval", "se_resnet8", "--model", "se_resnet20", "--data", "."], "wants one network, got se_resnet8 and se_resnet20"],
    [["gates", "se_resnet8", "--model", "se_resnet20", "--data", "."], "wants one network, got se_resnet8 and se_resnet20"],
    [["gates", "a.onnx", "--model", "b.onnx", "--data", "."], "wants one network, got b.onnx and a.onnx"],
    [["explain", "a.onnx", "--model", "b.onnx"], "wants one network, got b.onnx and a.onnx"],
    [["classify", "a.onnx", "b.onnx"], "wants one network, got a.onnx and b.onnx"],
    [["explain", "one.png", "two.png"], "wants one picture, got one.png and two.png"],
  ] as const) {
    const { code, errors } = await senet(...args);
    assert.equal([code, errors], [2, `senet ${args[0]}: ${wanted}\n`]);
  }
});

test.run();

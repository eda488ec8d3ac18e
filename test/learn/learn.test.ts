/**
 * The course: every chapter runs and its claims hold; every chapter notices when what it teaches is broken, in a copy of the sources; every
 * solution of an exercise passes its check, and no exercise passes before somebody has done it.
 */
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { runFile } from "../support/runtime.ts";
import { copySources, noticed, root, runBroken } from "./broken.ts";
import { breaks } from "./mutations.ts";

const index = readFileSync(join(root, "learn/README.md"), "utf8");
const chapters = readdirSync(join(root, "learn/chapters"), { withFileTypes: true }).map(({ name }) => name.replace(/\.ts$/, "")).sort();

const copy = copySources();
test.after(() => rmSync(copy, { recursive: true, force: true }));

test("every chapter of the index has a mutation, and is there", () => {
  const numbers = [...index.matchAll(/^\| \[(\d+)\]\(([\w./-]+)\)/gm)].filter(([, , path]) => !path.startsWith("exercises/"));
  assert.equal(numbers.map(([, number]) => Number(number)), Array.from({ length: numbers.length }, (_, i) => i + 1));
  assert.equal(Object.keys(breaks), numbers.map(([, number, path]) =>
    path.startsWith("chapters/") ? path.replace(/^chapters\/(.*)\.ts$/, "$1") : `${number}-${path.split("/")[0]}`));
  assert.ok(Object.values(breaks).every((edits) => edits.length > 0));
  // Those that want a file of others run, whole and broken, in test/peers.
  assert.equal(Object.keys(breaks).filter((name) => !chapters.includes(name)), ["16-selfie"]);
});

for (const name of chapters) {
  test(`${name} runs, and all it claims holds`, async () => {
    const pictures = join(copy, "pictures", name);
    const { code, output, errors } = await runFile(join(root, "learn/chapters", `${name}.ts`), ["--svg", pictures], 60);
    assert.is(code, 0, errors);
    assert.ok((output.match(/\[x\]/g) ?? []).length >= 3, "a chapter claims three things at least");
    for (const line of output.split("\n")) assert.ok(line.length <= 140, `a line of ${line.length} columns: ${line}`);
  });

  test(`${name} notices that what it teaches is broken`, async () => {
    const ended = await runBroken(copy, breaks[name], `learn/chapters/${name}.ts`);
    assert.ok(noticed(ended), `code ${ended.code}: ${ended.errors}`);
  });
}

test("every solution passes its check, no exercise does", async () => {
  const solutions = await runFile(join(root, "learn/check.ts"), ["--solutions"], 60);
  assert.is(solutions.code, 0, solutions.output);
  assert.is((solutions.output.match(/\[x\]/g) ?? []).length, 5);
  const exercises = await runFile(join(root, "learn/check.ts"), [], 60);
  assert.is(exercises.code, 1);
  assert.is((exercises.output.match(/waits for you/g) ?? []).length, 5);
});

test("the index names every chapter and every exercise", () => {
  for (const name of chapters) assert.ok(index.includes(`chapters/${name}.ts`), `learn/README.md does not name ${name}`);
  for (const { name } of readdirSync(join(root, "learn/exercises"), { withFileTypes: true })) {
    assert.ok(index.includes(`exercises/${name}`), name);
  }
});

test.run();

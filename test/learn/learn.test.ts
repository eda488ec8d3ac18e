/**
 * The course: every chapter runs and its claims hold; every chapter notices when what it teaches is broken, in a copy of the sources; every
 * solution of an exercise passes its check, and no exercise passes before somebody has done it.
 */
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { runFile } from "../support/runtime.ts";
import { breaks } from "./mutations.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const chapters = readdirSync(join(root, "learn/chapters"), { withFileTypes: true }).map(({ name }) => name.replace(/\.ts$/, "")).sort();

const copy = mkdtempSync(join(tmpdir(), "senet-learn-"));
test.after(() => rmSync(copy, { recursive: true, force: true }));
for (const folder of ["kernels", "src", "models", "learn"]) cpSync(join(root, folder), join(copy, folder), { recursive: true });
writeFileSync(join(copy, "package.json"), '{ "type": "module" }');

test("every chapter has a mutation", () => assert.equal(Object.keys(breaks), chapters));

for (const name of chapters) {
  test(`${name} runs, and all it claims holds`, async () => {
    const pictures = join(copy, "pictures", name);
    const { code, output, errors } = await runFile(join(root, "learn/chapters", `${name}.ts`), ["--svg", pictures], 60);
    assert.is(code, 0, errors);
    assert.ok((output.match(/\[x\]/g) ?? []).length >= 3, "a chapter claims three things at least");
    for (const line of output.split("\n")) assert.ok(line.length <= 140, `a line of ${line.length} columns: ${line}`);
  });

  test(`${name} notices that what it teaches is broken`, async () => {
    const kept = new Map<string, string>();
    for (const { file, find, replace } of breaks[name]) {
      const text = readFileSync(join(copy, file), "utf8");
      assert.ok(text.includes(find), `${file} has no "${find}"`);
      if (!kept.has(file)) kept.set(file, text);
      writeFileSync(join(copy, file), text.replaceAll(find, replace));
    }
    const { code } = await runFile(join(copy, "learn/chapters", `${name}.ts`), [], 60);
    for (const [file, text] of kept) writeFileSync(join(copy, file), text);
    assert.is.not(code, 0);
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
  const index = readFileSync(join(root, "learn/README.md"), "utf8");
  for (const name of chapters) assert.ok(index.includes(`chapters/${name}.ts`), `learn/README.md does not name ${name}`);
  for (const { name } of readdirSync(join(root, "learn/exercises"), { withFileTypes: true })) {
    assert.ok(index.includes(`exercises/${name}`), name);
  }
});

test.run();

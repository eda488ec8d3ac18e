/** Exports have examples that run and give what they say (on one runtime); `npm run check` compiles them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { entries, exampleIn, program } from "./examples.ts";
import { same, shown } from "./same.ts";
import { saying } from "../support/errors.ts";

type Example = readonly [string, () => Promise<void>];

const all = entries();
const [whole] = all;
const folder = mkdtempSync(join(tmpdir(), "senet-examples-"));
for (const [i, entry] of all.entries()) {
  test(`every export of ${entry.path} has an example`, () => {
    assert.equal(entry.names.filter(({ block }) => exampleIn(block).length === 0).map(({ name, file }) => `${file} ${name}`), []);
  });
  const path = join(folder, `${i}.mts`);
  writeFileSync(path, program(entry, whole));
  const { examples } = (await import(pathToFileURL(path).href)) as { readonly examples: readonly Example[] };
  for (const [name, run] of examples) test(`${entry.path} ${name}`, run);
}
rmSync(folder, { recursive: true, force: true });

test("no entry is forgotten", () => {
  assert.ok(whole.names.length > 150, `${whole.names.length} exports`);
  assert.ok(all.some(({ path }) => path === "senet/io/png") && all.some(({ path }) => path === "senet/models"));
});

test("an example is found in its block, and another answer is an error", () => {
  const block = "/**\n * Adds.\n * @example\n * 1 + 1   // => 2\n * @throws never\n */";
  assert.equal(exampleIn(block), ["1 + 1   // => 2"]);
  assert.equal(exampleIn("/** Adds. */"), []);
  const entry = { path: "", file: "", names: [{ name: "add", file: "", block, isType: false }] };
  assert.match(program(entry, entry), /\["add", async \(\) => \{\n    same\(1 \+ 1, "2"\);\n {2}\}\]/);
  assert.throws(() => same(1 + 1, "3"), saying("it gives 2, not 3"));
  assert.is(shown([Float32Array.of(0.5), new Map([["a", 1]]), "b"]), '[[0.5],["a"],"b"]');
});

test.run();

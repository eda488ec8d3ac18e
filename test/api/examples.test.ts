/** Every export of src/index.ts has an example that runs and gives what it says (on one runtime); `npm run check` compiles them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { exampleIn, program, publicNames } from "./examples.ts";
import { same, shown } from "./same.ts";

const names = publicNames();

test("every export of src/index.ts has an example", () => {
  assert.equal(names.filter(({ block }) => exampleIn(block).length === 0).map(({ name, file }) => `${file} ${name}`), []);
  assert.ok(names.length > 150, `${names.length} exports`);
});

const folder = mkdtempSync(join(tmpdir(), "senet-examples-"));
const path = join(folder, "examples.mts");
writeFileSync(path, program(names));
const { examples } = (await import(pathToFileURL(path).href)) as { readonly examples: readonly (readonly [string, () => Promise<void>])[] };
rmSync(folder, { recursive: true, force: true });
for (const [name, run] of examples) test(name, run);

test("an example is found in its block, and another answer is an error", () => {
  const block = "/**\n * Adds.\n * @example\n * 1 + 1   // => 2\n * @throws never\n */";
  assert.equal(exampleIn(block), ["1 + 1   // => 2"]);
  assert.equal(exampleIn("/** Adds. */"), []);
  assert.match(program([{ name: "add", file: "", block }]), /\["add", async \(\) => \{\n    same\(1 \+ 1, "2"\);\n {2}\}\]/);
  assert.throws(() => same(1 + 1, "3"), "it gives 2, not 3");
  assert.is(shown([Float32Array.of(0.5), new Map([["a", 1]]), "b"]), '[[0.5],["a"],"b"]');
});

test.run();

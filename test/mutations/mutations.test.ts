/**
 * Tests the gradient tests: every mutation of mutations.ts is made in a copy of kernels/reference in a temporary folder,
 * and the cases of the mutated kernel must then disagree with central differences.
 */
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as reference from "../../kernels/reference/index.ts";
import * as squeezeExcite from "../../kernels/reference/squeeze-excite.ts";
import type { Case, Values } from "../kernels/case.ts";
import { cases } from "../kernels/cases.ts";
import { compareGradients, numericGradients } from "../kernels/gradients/finite-differences.ts";
import { run } from "../kernels/harness.ts";
import { squeezeExciteCases } from "../kernels/gradients/squeeze-excite-cases.ts";
import type { Mutation } from "./mutations.ts";
import { mutations } from "./mutations.ts";

// One table of functions and one list of cases, the page among them.
const kernels = { ...reference, ...squeezeExcite };
type AllKernels = typeof kernels;
const allCases = ([...cases, ...squeezeExciteCases] as readonly Case<AllKernels>[])
  .filter((item) => item.large !== true && item.kinks !== true);

const kernelsFolder = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "kernels");
const copy = mkdtempSync(join(tmpdir(), "senet-mutations-"));
test.after(() => rmSync(copy, { recursive: true, force: true }));
writeFileSync(join(copy, "package.json"), '{ "type": "module" }');
for (const { name } of readdirSync(kernelsFolder, { withFileTypes: true })) {
  if (name === "reference" || name.endsWith(".ts")) cpSync(join(kernelsFolder, name), join(copy, name), { recursive: true });
}

/** The text of `file` with the mutation made. */
function mutate({ file, function: name, find, replace }: Mutation): string {
  const text = readFileSync(join(kernelsFolder, "reference", file), "utf8");
  const start = text.indexOf(`export function ${name}(`);
  const end = text.indexOf("\n}\n", start);
  if (start < 0 || end < 0) throw new Error(`${file} exports no function ${name}`);
  const parts = text.slice(start, end).split(find);
  if (parts.length !== 2) throw new Error(`${file}, ${name}: "${find}" stands there ${parts.length - 1} times instead of once`);
  return text.slice(0, start) + parts.join(replace) + text.slice(end);
}

const numeric = new Map<Case<AllKernels>, Values>();

/** What the gradient check has to say about `changed` on the cases of one kernel. */
function complaints(name: string, changed: AllKernels): string[] {
  return allCases.filter((item) => (item.kernels as readonly string[]).includes(name)).flatMap((item) => {
    let gradients = numeric.get(item);
    if (gradients === undefined) numeric.set(item, (gradients = numericGradients(item, kernels)));
    return compareGradients(item, run(item, changed, Float64Array, true), gradients);
  });
}

test("every backward kernel has a mutation", () => {
  const backward = Object.keys(kernels).filter((name) => name.includes("Backward")).sort();
  assert.ok(backward.length > 30);
  assert.equal([...new Set(mutations.map((mutation) => mutation.function))].sort(), backward);
});

test("without a mutation the check has nothing to say", () => {
  for (const name of new Set(mutations.map((mutation) => mutation.function))) assert.equal(complaints(name, kernels), [], name);
});

test("a mutation whose text is not there, or there twice, is an error", () => {
  const add = { file: "joining/add.ts", function: "addBackward", error: "", replace: "" };
  assert.throws(() => mutate({ ...add, find: "no such text" }), /0 times instead of once/);
  assert.throws(() => mutate({ ...add, find: "i" }), /times instead of once/);
  assert.throws(() => mutate({ ...add, function: "subBackward", find: "i" }), /exports no function/);
});

mutations.forEach((mutation, i) => {
  const { file, function: name, error } = mutation;
  test(`${name}: ${error}`, async () => {
    // A file of its own a mutation: no loader's cache can answer with another.
    const path = join(copy, "reference", file.replace(/\.ts$/, `.mutation-${i}.ts`));
    writeFileSync(path, mutate(mutation));
    const mutated = (await import(pathToFileURL(path).href)) as Partial<AllKernels>;
    assert.type(mutated[name as keyof AllKernels], "function");
    assert.ok(complaints(name, { ...kernels, ...mutated }).length > 0, "the gradient check did not notice");
  });
});

test.run();

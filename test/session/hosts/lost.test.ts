/** Hosts without something that others have: senet works there, to the same bits of each family of kernels, or says what is missing. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { runFile } from "../../support/runtime.ts";
import lost from "./lost.ts";

const kernels: Readonly<Record<string, RegExp>> = {
  "all there": /^wasm: simd.*, 2 threads$/,
  "no WebAssembly": /^plain: WebAssembly is not available here$/,
  "no workers": /^wasm: simd.*, 1 thread \(this host has no workers\)$/,
  "no SharedArrayBuffer": /^wasm: simd.*, 1 thread \(memory cannot be shared here\)$/,
  "no Atomics": /^wasm: simd.*, 1 thread \(memory cannot be shared here\)$/,
  "no BigInt": /^wasm: simd.*, 1 thread \(memory cannot be shared here\)$/,
};

type Said = Readonly<Record<"kernels" | "bits" | "later" | "training", string>>;

const folder = new URL(".", import.meta.url).href.replace(/^file:\/\//, "");
async function on(name: string): Promise<Said> {
  const { code, output, errors } = await runFile(`${folder}child.ts`, [name], 120);
  assert.is(code, 0, `${name}: ${errors}`);
  return JSON.parse(output) as Said;
}

const names = Object.keys(lost);
const said = new Map<string, Said>();
test("each host ends well", async () => {
  for (let i = 0; i < names.length; i += 3) {
    await Promise.all(names.slice(i, i + 3).map(async (name) => said.set(name, await on(name))));
  }
});

test("the same answers everywhere, of WebAssembly's kernels where there are some", () => {
  const { kernels: _, ...whole } = said.get("all there")!;
  for (const [name, { kernels: which, ...answers }] of said) {
    assert.match(which, kernels[name] ?? kernels["all there"], name);
    if (name !== "no WebAssembly") assert.equal(answers, whole, name);
    else {
      const { bits, later, training, ...rest } = answers;
      assert.equal({ ...whole, ...rest }, whole, name);
      assert.is(bits, later);
      assert.match(training, /^Error: compile: training sessions want WebAssembly .*; the eager Trainer does without$/);
    }
  }
  assert.is(said.size, names.length);
});

test.run();

/** Quantised networks give the published bits: on WebAssembly with one thread, with two and with four, and on the plain kernels. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fileJson } from "../support/files.ts";
import { int8Hash } from "./int8-hash.ts";
import { hashedNames } from "./int8-logits.ts";

const published = fileJson<Readonly<Record<string, string>>>("fixtures/hashes-int8.json");

test("each network has a hash of its own", () => {
  assert.equal(Object.keys(published).sort(), [...hashedNames].sort());
  assert.is(new Set(Object.values(published)).size, hashedNames.length);
});

const ways = [{ kernels: "wasm", threads: 1 }, { kernels: "wasm", threads: 2 }, { kernels: "plain", threads: 1 }] as const;
const crowd = { kernels: "wasm", threads: 4 } as const;

for (const name of hashedNames) {
  for (const runs of [...ways, ...(name === "bundled" || name.startsWith("mobilenet") ? [crowd] : [])]) {
    test(`${name}: the published hash, ${runs.kernels} kernels, ${runs.threads} thread${runs.threads > 1 ? "s" : ""}`, async () => {
      assert.is(await int8Hash(name, runs), published[name]);
    });
  }
}

test.run();

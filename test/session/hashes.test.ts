/**
 * `exact`: the same bits on every runtime and for every number of threads. The bits are published: one hash for wasm kernels and one for
 * plain ones (test/fixtures/hashes.json; `npx tsx test/session/logits-hash.ts` prints them).
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fileJson } from "../support/files.ts";
import { title } from "../models/small-networks.ts";
import { exactLogits, hashedNetworks, hashedFurther, logitsHash } from "./logits-hash.ts";

const published = fileJson<Readonly<Record<"wasm" | "plain" | "wasm, further" | "plain, further", string>>>("fixtures/hashes.json");

for (const threads of [1, 2]) {
  test(`wasm kernels, ${threads} thread${threads === 1 ? "" : "s"}: the published hash`, async () => {
    assert.is(await logitsHash({ kernels: "wasm", threads }), published.wasm);
    assert.is(await logitsHash({ kernels: "wasm", threads }, undefined, hashedFurther), published["wasm, further"]);
  });
}

test("plain kernels: the published hash", async () => {
  assert.is(await logitsHash({ kernels: "plain", threads: 1 }), published.plain);
  assert.is(await logitsHash({ kernels: "plain", threads: 1 }, undefined, hashedFurther), published["plain, further"]);
});

test("what is hashed says something: finite numbers, none like the other, for each network others", async () => {
  const seen = new Set<string>();
  for (const network of [...hashedNetworks, ...hashedFurther]) {
    const { data } = await exactLogits(network, { kernels: "wasm", threads: 1 });
    assert.ok(data.every(Number.isFinite), title(network));
    // More than half, for a ReLU may leave zeros.
    assert.ok(2 * new Set(data).size > data.length, title(network));
    seen.add(data.join());
  }
  assert.is(seen.size, hashedNetworks.length + hashedFurther.length);
});

test.run();

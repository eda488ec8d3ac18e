/**
 * What reading ONNX adds to a program: its bytes beside those of a session, minified and gzipped; and nothing to programs that do not
 * import it.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bundle, bundles } from "../../support/bundle.ts";

const session = `export { compileSync } from "./src/session/session.ts";`;

test("importOnnx is exported", async () => {
  assert.type((await import("../../../src/index.ts")).importOnnx, "function");
});

// Where there is no bundler to ask, nothing is measured.
if (bundles) {
  test("a session with importOnnx is at most 118 KB, with the lean one 106", async () => {
    const entries = ["import", "lean"].map((name) => `${session} export { importOnnx } from "./src/io/onnx/${name}.ts";`);
    const [full, lean] = await Promise.all(entries.map(bundle));
    assert.ok(full.bytes <= 118_000 && lean.bytes <= 106_000, `${full.bytes} and ${lean.bytes} bytes`);
  });

  test("who imports something else from senet does not pay for it", async () => {
    const [all, own] = await Promise.all([`export { compileSync } from "./src/index.ts";`, session].map(bundle));
    assert.ok(!all.text.includes("external wants the bytes of"), "importOnnx is in the bundle");
    // Before compression: what stands in another order is no more of it.
    assert.ok(all.text.length - own.text.length < 100, `${all.text.length} characters instead of ${own.text.length}`);
  });
}

test.run();

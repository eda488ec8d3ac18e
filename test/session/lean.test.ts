/**
 * Lean sessions are the same sessions, and small: at most 45 KB, minified and gzipped. The bundler is the one that tsx brings; hosts
 * without tsx have none, and bench/peers prints the same figures with its own.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile, compileSync } from "../../src/session/lean.ts";
import * as leanPlain from "../../src/session/lean-plain.ts";
import * as whole from "../../src/session/session.ts";
import { bundle, bundles } from "../support/bundle.ts";
import { agree, bits } from "../support/compare.ts";
import { draw } from "../support/random.ts";
import { network, sharedNetworks, smallResNet } from "./networks.ts";
import { saying } from "../support/errors.ts";

for (const [name, options, input] of sharedNetworks) {
  test(`${name}: the same bits, with one thread and with two`, async () => {
    const model = network(name, options);
    const x = draw(input);
    const expected = bits(whole.compileSync(model, { input, numerics: "exact" }).run(x));
    assert.equal(bits(compileSync(model, { input, numerics: "exact" }).run(x)), expected);
    const two = await compile(model, { input, numerics: "exact", threads: 2 });
    assert.match(two.kernels, /2 threads/);
    assert.equal(bits(two.run(x)), expected);
    two.close();
  });
}

test("without WebAssembly the textbook computes the same bits as the plain kernels", () => {
  const [model, input] = [smallResNet(), [2, 3, 11, 8]];
  const x = draw(input);
  assert.equal(
    bits(compileSync(model, { input, kernels: "plain" }).run(x)), bits(whole.compileSync(model, { input, kernels: "plain" }).run(x)),
  );
});

test("with the plain kernels that a program imports, the same bits, here and on WebAssembly", async () => {
  const [model, input] = [smallResNet(), [2, 3, 11, 8]];
  const x = draw(input);
  for (const kernels of ["plain", "wasm"] as const) {
    const wanted = bits(whole.compileSync(model, { input, kernels, numerics: "exact" }).run(x));
    assert.equal(bits(leanPlain.compileSync(model, { input, kernels, numerics: "exact" }).run(x)), wanted, kernels);
    assert.equal(bits((await leanPlain.compile(model, { input, kernels, numerics: "exact", threads: 1 })).run(x)), wanted, kernels);
  }
});

test("what has no kernel in WebAssembly is computed all the same", () => {
  const [model, input] = [network("se_resnet8", { width: 8, reduction: 4, attention: "cbam" }), [1, 3, 16, 16]];
  const x = draw(input);
  const session = compileSync(model, { input });
  assert.match(session.plan, /plain, between conversions/);
  agree(session.run(x), model.forward(x), 1e-5, "cbam");
});

test("what lean sessions have not is said", () => {
  const [model, input] = [smallResNet(), [1, 3, 16, 16]];
  assert.throws(
    () => compileSync(model, { input, module: new Uint8Array(8) }),
    saying("compile: module wants the compile of senet/session/session; that of senet/session/lean takes none"),
  );
  const turbo = compileSync(model, { input, numerics: "turbo" });
  assert.match(turbo.kernels, /; fast instead of turbo: this compile has none \(senet\/session\/lean\)$/);
  assert.equal(bits(turbo.run(draw(input))), bits(compileSync(model, { input }).run(draw(input))));
  assert.match(compileSync(model, { input, threads: 2 }).kernels, /, 1 thread \(compileSync starts no workers, compile does\)$/);
});

if (bundles) {
  test("sessions of one thread are at most 45 KB to load", async () => {
    const { bytes } = await bundle(`export { compileSync } from "./src/session/lean.ts"; export { Tensor } from "./src/tensor.ts";`);
    assert.ok(bytes <= 45_000, `${bytes} bytes`);
  });

  test("the block alone is at most 1.2 KB; plain kernels are in a bundle that asks for them, and in no other", async () => {
    const block = await bundle(`export { squeezeExciteForward } from "./kernels/reference/squeeze-excite.ts";`);
    assert.ok(block.bytes <= 1_200, `${block.bytes} bytes`);
    const [lean, plain] = await Promise.all(
      ["lean", "lean-plain"].map((file) => bundle(`export { compileSync } from "./src/session/${file}.ts";`)),
    );
    assert.ok(plain.bytes > lean.bytes + 2_000 && plain.bytes <= 52_000, `${plain.bytes} bytes`);
  });

  test("a session's bundle has neither plain nor backward kernels, nor workers, nor flags of V8, unless it asks for them", async () => {
    const [lean, whole] = await Promise.all(
      ["lean", "session"].map((file) => bundle(`export { compileSync, compile } from "./src/session/${file}.ts";`)),
    );
    const [alone] = await Promise.all(["lean"].map((file) => bundle(`export { compileSync } from "./src/session/${file}.ts";`)));
    for (
      const [word, inAlone, inLean] of [
        ["worker_threads", false, true], ["revectorize", false, false], ["made by senet compile", false, false],
      ] as const
    ) {
      assert.is(alone.text.includes(word), inAlone, word);
      assert.is(lean.text.includes(word), inLean, word);
      assert.ok(whole.text.includes(word), word);
    }
    assert.ok(alone.bytes < lean.bytes && lean.bytes < whole.bytes);
  });
}

test.run();

/** Hosts that lack something, or refuse it: sessions take what is there, and say what is not. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { HostWasmModule } from "../../src/host-types.ts";
import { compile, compileSync } from "../../src/session/session.ts";
import * as lean from "../../src/session/lean.ts";
import { agree, bits } from "../support/compare.ts";
import { draw } from "../support/random.ts";
import { smallResNet } from "./networks.ts";

const host = globalThis as { WebAssembly?: unknown };
const own = WebAssembly!;

/** As a browser's main thread: `new WebAssembly.Module` and `Instance` take no more than so many bytes. */
function limited(most: number): { readonly wasm: object; readonly compiled: number[] } {
  const large = new WeakSet<object>();
  const compiled: number[] = [];
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>) {
      if (bytes.length > most) {
        throw new RangeError(`WebAssembly.Compile is disallowed on the main thread, if the buffer size is larger than ${most}`);
      }
      return new own.Module(bytes);
    }
  }
  class Instance {
    constructor(module: HostWasmModule, imports?: never) {
      if (large.has(module)) throw new RangeError("WebAssembly.Instance is disallowed on the main thread");
      return new own.Instance(module, imports);
    }
  }
  const instantiate = async (bytes: Uint8Array<ArrayBuffer>, imports?: never): Promise<unknown> => {
    compiled.push(bytes.length);
    const result = await own.instantiate(bytes, imports);
    large.add(result.module);
    return result;
  };
  const { Memory, validate, compile: compileBytes } = own;
  return { wasm: { Module, Instance, Memory, validate: validate.bind(own), compile: compileBytes.bind(own), instantiate }, compiled };
}

async function on<T>(wasm: object, work: () => T | Promise<T>): Promise<T> {
  host.WebAssembly = wasm;
  try {
    return await work();
  } finally {
    host.WebAssembly = own;
  }
}

const input = [1, 3, 16, 16];

// First of all, for a process checks its kernels once.
test("a host that compiles nothing large at once: compileSync takes plain kernels and says why, compile compiles in time", async () => {
  const model = smallResNet();
  const x = draw(input);
  const { wasm, compiled } = limited(4096);
  for (const from of [compileSync, lean.compileSync]) {
    const session = await on(wasm, () => from(model, { input }));
    assert.match(
      session.kernels, /^plain: this host does not compile kernels at once: WebAssembly\.Compile is disallowed on the main thread/,
    );
    agree(await on(wasm, () => session.run(x)), model.forward(x), 1e-5, "plain");
const refused = await on(wasm, () => from(model, { input, kernels: "wasm" })).then(String, (error: Error) => error.message);
    assert.match(refused, /^compile: this host does not compile kernels at once/);
  }
  assert.is(compiled.length, 0);
  for (const from of [compile, lean.compile]) {
    const session = await on(wasm, () => from(model, { input, threads: 1, numerics: "exact" }));
    assert.match(session.kernels, /^wasm: simd/);
    assert.ok(compiled.length > 0 && compiled.every((size) => size > 4096));
    const expected = bits(compileSync(model, { input, threads: 1, numerics: "exact" }).run(x));
    assert.equal(bits(await on(wasm, () => session.run(x))), expected);
    // Another shape, at once: on the plain kernels; in time: on those of WebAssembly.
    const [other, third] = [draw([2, 3, 16, 16]), draw([1, 3, 20, 20])];
    agree(await on(wasm, () => session.run(other)), model.forward(other), 1e-5, "another shape");
    assert.match(session.kernels, /; plain for \[2,3,16,16\]: this host does not compile kernels at once/);
    agree(await on(wasm, () => session.runAsync(third)), model.forward(third), 1e-5, "a third shape");
    assert.not.match(session.plan, / plain /);
    session.close();
  }
});

test.run();

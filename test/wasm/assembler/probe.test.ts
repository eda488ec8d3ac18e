/** The probe: right about this host, and about hosts without WebAssembly, without permission, without newer instructions. */
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { probeMachine as probe } from "../../../kernels/wasm/probe/machine.ts";

/** (func (result v128) i32x4.relaxed_trunc_f32x4_s (v128.const ...)), written by hand. */
const RELAXED = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 25, 1, 23, 0, 253, 12, ...Array<number>(16).fill(0), 253, 129, 2, 11,
];

/** Runs with another WebAssembly, or none. */
function having<T>(replacement: unknown, run: () => T): T {
  const host = globalThis as { WebAssembly?: unknown };
  const own = host.WebAssembly;
  host.WebAssembly = replacement;
  try {
    return run();
  } finally {
    host.WebAssembly = own;
  }
}

test("this host", () => {
  const features = probe();
  assert.is(features.missing, undefined);
  assert.is(features.simd, true);
  assert.is(features.threads, true);
  assert.is(features.relaxedSimd, WebAssembly?.validate(new Uint8Array(RELAXED)));
  if (process.arch === "x64" || process.arch === "arm64") assert.is(features.x86, process.arch === "x64");
  if (!features.relaxedSimd) assert.is(features.fusedMultiplyAdd, false);
  assert.equal(probe(), features, "asked again");
});

const NOTHING = { simd: false, relaxedSimd: false, threads: false, x86: false, fusedMultiplyAdd: false };

test("no WebAssembly", () => {
  assert.equal(having(undefined, probe), { ...NOTHING, missing: "WebAssembly is not available here" });
});

test("compiling is forbidden", () => {
  const forbidding = {
    ...WebAssembly,
    validate: () => true,
    Module: class {
      constructor() {
        throw new Error("call to WebAssembly.Module() blocked by CSP");
      }
    },
  };
  assert.equal(
    having(forbidding, probe), { ...NOTHING, missing: "WebAssembly does not compile here: call to WebAssembly.Module() blocked by CSP" },
  );
});

test("vectors, relaxed vectors and threads are found missing one by one", () => {
  if (typeof WebAssembly === "undefined") throw new Error("this test wants WebAssembly");
  const { Module, Instance, Memory, validate } = WebAssembly;
  const old = { Module, Instance, Memory, validate: () => false };
  assert.equal({ ...having(old, probe), x86: true }, { ...NOTHING, missing: undefined, x86: true });
  // An engine that knows the instructions, but makes no shared memory.
  class Unshared {
    readonly buffer = new ArrayBuffer(65536);
  }
  assert.is(
    having({ Module, Instance, Memory: Unshared, validate: (bytes: Uint8Array<ArrayBuffer>) => validate(bytes) }, probe).threads, false,
  );
  class Refusing {
    constructor() {
      throw new RangeError("could not allocate memory");
    }
  }
  assert.is(
    having({ Module, Instance, Memory: Refusing, validate: (bytes: Uint8Array<ArrayBuffer>) => validate(bytes) }, probe).threads, false,
  );
});

test.run();

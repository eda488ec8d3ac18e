/** The binary: numbers in LEB128, shared types, names, large functions, and the same bytes whenever the same calls are made. */
import "../../../kernels/wasm/assembler/checks/checked.ts";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Bytes, lengthOf } from "../../../kernels/wasm/assembler/encode.ts";
import { THREADS } from "../../../kernels/wasm/assembler/opcodes-threads.ts";
import { ModuleBuilder } from "../../../kernels/wasm/assembler/module-builder.ts";
import { hex, laboratory, start } from "./lab.ts";
import { names, sections } from "./parse.ts";

function written(write: (bytes: Bytes) => void): string {
  const bytes = new Bytes(1);
  write(bytes);
  return hex(bytes.toBytes());
}

test("LEB128, unsigned", () => {
  const cases: readonly [number, string][] = [
    [0, "00"], [1, "01"], [127, "7f"], [128, "8001"], [16383, "ff7f"], [16384, "808001"], [624485, "e58e26"], [2097151, "ffff7f"],
    [2097152, "80808001"], [268435455, "ffffff7f"], [268435456, "8080808001"], [2147483648, "8080808008"], [4294967295, "ffffffff0f"],
  ];
  for (const [value, expected] of cases) {
    assert.is(written((to) => to.u32(value)), expected, String(value));
    assert.is(lengthOf(value), expected.length / 2);
  }
});

test("LEB128, signed", () => {
  const cases: readonly [number, string][] = [
    [0, "00"], [1, "01"], [-1, "7f"], [63, "3f"], [64, "c000"], [-64, "40"], [-65, "bf7f"], [127, "ff00"], [128, "8001"], [-128, "807f"],
    [8191, "ff3f"], [8192, "80c000"], [-8192, "8040"], [-8193, "ffbf7f"], [-123456, "c0bb78"], [2147483647, "ffffffff07"],
    [-2147483648, "8080808078"],
  ];
  for (const [value, expected] of cases) {
    assert.is(written((to) => to.s32(value)), expected, String(value));
    assert.is(written((to) => to.s64(BigInt(value))), expected, `${value}n`);
  }
  assert.is(written((to) => to.s32(4294967295)), "7f", "an unsigned number has the bits of a signed one");
  assert.is(written((to) => to.s64(2n ** 63n - 1n)), "ffffffffffffffffff00");
  assert.is(written((to) => to.s64(-(2n ** 63n))), "8080808080808080807f");
  assert.is(written((to) => to.s64(2n ** 31n)), "8080808008");
});

test("floats: little-endian, NaN as the canonical one", () => {
  assert.is(written((to) => to.f32(1.5)), "0000c03f");
  assert.is(written((to) => to.f32(-0)), "00000080");
  assert.is(written((to) => to.f32(NaN)), "0000c07f");
  assert.is(written((to) => to.f64(-2)), "00000000000000c0");
  assert.is(written((to) => to.f64(NaN)), "000000000000f87f");
});

test("names are printable ASCII", () => {
  assert.is(written((to) => to.name("a ~")), "0361207e");
  for (const name of ["é", "a\n", "\u{1f600}", "\x7f"]) {
    assert.throws(
      () => new Bytes().name(name),
      (error: Error) => error instanceof RangeError && error.message.startsWith("wasm: a name wants printable ASCII"),
    );
  }
});

/** A module with something of everything. */
function sample(): ModuleBuilder {
  const m = new ModuleBuilder("sample", THREADS);
  const memory = m.importMemory("env", "memory", { minimum: 1, maximum: 65536, shared: true });
  const log = m.importFunc("env", "log", { params: { value: "i32" } });
  m.export(memory, "memory");
  m.func("f32_dot", { params: { x: "i32", y: "i32", n: "i32" }, results: ["f32"], export: true }, (f, { x, y, n }) => {
    const [even, odd] = f.local.array("v128", "sum", 2);
    const anonymous = f.local.i64();
    f.doWhile(() => {
      for (const [i, sum] of [even, odd].entries()) {
        f.local.get(x);
        f.v128.load(16 * i);
        f.local.get(y);
        f.v128.load(16 * i, 4);
        f.f32x4.mul();
        f.local.get(sum);
        f.f32x4.add();
        f.local.set(sum);
      }
      f.local.increase(x, 32);
      f.local.increase(y, 32);
      f.local.decrease(n, 8);
      f.local.get(n);
    });
    f.i64.const(-1n);
    f.local.set(anonymous);
    f.local.get(even);
    f.local.get(odd);
    f.f32x4.add();
    f.f32x4.extract_lane(0);
  });
  m.func("count", { results: ["i32"], export: true }, (f) => {
    f.i32.const(7);
    f.call(log);
    f.i32.const(0);
    f.i32.const(1);
    f.i32.atomic.rmw.add(64);
    f.i32x4.const(1, 2, 3, 4);
    f.i32x4.extract_lane(0);
    f.i32.add();
  });
  return m;
}

/** FNV-1a, 32 bits. */
function hash(bytes: Uint8Array): string {
  let state = 0x811c9dc5;
  for (const byte of bytes) state = Math.imul(state ^ byte, 0x01000193);
  return (state >>> 0).toString(16).padStart(8, "0");
}

test("the same calls make the same bytes, here and everywhere", () => {
  const m = sample();
  const bytes = m.toBytes();
  assert.equal(m.toBytes(), bytes, "asked twice");
  assert.equal(sample().toBytes(), bytes, "made twice");
  assert.is(`${bytes.length} ${hash(bytes)}`, "295 04d9d009");
});

test("the host accepts all of it", () => {
  assert.ok(WebAssembly?.validate(sample().toBytes()));
});

test("the name section names the module, functions and locals, imported ones first", () => {
  assert.equal(names(sample().toBytes()), {
    module: "sample",
    functions: { 0: "env.log", 1: "f32_dot", 2: "count" },
    locals: { 1: { 0: "x", 1: "y", 2: "n", 3: "sum0", 4: "sum1" } },
  });
});

test("V8's stack traces show the names (JavaScriptCore shows none)", () => {
  const lab = laboratory([], [], (f) => f.unreachable());
  let stack = "";
  try {
    lab.exports.f();
  } catch (error) {
    stack = (error as Error).stack ?? "";
  }
  const bun = "bun" in process.versions;
  assert.match(stack, bun ? /unreachable/i : /\bf \(wasm:/);
});

test("sections stand in the order of the specification, each once", () => {
  assert.equal(sections(sample().toBytes()).map(({ id }) => id), [1, 2, 3, 7, 10, 0]);
  assert.equal(sections(new ModuleBuilder("empty").toBytes()).map(({ id }) => id), [0]);
});

test("a type is stored once, whoever has it", () => {
  const m = new ModuleBuilder("types");
  const spec = { params: { a: "i32", b: "f32" }, results: ["i32", "i32"] } as const;
  const imported = m.importFunc("env", "f", spec);
  m.func("g", { params: { other: "i32", names: "f32" }, results: ["i32", "i32"] }, (f, { other, names: name }) => {
    f.local.get(other);
    f.local.get(name);
    f.block({ params: ["i32", "f32"], results: ["i32", "i32"] }, () => f.call(imported));
  });
  const types = sections(m.toBytes())[0].contents;
  assert.is(types.u32(), 1);
  assert.is(hex(types.bytes), "0160027f7d027f7f");
});

test("locals of one type in a row are declared together", () => {
  const m = new ModuleBuilder("locals");
  m.func("f", { params: { p: "i32" } }, (f) => {
    f.local.array("v128", "a", 200);
    f.local.i32();
    f.local.v128();
    f.local.v128();
  });
  const code = sections(m.toBytes()).find(({ id }) => id === 10)?.contents;
  // One function of 9 bytes: three runs, 200 v128, 1 i32, 2 v128, end.
  assert.is(hex(code?.bytes ?? []), "010903c8017b017f027b0b");
});

test("functions are stored in the order of their handles, whenever they are written", () => {
  const m = new ModuleBuilder("order");
  const first = m.declare("first", { results: ["i32"], export: true });
  m.func("second", { results: ["i32"], export: true }, (f) => {
    // Another function, begun and ended in the midst of this one.
    m.func("third", { results: ["i32"], export: true }, (g) => g.i32.const(3));
    f.i32.const(2);
  });
  m.define(first, (f) => f.i32.const(1));
  const { exports } = start(m.toBytes());
  assert.equal(["first", "second", "third"].map((name) => exports[name]()), [1, 2, 3]);
});

test("large functions: 60,000 instructions, a thousand locals, a hundred nested blocks", () => {
  const lab = laboratory(["i32"], ["i32"], (f, [x]) => {
    const locals = f.local.array("i32", "n", 1000);
    for (let i = 0; i < 20000; i++) {
      f.local.get(i < 1000 ? x : locals[i % 1000]);
      f.i32.const(i);
      f.i32.xor();
      f.local.set(locals[i % 1000]);
    }
    const nest = (depth: number, out: Parameters<typeof f.br>[0] | undefined): void => f.block((label) => {
      if (depth < 100) nest(depth + 1, out ?? label);
      else if (out !== undefined) f.br(out);
    });
    nest(0, undefined);
    f.i32.const(0);
    for (const local of locals) {
      f.local.get(local);
      f.i32.add();
    }
    assert.is(f.count, 4 * 20000 + 101 + 1 + 1 + 2000);
  });
  const expected = (x: number): number => {
    const locals = new Int32Array(1000).fill(x);
    for (let i = 0; i < 20000; i++) locals[i % 1000] ^= i;
    return locals.reduce((sum, local) => (sum + local) | 0, 0);
  };
  for (const x of [0, 123456, -1]) assert.is(lab.exports.f(x), expected(x));
});

test("shared memories: limits in the binary, and memory that both sides see", () => {
  const m = new ModuleBuilder("shared", THREADS);
  m.importMemory("env", "memory", { minimum: 1, maximum: 2, shared: true });
  m.func("add", { params: { by: "i32" }, results: ["i32"], export: true }, (f, { by }) => {
    f.i32.const(8);
    f.local.get(by);
    f.i32.atomic.rmw.add();
  });
  const bytes = m.toBytes();
  assert.ok(hex(bytes).includes("036d656d6f727902030102".slice(2)), "flags 3, minimum 1, maximum 2");
  if (typeof WebAssembly === "undefined") throw new Error("this test wants WebAssembly");
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
  const { exports } = start(bytes, { env: { memory } });
  assert.is(exports.add(5), 0);
  assert.is(exports.add(5), 5);
  assert.is(new Int32Array(memory.buffer)[2], 10);
});

test.run();

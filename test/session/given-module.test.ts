/**
 * Modules from `senet compile`: the same bytes each time, the same answers as without, on a host that compiles nothing; and what does not
 * fit, or computes something else, is refused with what was wanted and what came.
 */
import { runInNewContext } from "node:vm";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Random } from "../../kernels/random.ts";
import { probe } from "../../kernels/wasm/probe/probe.ts";
import { createModel } from "../../models/index.ts";
import type { HostWasmModule } from "../../src/host-types.ts";
import type { Module } from "../../src/nn/module.ts";
import { emitModule } from "../../src/session/backends/wasm/modules/emit.ts";
import type { EmitOptions } from "../../src/session/backends/wasm/modules/emit.ts";
import { describe, digestOf, readWasmDescription } from "../../src/session/backends/wasm/modules/file.ts";
import { compile, compileSync } from "../../src/session/session.ts";
import type { CompileOptions } from "../../src/session/session.ts";
import { version } from "../../src/version.ts";
import type { Shape } from "../../src/tensor.ts";
import { bits } from "../support/compare.ts";
import { draw, stir } from "../support/random.ts";
import { network, sharedNetworks, smallResNet } from "./networks.ts";

const host = globalThis as { WebAssembly?: unknown };
const own = WebAssembly!;

/** Modules that the host is asked for: none may be compiled. What is compiled already still has its sections. */
class Forbidding {
  static asked = 0;
  static customSections(module: HostWasmModule, name: string): ArrayBuffer[] {
    return own.Module.customSections(module, name);
  }
  constructor() {
    Forbidding.asked++;
    throw new Error("blocked by Content Security Policy");
  }
}

/** Runs where the host forbids compiling. */
async function forbidden<T>(run: () => T | Promise<T>): Promise<T> {
  const { Instance, Memory } = own;
  host.WebAssembly = { Instance, Memory, Module: Forbidding, validate: () => false };
  try {
    return await run();
  } finally {
    host.WebAssembly = own;
  }
}

/** The message of what is thrown, at once or later. */
async function refusal(run: () => unknown): Promise<string> {
  try {
    await run();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return "nothing was refused";
}

const shape = [1, 3, 16, 16];
const small = smallResNet();
const emitted = (options: Partial<EmitOptions> = {}, model: Module = small): Uint8Array<ArrayBuffer> => emitModule(
  model, { input: shape, ...options },
);
const moduleOf = (options?: Partial<EmitOptions>, model?: Module): HostWasmModule => new own.Module(emitted(options, model));

test("first of all, before there are workers: two threads on a host that compiles nothing", async () => {
  const module = moduleOf({ numerics: "exact", threads: 2 });
  assert.match(
    await refusal(() => compileSync(small, { input: shape, module })),
    /^Error: compile: the module was made for threads; compileSync starts no workers, compile does$/,
  );
  const session = await forbidden(() => compile(small, { input: shape, module }));
  assert.is(session.kernels, "wasm: simd, 2 threads, kernels of the given module");
  const expected = compileSync(small, { input: shape, numerics: "exact", threads: 1 });
  for (const seed of [1, 2, 3]) {
    const x = draw(shape, seed);
    assert.equal(await forbidden(() => bits(session.run(x))), bits(expected.run(x)));
    assert.equal(bits(await forbidden(() => session.runAsync(x))), bits(expected.run(x)));
  }
  assert.is(Forbidding.asked, 0);
  for (const each of [session, expected]) each.close();
});

test("a host that compiles nothing: one thread, exact and fast, weights changed afterwards", async () => {
  for (const numerics of ["exact", "fast"] as const) {
    const model = smallResNet();
    const module = moduleOf({ numerics });
    const session = await forbidden(() => compileSync(model, { input: shape, module }));
    assert.is(session.kernels, "wasm: simd, 1 thread, kernels of the given module");
    // Without the probe that fast's fused multiply-adds need.
    const expected = await withoutRelaxed(() => compileSync(model, { input: shape, numerics, threads: 1 }));
    for (const seed of [7, 99]) {
      stir(model, seed);
      await forbidden(() => session.refresh());
      expected.refresh();
      const x = draw(shape, seed);
      assert.equal(await forbidden(() => bits(session.run(x))), bits(expected.run(x)));
    }
    for (const each of [session, expected]) each.close();
  }
  assert.is(Forbidding.asked, 0);
});

/** Runs on this host as it would be without relaxed SIMD. */
function withoutRelaxed<T>(run: () => T | Promise<T>): Promise<T> {
  const { Instance, Memory, Module } = own;
  const relaxed = (bytes: Uint8Array): boolean => bytes.some((byte, i) => byte === 0xfd && bytes[i + 1] === 0x85 && bytes[i + 2] === 2);
  host.WebAssembly = { Instance, Memory, Module, validate: (bytes: Uint8Array<ArrayBuffer>) => !relaxed(bytes) && own.validate(bytes) };
  return Promise.resolve().then(run).finally(() => void (host.WebAssembly = own));
}

const networks: readonly (readonly [string, Record<string, unknown>, Shape])[] = [
  ...sharedNetworks,
  // What has no kernel of its own: steps in JavaScript.
  ["se_unet", { width: 4, inChannels: 3 }, [1, 3, 32, 16]],
];

for (const [name, options, input] of networks) {
  for (const threads of [1, 2]) {
    test(`${name}, ${threads} threads: a module is the same bytes each time, and gives the bits that are given without it`, async () => {
      const model = network(name, options);
      const how = { input, numerics: "exact", threads } as const;
      const bytes = emitModule(model, how);
      assert.ok(own.validate(bytes));
      assert.equal(bytes, emitModule(createModel(name, options, null), how), "weights are no part of it");
      const [given, usual] = [await compile(model, { ...how, module: bytes }), await compile(model, how)];
      assert.match(given.kernels, new RegExp(`^wasm: simd, ${threads} threads?, kernels of the given module$`));
      for (const seed of [1, 2]) assert.equal(bits(given.run(draw(input, seed))), bits(usual.run(draw(input, seed))));
      stir(model, 5);
      for (const session of [given, usual]) session.refresh();
      assert.equal(bits(given.run(draw(input))), bits(usual.run(draw(input))), "after refresh");
      for (const session of [given, usual]) session.close();
    });
  }
}

test("a module with relaxed SIMD: the bits of fast, or a refusal that says so", async () => {
  const module = emitted({ relaxedSimd: true });
  const { relaxedSimd, fusedMultiplyAdd } = probe();
  if (relaxedSimd) {
    const session = compileSync(small, { input: shape, module });
    assert.match(session.kernels, /^wasm: simd, relaxed, 1 thread/);
    if (fusedMultiplyAdd) {
      assert.equal(bits(session.run(draw(shape))), bits(compileSync(small, { input: shape, threads: 1 }).run(draw(shape))));
    }
  }
  const refusing = await refusal(() => forbidden(() => compileSync(small, { input: shape, module })));
  assert.is(refusing, "Error: compile: this host does not compile the module's bytes: blocked by Content Security Policy; " +
    "it has instructions of relaxed SIMD, " +
    "which not every engine knows: senet compile makes it without, unless asked for --relaxed-simd");
  if (!relaxedSimd) {
    assert.match(
      await refusal(() => compileSync(small, { input: shape, module })),
      /^Error: compile: this host does not compile the module's bytes: .*relaxed/,
    );
  }
});

test("observed and overridden values", async () => {
  const [gate, other] = ["layer1.0.se.activation_2", "layer2.0.se.activation_2"];
  const named = { observe: [gate, other], override: [other] };
  const module = moduleOf({ ...named, numerics: "exact" });
  const sessions = [{ module }, { numerics: "exact" } as const].map(
    (how) => compileSync(small, { input: shape, ...named, threads: 1, ...how }),
  );
  const half = draw([1, 16, 1, 1], 4);
  for (const inputs of [{ input: draw(shape) }, { input: draw(shape), [other]: half }]) {
    const [given, usual] = sessions.map((session) => session.run(inputs));
    for (const name of ["output", gate, other]) assert.equal(bits(given[name]), bits(usual[name]), name);
  }
  assert.match(
    await refusal(() => compileSync(small, { input: shape, module })),
    /observe: nothing is wanted, it was made for layer1\.0\.se\.activation_2, layer2\.0\.se\.activation_2/,
  );
  for (const session of sessions) session.close();
});

test("another shape than the module's is refused, and the session goes on", () => {
  const session = compileSync(small, { input: shape, module: moduleOf() });
  const before = bits(session.run(draw(shape)));
  assert.throws(
    () => session.run(draw([2, 3, 16, 16])),
    /^session: its kernels come from a module for an input of shape \[1,3,16,16\], and none are compiled here; got \[2,3,16,16\]/,
  );
  assert.equal(bits(session.run(draw(shape))), before);
  session.close();
});

/** The module as another version of senet would have made it: its kernels are others. */
function ofVersion(senet: string): Uint8Array<ArrayBuffer> {
  const bytes = emitted();
  const { digest, ...rest } = readWasmDescription(bytes);
  const end = bytes.length - 1;
  let start = end;
  while (digestOf(bytes.subarray(0, start)) !== digest) start--;
  const other = bytes.slice(0, start);
  other[start - 1] ^= 1;
  return describe(other, { ...rest, senet });
}

const misfits: readonly (readonly [string, () => Uint8Array, Partial<CompileOptions>, RegExp, Module?])[] = [
  [
    "another model", () => emitted(), {},
    /^RangeError: .*seresnet18 .* with senet [\d.]+ is wanted, it was made for se_resnet8 .*, whose kernels are others; make it anew/,
    network("seresnet18", { width: 8 }),
  ],
  [
    "another width", () => emitted(), {}, /"width":4.* is wanted, it was made for .*"width":8/,
    createModel("se_resnet8", { width: 4, reduction: 2 }),
  ],
  [
    "another version", () => ofVersion("0.0.9"), {},
    new RegExp(`with senet ${version.replaceAll(".", "\\.")} is wanted, it was made for .* with senet 0\\.0\\.9`),
  ],
  ["another shape", () => emitted(), { input: [1, 3, 16, 24] }, /input: \[1,3,16,24\] is wanted, it was made for \[1,3,16,16\]/],
  ["exact instead of fast", () => emitted(), { numerics: "exact" }, /numerics: exact is wanted, it was made for fast/],
  ["turbo", () => emitted(), { numerics: "turbo" }, /numerics: turbo is wanted, it was made for fast/],
  ["threads", () => emitted(), { threads: 2 }, /threads: several threads is wanted, it was made for one thread/],
  ["no threads", () => emitted({ threads: 2 }), { threads: 1 }, /threads: one thread is wanted, it was made for several threads/],
  ["plain kernels", () => emitted(), { kernels: "plain" }, /module wants wasm kernels, and plain ones are asked for/],
  [
    "no module of ours", () => Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), {},
    /^FormatError: .*was not made by senet compile: it has no section named senet/,
  ],
  ["no module at all", () => new Uint8Array(100), {}, /^FormatError: .*no WebAssembly module/],
  ["nothing", () => new Uint8Array(0), {}, /^FormatError: .*no WebAssembly module/],
  ["a module that is cut off", () => emitted().slice(0, 5000), {}, /^FormatError: .*cut off or damaged/],
  [
    "a damaged description", () => emitted().map((byte, i, all) => (i === all.length - 1 ? 0x20 : byte)), {},
    /^FormatError: .*section named senet is damaged/,
  ],
];

for (const [what, bytes, options, message, model = small] of misfits) {
  test(`what does not fit is refused: ${what}`, async () => {
    const module = bytes();
    assert.match(await refusal(() => compileSync(model, { input: shape, ...options, module })), message);
    assert.match(await refusal(() => compile(model, { input: shape, ...options, module })), message);
    if (own.validate(module as Uint8Array<ArrayBuffer>)) {
      const compiled = new own.Module(module as Uint8Array<ArrayBuffer>);
      assert.match(
        await refusal(() => compileSync(model, { input: shape, ...options, module: compiled })), message, "compiled by the host",
      );
    }
  });
}

test("what is no module is a TypeError; a host without workers is an error", async () => {
  for (const module of [{}, "m.wasm", 7, [0, 97, 115, 109]]) {
    assert.match(
      await refusal(() => compileSync(small, { input: shape, module: module as object })),
      /^TypeError: compile: module wants a WebAssembly\.Module or its bytes as Uint8Array, got /,
    );
  }
  const module = emitted();
  host.WebAssembly = undefined;
  const refused = await refusal(() => compileSync(small, { input: shape, module }));
  host.WebAssembly = own;
  assert.is(refused, "Error: compile: module wants WebAssembly, which is not available here");
});

test("a host that lets no module run, whoever compiled it", async () => {
  const module = moduleOf();
  const { Memory } = own;
  host.WebAssembly = { Memory, Module: Forbidding, Instance: Forbidding };
  const refused = await refusal(() => compileSync(small, { input: shape, module }));
  host.WebAssembly = own;
  assert.is(refused, "Error: compile: this host does not let the module run: blocked by Content Security Policy");
});

test("a kernel of a module that computes something else is found by its check, and not used", async () => {
  for (const threads of [1, 2]) {
    const bytes = emitted({ threads });
    // As an engine that subtracts where it should add: f32x4.add is fd e4 01, f32x4.sub fd e5 01.
    bytes.forEach((byte, i) => {
      if (byte === 0xfd && bytes[i + 1] === 0xe4 && bytes[i + 2] === 1) bytes[i + 1] = 0xe5;
    });
    const message = /^Error: compile: the module's kernel for \w+ fails its check on this host: off by .* of the largest value$/;
    // Compiled by the host: its bytes cannot be seen any more.
    assert.match(await refusal(() => compile(small, { input: shape, module: new own.Module(bytes) })), message);
    const refused = await refusal(() => compile(small, { input: shape, module: bytes }));
    assert.match(refused, /^FormatError: compile: the module's bytes are not those/);
  }
});

test("bytes with a flipped bit are refused, wherever it is: 5,000 drawn ones, and all of the description's", async () => {
  const random = new Random(21);
  for (const threads of [1, 2]) {
    const bytes = emitted({ threads });
    const flips = Array.from({ length: 2500 }, () => random.below(8 * bytes.length));
    for (let bit = 8 * (bytes.length - 400); bit < 8 * bytes.length; bit++) flips.push(bit);
    for (const bit of flips) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      const refused = await refusal(() => compile(small, { input: shape, module: bytes }));
      assert.match(refused, /^(FormatError|RangeError|Error): compile: (the |this )?module/, `bit ${bit} of ${8 * bytes.length}`);
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
    (await compile(small, { input: shape, module: bytes })).close();
  }
});

test("bytes that were changed otherwise are refused: more after the end, a byte too few, two bytes exchanged, a section more", async () => {
  const bytes = emitted();
  const swapped = bytes.slice();
  const at = swapped.findIndex((byte, i) => i > 3000 && byte !== swapped[i + 1]);
  [swapped[at], swapped[at + 1]] = [swapped[at + 1], swapped[at]];
  const custom = Uint8Array.of(0, 2, 1, 0x78);
  const [behind, within] = [bytes.length, 8].map((at) => Uint8Array.of(...bytes.subarray(0, at), ...custom, ...bytes.subarray(at)));
  const message = /^FormatError: compile: (the module's bytes are not|module: a section ends)/;
  for (const module of [behind, within, swapped, bytes.slice(0, -1)]) {
    assert.match(await refusal(() => compileSync(small, { input: shape, module })), message);
  }
});

test("a module as any bytes: an ArrayBuffer, a part of a larger one, those of another realm", () => {
  const bytes = emitted({ numerics: "exact" });
  const padded = new Uint8Array(bytes.length + 24);
  padded.set(bytes, 7);
  const other = runInNewContext("Uint8Array.from(bytes)", { bytes: [...bytes] }) as Uint8Array;
  const expected = bits(compileSync(small, { input: shape, numerics: "exact", threads: 1 }).run(draw(shape)));
  for (const module of [bytes.buffer, padded.subarray(7, 7 + bytes.length), other, other.buffer]) {
    const session = compileSync(small, { input: shape, module });
    assert.equal(bits(session.run(draw(shape))), expected);
    session.close();
  }
});

test("modules of before there was a check of the description are taken still", () => {
  const bytes = emitted();
  const text = Array.from(bytes.subarray(-400), (byte) => String.fromCharCode(byte)).join("");
  const json = text.slice(text.indexOf("{")).replace(/,"check":"[0-9a-f]{16}"/, "");
  const { digest } = readWasmDescription(bytes);
  let code = bytes.length;
  while (digestOf(bytes.subarray(0, code)) !== digest) code--;
  const rest = Uint8Array.from(`\u0005senet${json}`, (letter) => letter.charCodeAt(0));
  const old = Uint8Array.of(...bytes.subarray(0, code), 0, (rest.length & 0x7f) | 0x80, rest.length >> 7, ...rest);
  compileSync(small, { input: shape, module: old }).close();
});

test("emitModule refuses what makes no sense", () => {
  assert.throws(() => emitted({ numerics: "turbo" as "fast" }), /numerics wants exact or fast, got turbo/);
  assert.throws(() => emitted({ threads: 0 }), /threads wants a whole number from 1 to 32, got 0/);
  assert.throws(() => emitted({ numerics: "exact", relaxedSimd: true }), /exact uses no relaxed SIMD/);
  assert.throws(() => emitted({ input: [1, 2, 16, 16] }), /wants 3 channels, got 2/);
  assert.throws(() => emitted({ observe: ["layer1.0.se.gate"] }), /observe names "layer1\.0\.se\.gate", which is no value of this model/);
});

test.run();

/**
 * Turbo: which flags are set on which host and what becomes of them, that its answers are right, and that it is given up where they are
 * not.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { probe } from "../../kernels/wasm/probe/probe.ts";
import { allOperations } from "../../src/session/backends/all-operations.ts";
import { exactArithmetic } from "../../src/session/backends/numerics.ts";
import { moduleNetwork } from "../../src/nn/lower.ts";
import { sessionGraph } from "../../src/session/optimise/session-graph.ts";
import { Session, compile, compileSync } from "../../src/session/session.ts";
import { trialFailure } from "../../src/session/backends/wasm/checks/trial.ts";
import { flagsOf, withFlags } from "../../src/session/backends/wasm/turbo/v8-flags.ts";
import type { Flag } from "../../src/session/backends/wasm/turbo/v8-flags.ts";
import { atOnce } from "../../src/session/backends/making.ts";
import type { Backend } from "../../src/session/backends/backend.ts";
import { PlainConstants } from "../../src/session/backends/plain/program.ts";
import { WasmBackend } from "../../src/session/backends/wasm/backend.ts";
import { TrialBackend } from "../../src/session/backends/wasm/turbo/backend.ts";
import type { Module } from "../../src/nn/module.ts";
import type { Shape } from "../../src/tensor.ts";
import type { CompileWasm } from "../../src/session/backends/wasm/executor.ts";
import { runFile } from "../support/runtime.ts";
import { agree, bits } from "../support/compare.ts";
import { draw } from "../support/random.ts";
import { network, sharedNetworks, smallResNet } from "./networks.ts";

const withRevectorisation = { variables: { v8_enable_wasm_simd256_revec: 1 } };

/** What was set while and after `work`, in the order of setting. */
function flagsSet(execArgv: readonly string[], flags: readonly Flag[], work: () => void): readonly string[] {
  const set: string[] = [];
  const v8 = { setFlagsFromString: (flag: string): void => void set.push(flag) };
  try {
    withFlags(v8, { versions: {}, execArgv }, flags, () => {
      set.push("work");
      work();
    });
  } catch (error) {
    set.push((error as Error).message);
  }
  return set;
}

test("only versions of Node whose flags are known have any", () => {
  const of = (versions: Record<string, string>, config = withRevectorisation): string => {
    const flags = flagsOf({ versions, config });
    return typeof flags === "string" ? flags : flags[0].wanted;
  };
  assert.is(of({ v8: "11.3.244.8-node.33" }), "--experimental-wasm-relaxed-simd");
  assert.is(of({ v8: "13.6.233.17-node.53" }), "--experimental-wasm-revectorize");
  assert.is(of({ v8: "14.6.202.34-node.34" }), "--experimental-wasm-revectorize");
  assert.match(
    of({ v8: "12.4.254.21-node.57" }), /^V8 12\.4\.254\.21-node\.57 is none of those whose flags are known \(11\.3, 13\.6, 14\.6\)$/,
  );
  assert.match(of({ v8: "114.6.1-node.1" }), /is none of those/);
  assert.is(of({ v8: "14.6.202.34-node.20", bun: "1.4.5" }), "this host is not Node");
  assert.is(of({ v8: "14.6.202.34-node.20", deno: "2.9.6" }), "this host is not Node");
  assert.is(of({ v8: "14.6.202.34-electron.0" }), "this host is not Node");
  assert.is(of({}), "this host is not Node");
  assert.is(
    of({ v8: "14.6.202.34-node.34" }, { variables: { v8_enable_wasm_simd256_revec: 0 } }),
    "this Node was built without vectors of 256 bits",
  );
});

test("flags are set, and then as they were: by themselves, by the command line, and after an error", () => {
  const flags = [{ wanted: "--fast-one", usual: "--no-fast-one" }, { wanted: "--mask=-1", usual: "--mask=0" }];
  const nothing = (): void => undefined;
  assert.equal(flagsSet([], flags, nothing), ["--fast-one", "--mask=-1", "work", "--no-fast-one", "--mask=0"]);
  assert.equal(flagsSet(["--fast_one", "--other"], flags, nothing), ["--fast-one", "--mask=-1", "work", "--fast-one", "--mask=0"]);
  assert.equal(flagsSet(["--fast-one", "--no-fast-one"], flags, nothing), ["--fast-one", "--mask=-1", "work", "--no-fast-one", "--mask=0"]);
  const fail = (): void => {
    throw new Error("failed");
  };
  assert.equal(flagsSet([], flags, fail), ["--fast-one", "--mask=-1", "work", "--no-fast-one", "--mask=0", "failed"]);
});

test("turbo agrees with exact, for every shape, and leaves the host as it was", () => {
  const before = probe();
  for (const [name, options, input] of sharedNetworks) {
    const model = network(name, options);
    const [exact, turbo] = (["exact", "turbo"] as const).map((numerics) => compileSync(model, { input, numerics }));
    assert.match(
      turbo.kernels,
      /^wasm: simd(, fused multiply-add)?(, vectors of 256 bits|, tiles of 6x8|, paced)?, 1 thread(; fast instead of turbo: .+)?$/,
    );
    for (const shape of [input, [3, 3, input[2] + 5, input[3] - 1], input]) {
      agree(turbo.run(draw(shape)), exact.run(draw(shape)), 1e-3, `${name} ${shape.join()}`);
    }
    turbo.close();
    exact.close();
  }
  assert.equal(probe(), before);
});

test("a network compiled fast after turbo is what it was before", () => {
  const [model, input] = [smallResNet(), [1, 3, 20, 17]];
  const [x, fast] = [draw(input), compileSync(model, { input })];
  const expected = bits(fast.run(x));
  const turbo = compileSync(model, { input, numerics: "turbo" });
  turbo.run(x);
  const again = compileSync(model, { input });
  assert.is(again.kernels, fast.kernels);
  assert.equal(bits(again.run(x)), expected);
  for (const session of [fast, turbo, again]) session.close();
});

test("threads share what turbo compiled; new shapes and changed weights too", async () => {
  const [model, input] = [smallResNet(3), [1, 3, 24, 24]];
  const [exact, turbo] = await Promise.all(
    (["exact", "turbo"] as const).map((numerics) => compile(model, { input, numerics, threads: 2 })),
  );
  for (const shape of [input, [2, 3, 18, 30]]) {
    agree(turbo.run(draw(shape)), exact.run(draw(shape)), 1e-3, shape.join());
    // All at once, the last of a shape that is new while workers are at work.
    const many = await Promise.all([shape, shape, [1, 3, 10, shape[3]]].map((each) => turbo.runAsync(draw(each))));
    agree(many[0], exact.run(draw(shape)), 1e-3, "asynchronous");
    agree(many[2], exact.run(draw([1, 3, 10, shape[3]])), 1e-3, "asynchronous, of another shape");
  }
  for (const { value: { data } } of model.namedState().values()) for (let i = 0; i < data.length; i++) data[i] *= 0.9;
  for (const session of [exact, turbo]) session.refresh();
  agree(turbo.run(draw(input)), exact.run(draw(input)), 1e-3, "refreshed");
  for (const session of [exact, turbo]) session.close();
});

const right: CompileWasm = (emit) => new WebAssembly!.Module(emit().toBytes());

/** As an engine that subtracts where it should add: f32x4.add is fd e4 01, f32x4.sub fd e5 01. */
const wrong: CompileWasm = (emit) => {
  const bytes = emit().toBytes();
  bytes.forEach((byte, i) => {
    if (byte === 0xfd && bytes[i + 1] === 0xe4 && bytes[i + 2] === 1) bytes[i + 1] = 0xe5;
  });
  return new WebAssembly!.Module(bytes);
};

/** A backend on trial, each of whose kernels is compiled so. */
function onTrial(trial: CompileWasm): TrialBackend {
  const trusted = { arithmetic: exactArithmetic, refused: new Set<never>(), wrong: new Map<never, string>(), compile: right };
  const options = { operations: allOperations, threads: 1, pool: undefined, alone: undefined };
  const tried = new WasmBackend({ ...options, kernels: { ...trusted, compile: trial } }, "on trial");
  return new TrialBackend(tried, (reason) => new WasmBackend(
    { ...options, kernels: trusted }, `instead: ${reason}`,
  ), (program, request, executor) =>
    trialFailure(program, { ...request, operations: allOperations, executor, constants: new PlainConstants() }, trusted));
}

/** A session on a backend. */
function sessionOn(backend: Backend, model: Module, input: Shape, observe: readonly string[]): Session {
  const network = moduleNetwork(model);
  const { graph, kept } = sessionGraph(network, { input }, observe);
  const program = atOnce(backend.program({ graph, kept, overrides: new Map() }));
  return new Session({ network, backend, observed: new Set(observe), overrides: new Map(), graph, program });
}

test("a program on trial that computes something else is given up, with the reason", () => {
  const [model, input] = [smallResNet(), [1, 3, 16, 16]];
  const expected = compileSync(model, { input, numerics: "exact" });
  for (const [trial, given] of [[right, /; on trial$/], [wrong, /; instead: [\w.]+ has \S+ instead of \S+$/]] as const) {
    const session = sessionOn(onTrial(trial), model, input, ["layer1.0.se.activation_2"]);
    assert.match(session.kernels, given);
    for (const shape of [input, [2, 3, 12, 9]]) assert.equal(bits(session.run(draw(shape))), bits(expected.run(draw(shape))));
    session.close();
    assert.throws(() => session.run(draw(input)), /it is closed/);
  }
  expected.close();
});

test("a later program that fails its trial is made by the other kernels; those that passed stay, and all are refreshed", () => {
  const [model, input, later] = [smallResNet(), [1, 3, 16, 16], [2, 3, 12, 9]];
  let compile = right;
  const session = sessionOn(onTrial((emit) => compile(emit)), model, input, []);
  compile = wrong;
  const outputs = (): number[][] => [input, later, input].map((shape) => bits(session.run(draw(shape))));
  const expected = (): number[][] => {
    const other = compileSync(model, { input, numerics: "exact" });
    return [input, later, input].map((shape) => bits(other.run(draw(shape))));
  };
  assert.match(session.kernels, /; on trial$/);
  assert.equal(outputs(), expected());
  assert.match(session.kernels, /; instead: /);
  for (const parameter of model.parameters()) parameter.value.data.forEach((value, i) => (parameter.value.data[i] = value * 0.9));
  session.refresh();
  assert.equal(outputs(), expected());
  session.close();
});

test("nothing on stderr", async () => {
  const { code, output, errors } = await runFile(join(dirname(fileURLToPath(import.meta.url)), "turbo-child.ts"), [], 60);
  assert.is(errors.replace(/^\(node:\d+\) ExperimentalWarning.*\n.*--trace-warnings.*\n/m, ""), "");
  assert.is(code, 0);
  const { kernels, error } = JSON.parse(output) as { readonly kernels: string; readonly error: number };
  assert.match(kernels, /^wasm: simd/);
  assert.ok(error <= 1e-3, `off by ${error}`);
});

test.run();

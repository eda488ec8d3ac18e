/**
 * Sessions on layers so large that fast takes fewer products for them (kernels/wasm/convolution/winograd/winograd.ts, strassen.ts): chosen,
 * right, the same bits however they are run, and checked before.
 */
import type { HostWasmModule } from "../../src/host-types.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { allOperations } from "../../src/session/backends/all-operations.ts";
import type { ModuleBuilder } from "../../kernels/wasm/assembler/module-builder.ts";
import { convolution } from "../../kernels/wasm/convolution/choose.ts";
import { strassenConvolution } from "../../kernels/wasm/convolution/strassen/strassen.ts";
import { emitModule } from "../../src/session/backends/wasm/modules/emit.ts";
import { compileSync as leanSync } from "../../src/session/lean.ts";
import { compileSyncWith } from "../../src/session/compile.ts";
import { compile, compileSync } from "../../src/session/session.ts";
import { withFast } from "../../src/session/backends/wasm/fast.ts";
import { checkOf, wrongKinds } from "../../src/session/backends/wasm/checks/verify.ts";
import { WasmExecutor } from "../../src/session/backends/wasm/executor.ts";
import { wasmProgram } from "../../src/session/backends/wasm/program.ts";
import { agree, bits } from "../support/compare.ts";
import { draw } from "../support/random.ts";
import { network } from "./networks.ts";

const input = [1, 1, 32, 32];
const model = network("se_resnet8", { width: 128, inChannels: 1 });
const one = compileSync(model, { input, threads: 1 });
const exact = compileSync(model, { input, numerics: "exact", threads: 1 });
/** As many products as there are. */
const direct = compileSyncWith(
  {
    operations: allOperations,
    fast: (arithmetic) => ({ ...arithmetic, fewerProducts: (params) => convolution({ ...params, winograd: false }) }),
  }, model, { input, numerics: "exact", threads: 1 },
);

test("fast takes both methods, weights transformed in the run; exact and lean sessions Winograd's alone", () => {
  assert.match(one.plan, /f32_winograd4x4_\S*_c128x128_\S*_128/);
  assert.match(one.plan, /f32_strassen_\S*_k3x3_s2x2_\S*_c128x256_/);
  assert.match(one.plan, /f32_strassen_\S*_k1x1_s2x2_\S*_c128x256_/);
  assert.match(exact.plan, /f32_winograd4x4_\S*_c128x128_\S*_128/);
  assert.not.match(exact.plan, /strassen/);
  assert.not.match(direct.plan, /winograd|strassen/);
  assert.not.match(leanSync(model, { input }).plan, /strassen/);
});

test("within 1e-3 of direct sums, and far within", () => {
  for (const seed of [1, 2]) {
    const x = draw(input, seed);
    for (const session of [one, exact]) agree(session.run(x), direct.run(x), 2e-5, `seed ${seed}`);
  }
});

test("one thread's working memory lies in the arena, as far as that has room; that of several after it", async () => {
  const two = await compile(model, { input, threads: 2 });
  const most = (two.arenaBytes - direct.arenaBytes) / 2;
  assert.ok(
    one.arenaBytes > direct.arenaBytes && one.arenaBytes - direct.arenaBytes < 0.8 * most,
    `${one.arenaBytes}, ${direct.arenaBytes}, ${two.arenaBytes}`,
  );
  two.close();
});

test("2 and 3 threads, a batch, and a module from a file give the same bits", async () => {
  const module = emitModule(model, { input });
  const two = [draw(input, 3), draw(input, 4)];
  const expected = two.map((x) => bits(one.run(x)));
  const others = [
    await compile(model, { input, threads: 2 }), await compile(model, { input, threads: 3 }),
    compileSync(model, { input: [2, 1, 32, 32], threads: 1 }),
  ];
  // A module has no fused multiply-adds unless asked for them, hence other bits where the host's sessions have them.
  if (!one.kernels.includes("fused")) others.push(compileSync(model, { input, module }));
  for (const session of others) two.forEach((x, i) => assert.equal(bits(session.run(x)), expected[i], session.kernels));
  for (const session of others) session.close();
});

test("Strassen kernels that are wrong are found by their check, and not used", () => {
  const wrong = (params: Parameters<typeof strassenConvolution>[0]): ReturnType<typeof strassenConvolution> => {
    const found = strassenConvolution(params);
    return found === undefined
      ? undefined
      : { ...found, pack: (weight, bias, packed, factors) => found.pack(weight.map((value) => value + 0.1), bias, packed, factors) };
  };
  // Kernels for joined vectors are right on any host, and have not been checked in this process.
  const session = compileSyncWith(
    { operations: allOperations, fast: (arithmetic) => ({ ...withFast(arithmetic), fewerProducts: wrong, wide: true }) }, model,
    { input },
  );
  assert.match(session.kernels, /plain for conv2d: its kernels failed their check/);
});

test("Winograd kernels that transform wrongly in the run are found by the check, wherever the error is", () => {
  const arithmetic = { fma: false, wide: false };
  const check = checkOf(new Set(["conv2d of places"]), allOperations, arithmetic);
  const nodes = check.graph.nodes.filter(({ inputs }) => inputs[0].shape[1] === 128);
  const graph = { ...check.graph, nodes, outputs: nodes.map(({ output }) => output) };
  // The square root of 2, in all lanes of a constant: a factor of the transforms of weights and of inputs.
  const root = new Uint8Array(Float32Array.of(Math.SQRT2, Math.SQRT2, Math.SQRT2, Math.SQRT2).buffer);
  let places: number[] = [];
  const wrong = (place: number): string | undefined => {
    const compile = (emit: () => ModuleBuilder): HostWasmModule => {
      const bytes = emit().toBytes();
      places = [...bytes.keys()].filter((at) => root.every((byte, i) => bytes[at + i] === byte));
      // A bit of the lowest lane: the factor is 3 % larger.
      if (place >= 0) bytes[places[place] + 2] ^= 0b100;
      return new WebAssembly!.Module(bytes);
    };
    const executor = new WasmExecutor({ arithmetic, threads: 1, pool: undefined, refused: new Set(), compile });
    const found = wrongKinds({ ...check, graph }, wasmProgram({ ...check, graph, executor })).get("conv2d");
    executor.release();
    return found;
  };
  assert.is(wrong(-1), undefined);
  assert.ok(places.length >= 4, `${places.length} places`);
  places.forEach((_, place) => assert.match(wrong(place) ?? "nothing", /^off by /, `place ${place}`));
});

test.run();

/**
 * Does the engine compute neighbouring vectors in pairs, as one of 256 bits? V8 does with --experimental-wasm-revectorize, which its
 * results do not show. So one small convolution is computed with the tiles for either case, by fused multiply-adds: processors with vectors
 * of 256 bits have these too.
 */
import { packedConvSize } from "../convolution/panels.ts";
import type { ConvParams } from "../convolution/params.ts";
import { convKernel } from "../convolution/direct.ts";
import { imageBytes } from "../shared/layout.ts";
import { ModuleBuilder } from "../assembler/module-builder.ts";
import type { Run } from "./contest.ts";

function make(): Run[] | undefined {
  const size = { channels: 64, height: 1, width: 120, halo: 0 };
  const params: ConvParams = {
    input: size, output: { ...size, channels: 16 }, kernel: [1, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1,
    epilogue: { gate: false, residual: undefined, activation: undefined }, fma: true,
  };
  const kernels = [convKernel(params), convKernel({ ...params, wide: true })];
  const m = new ModuleBuilder("senet_vectors");
  const w = imageBytes(params.input);
  const y = w + 4 * packedConvSize(params);
  m.memory({ minimum: Math.ceil((y + imageBytes(params.output)) / 65536) });
  for (const kernel of kernels) kernel.emit(m);
  const bytes = m.toBytes();
  if (typeof WebAssembly === "undefined" || !WebAssembly.validate(bytes)) return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return kernels.map(({ name }) => (times) => {
    for (let i = 0; i < times; i++) (exports[name] as (...values: number[]) => void)(0, w, y, 0, 0, 0, 1, 0, 1);
  });
}

/**
 * How much faster the wide tiles must be. Without revectorisation they take 1.6 times as long (their registers spill), with it 0.6 (Node
 * 26, a Zen 3 server).
 */
const FASTER = 1.15;

/** Turns of four calls each; functions are optimised while they are called, so the first ones tell nothing. */
const TURNS = 300;

/**
 * No contest of a few milliseconds (contest.ts): V8 takes longer to optimise these two, and turbo is asked for by who computes for long.
 * @param now milliseconds, as performance.now() tells them
 * @returns false too where the module does not run. It takes about 20 ms.
 */
export function pairsVectors(now: () => number): boolean {
  const runs = make();
  if (runs === undefined) return false;
  const best = runs.map(() => Infinity);
  for (let turn = 0; turn < TURNS; turn++) {
    runs.forEach((run, i) => {
      const start = now();
      run(4);
      best[i] = Math.min(best[i], now() - start);
    });
  }
  return best[0] > FASTER * best[1];
}

/**
 * Does the engine compute neighbouring vectors in pairs, as one of 256 bits? V8 does with --experimental-wasm-revectorize, which its
 * results do not show: only time tells. So one small convolution is computed with the tiles for either case, by fused multiply-adds:
 * processors with vectors of 256 bits have these too.
 */
import { packedConvSize } from "../convolution/panels.ts";
import type { ConvParams } from "../convolution/params.ts";
import { convKernel } from "../convolution/direct.ts";
import { imageBytes } from "../shared/layout.ts";
import { ModuleBuilder } from "../assembler/module-builder.ts";

/**
 * How much faster the wide tiles must be. Without revectorisation they take 1.6 times as long (their registers spill), with it 0.6 (Node
 * 26, a Zen 3 server).
 */
const FASTER = 1.15;

/** Calls in turn; functions are optimised while they are called, so the first ones tell nothing. */
const ROUNDS = 300;

/**
 * @param now milliseconds, as performance.now() tells them
 * @returns false too where the module does not run. It takes about 20 ms.
 */
export function probeWide(now: () => number): boolean {
  if (typeof WebAssembly === "undefined") return false;
  const size = { channels: 64, height: 1, width: 120, halo: 0 };
  const params: ConvParams = {
    input: size, output: { ...size, channels: 16 }, kernel: [1, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1,
    epilogue: { gate: false, residual: undefined, activation: undefined }, fma: true,
  };
  const kernels = [convKernel(params), convKernel({ ...params, wide: true })];
  const m = new ModuleBuilder("senet_probe_wide");
  const w = imageBytes(params.input);
  const y = w + 4 * packedConvSize(params);
  m.memory({ minimum: Math.ceil((y + imageBytes(params.output)) / 65536) });
  for (const kernel of kernels) kernel.emit(m);
  const bytes = m.toBytes();
  if (!WebAssembly.validate(bytes)) return false;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const best = [Infinity, Infinity];
  for (let round = 0; round < ROUNDS; round++) {
    kernels.forEach(({ name }, i) => {
      const start = now();
      for (let times = 0; times < 4; times++) (exports[name] as (...values: number[]) => void)(0, w, y, 0, 0, 0, 1, 0, 1);
      best[i] = Math.min(best[i], now() - start);
    });
  }
  return best[0] > FASTER * best[1];
}

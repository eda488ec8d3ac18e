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
import type { Contest, Run } from "./contest.ts";

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

export const vectorBits: Contest<"128" | "256"> = {
  names: ["128", "256"],
  // Without revectorisation the wide tiles take 1.6 times as long (their registers spill), with it 0.6 (Node 26, a Zen 3 server).
  slack: 0.87,
  make,
};

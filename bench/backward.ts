/**
 * Speed of the gradients of convolutions, in GFLOP/s (a multiplication and an addition are two), one thread, on the layers of ResNet-20
 * at 28x28 and of ResNet-50 at 224x224.
 *
 *     npx tsx bench/backward.ts [resnet20 | resnet50] [--rounds N] [--only TEXT] [--batch N]
 *
 * All layers take turns, round by round, and the best of each counts: neighbours on the machine slow it down.
 */
import process from "node:process";
import { convDataKernel } from "../kernels/wasm/training/convolution/data.ts";
import { convFilterKernel, convFilterScratch } from "../kernels/wasm/training/convolution/filter.ts";
import { gradientHalo } from "../kernels/wasm/training/convolution/phases.ts";
import type { ConvGradientParams } from "../kernels/wasm/training/convolution/phases.ts";
import { packedGradientSize } from "../kernels/wasm/training/convolution/panels.ts";
import type { Kernel } from "../kernels/wasm/shared/kernel.ts";
import { imagePitch, interiorBytes } from "../kernels/wasm/shared/layout.ts";
import { fastest } from "../kernels/wasm/probe/contest.ts";
import { paces } from "../kernels/wasm/probe/pace.ts";
import { pace } from "../kernels/wasm/shared/pace.ts";
import { ModuleBuilder } from "../kernels/wasm/assembler/module-builder.ts";
import { peakMeter } from "./peak.ts";

/** [input channels, output channels, input size, kernel, stride] */
type Layer = readonly [number, number, number, number, number];

const NETWORKS: Readonly<Record<string, { readonly batch: number; readonly layers: readonly Layer[] }>> = {
  resnet20: {
    batch: 32,
    layers: [
      [1, 16, 28, 3, 1], [16, 16, 28, 3, 1], [16, 32, 28, 3, 2], [16, 32, 28, 1, 2], [32, 32, 14, 3, 1], [32, 64, 14, 3, 2],
      [32, 64, 14, 1, 2], [64, 64, 7, 3, 1],
    ],
  },
  resnet50: {
    batch: 4,
    layers: [
      [3, 64, 224, 7, 2], [64, 64, 56, 1, 1], [64, 64, 56, 3, 1], [64, 256, 56, 1, 1], [256, 64, 56, 1, 1], [256, 128, 56, 1, 1],
      [128, 128, 56, 3, 2], [128, 512, 28, 1, 1],
      [256, 512, 56, 1, 2], [512, 128, 28, 1, 1], [128, 128, 28, 3, 1], [256, 256, 14, 3, 1], [1024, 256, 14, 1, 1], [256, 1024, 14, 1, 1],
      [512, 512, 14, 3, 2],
      [512, 512, 7, 3, 1], [2048, 512, 7, 1, 1], [512, 2048, 7, 1, 1],
    ],
  },
};

const args = process.argv.slice(2);
const option = (name: string): string | undefined => {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args.splice(at, 2)[1];
};
const rounds = Number(option("--rounds") ?? 5);
const only = option("--only") ?? "";
const batchOption = option("--batch");
const chosen = args.length > 0 ? args : Object.keys(NETWORKS);

function paramsOf([inChannels, outChannels, size, kernel, stride]: Layer, batch: number): ConvGradientParams {
  const padding = kernel >> 1;
  const out = Math.floor((size + 2 * padding - kernel) / stride) + 1;
  const bare: ConvGradientParams = {
    batch, input: { channels: inChannels, height: size, width: size, halo: padding },
    output: { channels: outChannels, height: out, width: out, halo: 0 },
    kernel: [kernel, kernel], stride: [stride, stride], padding: [padding, padding], dilation: [1, 1], groups: 1, fma: false,
  };
  return { ...bare, output: { ...bare.output, halo: gradientHalo(bare) } };
}

interface Timed {
  readonly text: string;
  readonly flops: number;
  readonly run: () => void;
  best: number;
}

function prepare(network: string): Timed[] {
  if (typeof WebAssembly === "undefined") throw new Error("this benchmark wants WebAssembly");
  const { batch: usual, layers } = NETWORKS[network];
  const batch = Number(batchOption ?? usual);
  const all = layers.map((layer) => ({ layer, params: paramsOf(layer, batch) })).filter(({ layer }) => layer.join("-").includes(only));
  const m = new ModuleBuilder("bench");
  if (fastest(paces, () => performance.now()) === "paced") m.pace = pace;
  const sizes = [0, 0, 0, 0];
  for (const { params } of all) {
    const { input, output, kernel } = params;
    const needed = [
      batch * imagePitch(input), batch * imagePitch(output), Math.max(packedGradientSize(params), convFilterScratch(params)),
      output.channels * input.channels * kernel[0] * kernel[1],
    ];
    needed.forEach((floats, i) => { sizes[i] = Math.max(sizes[i], 64 * Math.ceil(floats / 16)); });
  }
  const starts = sizes.map((_, i) => 64 + sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
  const pages = Math.ceil((starts[3] + sizes[3] + 1024) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages });
  new Float32Array(memory.buffer).forEach((_, i, floats) => { floats[i] = ((i * 7919) % 1000) / 1000 - 0.5; });
  m.importMemory("host", "memory", { minimum: pages });
  const kernels = all.map(({ params }) => ({ data: convDataKernel(params, false), filter: convFilterKernel(params) }));
  const emit = (kernel: Kernel): void => void kernel.emit(m);
  for (const { data, filter } of kernels) [data, filter].forEach(emit);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(m.toBytes()), { host: { memory } });
  return all.flatMap(({ layer, params }, i) => {
    const { input, output, kernel } = params;
    const flops = 2 * batch * output.height * output.width * output.channels * input.channels * kernel[0] * kernel[1];
    const [x, dy, w, dweight] = [starts[0] + interiorBytes(input), starts[1] + interiorBytes(output), starts[2], starts[3]];
    const { data, filter } = kernels[i];
    const call = (each: Kernel, ...addresses: number[]) => () => (exports[each.name] as (...values: number[]) => void)(
      ...addresses, 0, each.parts,
    );
    const [inChannels, outChannels, size, k, stride] = layer;
    const text = `${k}x${k}${stride > 1 ? `s${stride}` : ""} ${inChannels} -> ${outChannels}, ${size}x${size}`;
    return [
      { text: `data    ${text}`, flops, run: call(data, x, dy, w), best: 0 },
      { text: `filter  ${text}`, flops, run: call(filter, dweight, w, x, dy), best: 0 },
    ];
  });
}

/** GFLOP/s over about `milliseconds`. */
function measure({ flops, run }: Timed, milliseconds: number): number {
  const start = performance.now();
  let runs = 0;
  do {
    run();
    runs++;
  } while (performance.now() - start < milliseconds);
  return (flops * runs) / (performance.now() - start) / 1e6;
}

const peak = peakMeter();
for (const network of chosen) {
  const layers = prepare(network);
  for (const layer of layers) measure(layer, 40);
  let most = 0;
  for (let round = 0; round < rounds; round++) {
    for (const layer of layers) layer.best = Math.max(layer.best, measure(layer, 10));
    most = Math.max(most, peak());
  }
  console.log(`${network}, peak ${most.toFixed(1)} GFLOP/s`);
  for (const { text, best } of layers) console.log(`${best.toFixed(1).padStart(6)}  ${text}`);
}

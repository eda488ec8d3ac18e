/**
 * Speed of the convolution kernels on every distinct layer shape of some networks, in GFLOP/s (a multiplication and an addition are
 * two), and as a share of what the core does at most.
 *
 *     npx tsx bench/wasm-conv.ts [model ...] [--rounds N] [--only TEXT]
 *
 * All layers and the peak take turns, round by round, and the best of each counts: neighbours on the machine slow down both.
 */
import process from "node:process";
import { convolution } from "../kernels/wasm/convolution.ts";
import type { ConvParams } from "../kernels/wasm/conv-params.ts";
import { imagePitch, interior } from "../kernels/wasm/layout.ts";
import type { Layout } from "../kernels/wasm/layout.ts";
import { ModuleBuilder } from "../kernels/wasm/module-builder.ts";
import { createModel } from "../models/index.ts";
import { lower } from "../src/nn/lower.ts";
import { planLayouts } from "../src/session/layouts.ts";
import { optimise } from "../src/session/optimise.ts";
import { peakMeter } from "./peak.ts";

interface Layer {
  readonly params: ConvParams;
  readonly name: string;
  readonly flops: number;
  times: number;
  readonly run: () => void;
  best: number;
  /** Of each round, speed over the peak measured just before. */
  readonly shares: number[];
}

/** Every distinct convolution of a network, and how often it is there. */
function shapesOf(model: string): Map<string, { params: ConvParams; times: number }> {
  const graph = optimise(lower(createModel(model, {}, null), [1, 3, 224, 224]));
  const { placements } = planLayouts(graph, new Set());
  const found = new Map<string, { params: ConvParams; times: number }>();
  for (const { operation, inputs, output } of graph.nodes) {
    if (operation.kind !== "conv2d") continue;
    const layout = (value: typeof output): Layout => placements.get(value)!.layout;
    const { kernel, stride, padding, dilation, groups, epilogue } = operation;
    if (layout(output).height === 1) continue;
    const params: ConvParams = {
      input: layout(inputs[0]), output: layout(output), kernel, stride, padding, dilation, groups, fma: false,
      epilogue: {
        gate: epilogue?.gate === true, activation: epilogue?.activation,
        residual: epilogue?.residual === true ? layout(inputs[inputs.length - 1]) : undefined,
      },
    };
    const { name } = convolution(params).kernel;
    const known = found.get(name);
    if (known === undefined) found.set(name, { params, times: 1 });
    else known.times++;
  }
  return found;
}

/** Compiles all kernels into one module over one memory. */
function prepare(shapes: ReadonlyMap<string, { params: ConvParams; times: number }>): Layer[] {
  if (typeof WebAssembly === "undefined") throw new Error("this benchmark wants WebAssembly");
  const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;
  const sizes = [0, 0, 0, 0, 0];
  for (const { params } of shapes.values()) {
    const { residual } = params.epilogue;
    const needed = [imagePitch(params.input), convolution(params).packedSize, imagePitch(params.output), residual === undefined ? 0 : imagePitch(residual), params.output.channels];
    needed.forEach((floats, i) => { sizes[i] = Math.max(sizes[i], align(4 * floats)); });
  }
  const starts = sizes.map((_, i) => 64 + sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
  const pages = Math.ceil((starts[4] + sizes[4] + 1024) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages });
  new Float32Array(memory.buffer).forEach((_, i, all) => { all[i] = ((i * 7919) % 1000) / 1000 - 0.5; });
  const m = new ModuleBuilder("bench");
  m.importMemory("host", "memory", { minimum: pages });
  for (const { params } of shapes.values()) convolution(params).kernel.emit(m);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(m.toBytes()), { host: { memory } });
  return [...shapes].map(([name, { params, times }]) => {
    const { input, output, kernel, groups, epilogue } = params;
    const func = instance.exports[name] as (...values: number[]) => void;
    const first = (start: number, layout: Layout): number => start + 4 * interior(layout);
    const { panels } = convolution(params).kernel;
    const flops = 2 * output.height * output.width * output.channels * kernel[0] * kernel[1] * (input.channels / groups);
    return {
      params, name, flops, times, best: 0, shares: [],
      run: () => func(
        first(starts[0], input), starts[1], first(starts[2], output), first(starts[3], epilogue.residual ?? output), starts[4],
        0, output.height, 0, panels,
      ),
    };
  });
}

/** GFLOP/s over about `milliseconds`. */
function measure(layer: Layer, milliseconds: number): number {
  const start = performance.now();
  let runs = 0;
  do {
    layer.run();
    runs++;
  } while (performance.now() - start < milliseconds);
  return (layer.flops * runs) / (performance.now() - start) / 1e6;
}

const args = process.argv.slice(2);
const option = (name: string): string | undefined => {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args.splice(at, 2)[1];
};
const rounds = Number(option("--rounds") ?? 8);
const only = option("--only") ?? "";
const models = args.length > 0 ? args : ["resnet50", "se_mobilenet_v1", "mobilenet_v3_large"];
console.log(`${process.arch}, ${Object.entries(process.versions).filter(([key]) => /^(node|v8|bun|deno)$/.test(key)).map((pair) => pair.join(" ")).join(", ")}`);

const peak = peakMeter();
for (const model of models) {
  const layers = prepare(shapesOf(model)).filter(({ name }) => name.includes(only));
  for (const layer of layers) measure(layer, 30);
  let most = 0;
  for (let round = 0; round < rounds; round++) {
    for (const layer of layers) {
      const now = peak();
      const speed = measure(layer, 4);
      most = Math.max(most, now);
      layer.best = Math.max(layer.best, speed);
      layer.shares.push(speed / now);
    }
  }
  console.log(`\n${model}: peak ${most.toFixed(1)} GFLOP/s`);
  let total = 0;
  let time = 0;
  console.log("  best share median MFLOP  (share: of the peak; median: of the rounds, each over the peak just before)");
  for (const { name, flops, best, times, shares } of layers) {
    const median = shares.sort((a, b) => a - b)[shares.length >> 1];
    total += times * flops;
    time += (times * flops) / best / 1e6;
    console.log(`${best.toFixed(1).padStart(6)} ${((100 * best) / most).toFixed(0).padStart(4)} % ${(100 * median).toFixed(0).padStart(4)} %  ${(flops / 1e6).toFixed(1).padStart(7)} MFLOP x${times}  ${name}`);
  }
  console.log(`${(total / time / 1e6).toFixed(1).padStart(6)} ${((100 * total) / time / 1e6 / most).toFixed(0).padStart(4)} %         ${(total / 1e6).toFixed(1).padStart(7)} MFLOP  all: ${time.toFixed(2)} ms`);
}

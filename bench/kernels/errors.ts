/**
 * What Winograd's method costs in accuracy: for each 3x3 layer of stride 1 that any network has and exact sessions compute so, its error
 * beside that of direct summation, both without fused operations, and both against the same sum in double precision.
 *
 *     npx tsx bench/kernels/errors.ts [model ...]
 *
 * Inputs are what a ReLU leaves of normal numbers, weights are normal numbers; images are cut to 16 rows and columns, for errors do not
 * depend on more. Errors are root mean squares over those of the outputs, and the largest over the largest output, in millionths. Fails
 * where Winograd's are more than `WINOGRAD_ERROR` times direct ones (kernels/wasm/convolution/tiles.ts).
 */
import process from "node:process";
import { Random } from "../../kernels/random.ts";
import { ModuleBuilder } from "../../kernels/wasm/assembler/module-builder.ts";
import { convolution } from "../../kernels/wasm/convolution/choose.ts";
import { noEpilogue } from "../../kernels/wasm/convolution/epilogue.ts";
import type { ConvParams } from "../../kernels/wasm/convolution/params.ts";
import { WINOGRAD_ERROR } from "../../kernels/wasm/convolution/tiles.ts";
import { createModel, modelNames, usualInput } from "../../models/index.ts";
import { lower } from "../../src/nn/lower.ts";
import { optimise } from "../../src/session/optimise/optimise.ts";
import { instantiate } from "./task.ts";

const MOST = 16;
/** Outputs that are compared. */
const SAMPLES = 4096;

interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly height: number;
  readonly width: number;
  readonly models: Set<string>;
}

function paramsOf({ inputs, outputs, height, width }: Omit<Layer, "models">): ConvParams {
  const size = { height, width, halo: 1 };
  return {
    input: { ...size, channels: inputs }, output: { ...size, channels: outputs, halo: 0 }, kernel: [3, 3], stride: [1, 1], padding: [1, 1],
    dilation: [1, 1], groups: 1, fma: false, winograd: true, epilogue: noEpilogue,
  };
}

/** Of all networks, by what tells them apart. */
function layersOf(models: readonly string[]): Layer[] {
  const found = new Map<string, Layer>();
  for (const name of models) {
    const model = createModel(name, {}, null);
    for (const { operation, inputs: [x], output } of optimise(lower(model, usualInput(model))).nodes) {
      if (operation.kind !== "conv2d" || operation.groups > 1 || [...operation.stride, ...operation.dilation].some((n) => n > 1)) continue;
      if (operation.kernel.some((size) => size !== 3)) continue;
      const [height, width] = [output.shape[2], output.shape[3]].map((size) => (size > MOST ? MOST : size));
      const layer = { inputs: x.shape[1], outputs: output.shape[1], height, width };
      const key = Object.values(layer).join();
      const known = found.get(key) ?? { ...layer, models: new Set<string>() };
      known.models.add(name);
      found.set(key, known);
    }
  }
  return [...found.values()].filter((layer) => convolution(paramsOf(layer)).scratch > 0)
    .sort((a, b) => a.inputs - b.inputs || a.outputs - b.outputs || a.height - b.height);
}

interface Errors {
  readonly mean: number;
  readonly most: number;
}

/** Of both ways: Winograd's, and direct. */
function errorsOf(layer: Layer): readonly [Errors, Errors] {
  const { inputs, outputs, height, width } = layer;
  const random = new Random(9 * inputs + outputs);
  const x = Float32Array.from({ length: (height + 2) * (width + 2) * inputs }, (_, i) => {
    const pixel = Math.floor(i / inputs);
    const [row, column] = [Math.floor(pixel / (width + 2)), pixel % (width + 2)];
    const inside = row > 0 && row <= height && column > 0 && column <= width;
    return inside ? Math.max(0, random.normal()) : 0;
  });
  const scale = Math.sqrt(2 / (9 * inputs));
  const weight = Float32Array.from({ length: outputs * inputs * 9 }, () => scale * random.normal());
  const params = paramsOf(layer);
  const answers = [true, false].map((winograd) => {
    const { kernel, packedSize, pack, scratch } = convolution({ ...params, winograd });
    const packed = new Float32Array(packedSize);
    pack(weight, null, packed);
    const [w, y] = [4 * x.length + 64, 4 * (x.length + packedSize) + 128].map((at) => 64 * Math.ceil(at / 64));
    const work = y + 64 * Math.ceil(height * width * outputs / 16) + 64;
    const pages = Math.ceil((work + 4 * scratch) / 65536) + 1;
    const m = new ModuleBuilder("errors");
    m.importMemory("host", "memory", { minimum: pages });
    kernel.emit(m);
    m.func("peek", { params: { at: "i32" }, results: ["f32"], export: true }, (f, { at }) => {
      f.local.get(at);
      f.f32.load();
    });
    m.func("poke", { params: { at: "i32", value: "f32" }, export: true }, (f, { at, value }) => {
      f.local.get(at);
      f.local.get(value);
      f.f32.store();
    });
    const exports = instantiate(m.toBytes(), pages) as Readonly<Record<string, (...numbers: number[]) => number>>;
    x.forEach((value, i) => exports.poke(4 * i, value));
    packed.forEach((value, i) => exports.poke(w + 4 * i, value));
    exports[kernel.name](4 * inputs * (width + 3), w, y, 0, 0, 0, height, 0, kernel.panels, work);
    return (i: number): number => exports.peek(y + 4 * i);
  });
  let [squares, largest] = [0, 0];
  const errors = answers.map(() => ({ squares: 0, most: 0 }));
  const count = Math.min(SAMPLES, height * width * outputs);
  for (let sample = 0; sample < count; sample++) {
    const i = count < SAMPLES ? sample : random.below(height * width * outputs);
    const [pixel, channel] = [Math.floor(i / outputs), i % outputs];
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    let sum = 0;
    for (let kh = 0; kh < 3; kh++) {
      for (let kw = 0; kw < 3; kw++) {
        const from = ((row + kh) * (width + 2) + column + kw) * inputs;
        const tap = channel * inputs * 9 + 3 * kh + kw;
        for (let c = 0; c < inputs; c++) sum += x[from + c] * weight[tap + 9 * c];
      }
    }
    squares += sum * sum;
    largest = Math.max(largest, Math.abs(sum));
    answers.forEach((answer, way) => {
      const off = Math.abs(answer(i) - sum);
      errors[way].squares += off * off;
      errors[way].most = Math.max(errors[way].most, off);
    });
  }
  const [first, second] = errors.map((each): Errors => ({ mean: Math.sqrt(each.squares / squares), most: each.most / largest }));
  return [first, second];
}

const models = process.argv.slice(2);
const layers = layersOf(models.length > 0 ? models : modelNames);
const millionths = (value: number): string => (1e6 * value).toFixed(3).padStart(7);
console.log("channels   pixels  Winograd: rms, most    direct: rms, most    ratio: rms, most   networks");
const worst = { mean: 0, most: 0 };
for (const layer of layers) {
  const [winograd, direct] = errorsOf(layer);
  const [mean, most] = [winograd.mean / direct.mean, winograd.most / direct.most];
  worst.mean = Math.max(worst.mean, mean);
  worst.most = Math.max(worst.most, most);
  const [first] = layer.models;
  console.log([
    `${layer.inputs}x${layer.outputs}`.padEnd(10), `${layer.height}x${layer.width}`.padEnd(7),
    millionths(winograd.mean), millionths(winograd.most), "   ", millionths(direct.mean), millionths(direct.most), "   ",
    mean.toFixed(2).padStart(5), most.toFixed(2).padStart(5), "   ",
    `${first}${layer.models.size > 1 ? `, ${layer.models.size - 1} more` : ""}`,
  ].join(" "));
}
const { mean, most } = worst;
console.log(`${layers.length} layers; at most ${mean.toFixed(2)} (rms) and ${most.toFixed(2)} (largest) times direct summation's`);
if (mean > WINOGRAD_ERROR) process.exitCode = 1;

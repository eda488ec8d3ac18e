/**
 * Convolutions of bytes over the peak of the dot loop, layer by layer of ResNet-50: `npx tsx bench/kernels/bytes.ts [--dots relaxed|wide]`.
 * The peak is a loop of dots on registers alone (of 16 bits ones without what makes 16 bits of bytes). Best of short runs in turns, so that
 * other work on the machine matters little.
 */
import process from "node:process";
import { ModuleBuilder } from "../../kernels/wasm/assembler/module-builder.ts";
import { ALL } from "../../kernels/wasm/assembler/opcodes-all.ts";
import { paddedChannels } from "../../kernels/wasm/quantised/bytes.ts";
import { byteConvKernel } from "../../kernels/wasm/quantised/conv.ts";
import type { Dots } from "../../kernels/wasm/quantised/conv.ts";
import { numbersBytes, packedBytes } from "../../kernels/wasm/quantised/panels.ts";
import { imageBytes, interiorBytes } from "../../kernels/wasm/shared/layout.ts";
import type { Layout } from "../../kernels/wasm/shared/layout.ts";

const dots = (process.argv[process.argv.indexOf("--dots") + 1] === "wide" ? "wide" : "relaxed") satisfies Dots;
/** [kernel, stride, inputs, outputs, size of the input] */
const layers: readonly (readonly [number, number, number, number, number])[] = [
  [7, 2, 3, 64, 224], [1, 1, 64, 64, 56], [3, 1, 64, 64, 56], [1, 1, 64, 256, 56], [1, 1, 256, 64, 56], [3, 2, 128, 128, 56],
  [1, 1, 512, 128, 28], [3, 1, 128, 128, 28], [1, 1, 128, 512, 28], [3, 1, 256, 256, 14], [1, 1, 256, 1024, 14], [1, 1, 1024, 256, 14],
  [3, 1, 512, 512, 7], [1, 1, 512, 2048, 7], [1, 1, 2048, 512, 7],
];

const [LOOPS, ACCUMULATORS] = [100_000, 12];
const m = new ModuleBuilder("bytes", ALL);
m.memory({ minimum: 400 });
m.func("peak", { params: { count: "i32" }, results: ["i32"], export: true }, (f, { count }) => {
  const sums = f.local.array("v128", "sum", ACCUMULATORS);
  const [w, x] = [f.local.v128("w"), f.local.v128("x")];
  f.countDown(count, () => {
    for (const sum of sums) {
      if (dots === "wide") f.local.get(sum);
      f.local.get(w);
      f.local.get(x);
      if (dots === "wide") {
        f.i32x4.dot_i16x8_s();
        f.i32x4.add();
      } else {
        f.local.get(sum);
        f.i32x4.relaxed_dot_i8x16_i7x16_add_s();
      }
      f.local.set(sum);
    }
  });
  sums.forEach((sum, i) => {
    f.local.get(sum);
    if (i > 0) f.v128.xor();
  });
  f.i32x4.extract_lane(0);
});

const tasks = layers.map(([kernel, stride, inputs, outputs, size]) => {
  const padding = (kernel - 1) / 2;
  const out = Math.floor((size + 2 * padding - kernel) / stride) + 1;
  const input: Layout = {
    channels: inputs, height: size, width: size, halo: padding, format: "u7", border: 0, pixel: inputs <= 4 ? 4 : paddedChannels(inputs),
  };
  const output: Layout = { channels: outputs, height: out, width: out, halo: 0, format: "u7", border: 0, pixel: paddedChannels(outputs) };
  const made = byteConvKernel({
    input, output, residual: undefined, kernel: [kernel, kernel], stride: [stride, stride], padding: [padding, padding], dilation: [1, 1],
    groups: 1, dots, epilogue: { gate: false, residualMultiplier: 0, hardSwish: undefined, noBias: false, offset: 0, least: 0, most: 127 },
  })!;
  made.emit(m as unknown as ModuleBuilder);
  const x = 4096 + interiorBytes(input);
  const y = 4096 + Math.ceil(imageBytes(input) / 64) * 64;
  const w = y + Math.ceil(imageBytes(output) / 64) * 64;
  const numbers = w + packedBytes({ outputs, inputs, places: kernel * kernel, groups: 1 });
  const scratch = numbers + numbersBytes(outputs, { noBias: false, sameOffset: true, hardSwish: false });
  const title = `${kernel}x${kernel}${stride > 1 ? ` with stride ${stride}` : ""}, ${inputs} to ${outputs} of ${size}x${size}`;
  const work = 2 * out * out * outputs * inputs * kernel * kernel;
  return { title, work, name: made.name, arguments: [y, x, w, numbers, 0, 0, 0, made.rows, 0, made.panels, scratch] };
});

const { exports } = new WebAssembly!.Instance(new WebAssembly!.Module(m.toBytes()));
const call = exports as unknown as Readonly<Record<string, (...given: readonly number[]) => number>>;
const best = new Map<string, number>();
const timed = (title: string, run: () => void): void => {
  const start = performance.now();
  run();
  best.set(title, Math.min(best.get(title) ?? Infinity, performance.now() - start));
};
for (let round = 0; round < 60; round++) {
  timed("peak", () => void call.peak(LOOPS));
  for (const { title, name, arguments: given } of tasks) timed(title, () => void call[name](...given));
}
const peak = (LOOPS * ACCUMULATORS * (dots === "wide" ? 16 : 32)) / best.get("peak")! / 1e6;
console.log(`dot loop, ${dots}: ${peak.toFixed(0)} GOP/s`);
for (const { title, work } of tasks) {
  const speed = work / best.get(title)! / 1e6;
  console.log(`${title.padEnd(44)} ${speed.toFixed(0).padStart(4)} GOP/s, ${(speed / peak).toFixed(2)} of it`);
}

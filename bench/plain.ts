/**
 * Speed of the plain kernels, one thread: `npx tsx bench/plain.ts [rounds]` (Deno and Bun run the same file).
 *
 * Convolutions of SE-ResNet-50 and SE-MobileNet v1 at 224x224, batch 1, and of a small SE-ResNet for 28x28x1 images, batch 32:
 * GFLOP/s (a multiply-add is two) forward, backward by the input and by the weight, median and best. Then the other
 * passes in ns an element, against the reference; then the sum over each network. Times are processor time, so that waiting
 * for a core does not count; samples of all rows are interleaved, for a machine's speed changes from second to second. Where
 * others use the machine too, the best tell more than the medians.
 */
import process from "node:process";
import * as plain from "../kernels/plain/index.ts";
import { Random } from "../kernels/random.ts";
import * as reference from "../kernels/reference/index.ts";
import { conv2dScratch } from "../kernels/scratch.ts";
import { batchNormShape, channelShape, conv2dShape, elementwiseShape, linearShape } from "../kernels/shapes.ts";
import { runtimeName } from "../src/cli/commands/bench.ts";

declare module "node:process" {
  export interface Process {
    /** Microseconds. */
    cpuUsage(): { readonly user: number; readonly system: number };
  }
}

const rounds = Number(process.argv[2] ?? 9);
const random = new Random(1);

function values(size: number): Float32Array {
  return new Float32Array(size).map(() => random.uniform() - 0.5);
}

// ---- networks -----------------------------------------------------------------------------------------------------

interface Layer {
  readonly channels: number;
  readonly size: number;
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
  readonly groups: number;
}

interface Network {
  readonly name: string;
  readonly batch: number;
  readonly layers: readonly Layer[];
  /** Elements that pass through a residual sum, and through an SE block. */
  readonly added: number;
  readonly scaled: number;
}

function layer(channels: number, size: number, out: number, kernel: number, stride: number = 1, groups: number = 1): Layer {
  return { channels, size, out, kernel, stride, groups };
}

function seResNet50(): Network {
  const layers = [layer(3, 224, 64, 7, 2)];
  let channels = 64;
  let size = 56;
  let added = 0;
  [3, 4, 6, 3].forEach((blocks, stage) => {
    const width = 64 * 2 ** stage;
    for (let block = 0; block < blocks; block++) {
      const stride = block === 0 && stage > 0 ? 2 : 1;
      if (block === 0) layers.push(layer(channels, size, 4 * width, 1, stride));
      layers.push(layer(channels, size, width, 1), layer(width, size, width, 3, stride), layer(width, size / stride, 4 * width, 1));
      channels = 4 * width;
      size /= stride;
      added += channels * size * size;
    }
  });
  return { name: "SE-ResNet-50", batch: 1, layers, added, scaled: added };
}

function seMobileNet(): Network {
  const layers = [layer(3, 224, 32, 3, 2)];
  let channels = 32;
  let size = 112;
  let scaled = 0;
  for (
    const [out, stride] of [
      [64, 1], [128, 2], [128, 1], [256, 2], [256, 1], [512, 2], [512, 1], [512, 1], [512, 1], [512, 1], [512, 1], [1024, 2], [1024, 1],
    ]
  ) {
    layers.push(layer(channels, size, channels, 3, stride, channels), layer(channels, size / stride, out, 1));
    channels = out;
    size /= stride;
    scaled += channels * size * size;
  }
  return { name: "SE-MobileNet v1", batch: 1, layers, added: 0, scaled };
}

/** 16, 32 and 64 channels, one block of two 3x3 convolutions each. */
function small(): Network {
  const layers = [
    layer(1, 28, 16, 3), layer(16, 28, 16, 3), layer(16, 28, 16, 3),
    layer(16, 28, 32, 3, 2), layer(32, 14, 32, 3), layer(16, 28, 32, 1, 2),
    layer(32, 14, 64, 3, 2), layer(64, 7, 64, 3), layer(32, 14, 64, 1, 2),
  ];
  const added = 32 * (16 * 784 + 32 * 196 + 64 * 49);
  return { name: "small SE-ResNet", batch: 32, layers, added, scaled: added };
}

// ---- measuring ----------------------------------------------------------------------------------------------------

interface Row {
  readonly label: string;
  readonly work: number;
  readonly run: () => void;
  readonly samples: number[];
}

function row(label: string, work: number, run: () => void): Row {
  return { label, work, run, samples: [] };
}

/** Processor time of this process in ms. */
function now(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** A sample is about 5 ms or one run. The first round warms up. */
function measure(rows: readonly Row[], estimate: number): void {
  for (let round = 0; round <= rounds; round++) {
    for (const { work, run, samples } of rows) {
      const runs = Math.max(1, Math.round(estimate / work));
      const start = now();
      for (let i = 0; i < runs; i++) run();
      if (round > 0) samples.push((now() - start) / runs);
    }
  }
}

function median({ samples }: Row): number {
  return [...samples].sort((a, b) => a - b)[samples.length >> 1];
}

function best({ samples }: Row): number {
  return Math.min(...samples);
}

function table(lines: readonly (readonly string[])[]): void {
  const widths = lines[0].map((_, c) => Math.max(...lines.map((line) => line[c].length)));
  for (const line of lines) console.log(line.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join("  "));
  console.log("");
}

// ---- the other passes ---------------------------------------------------------------------------------------------

const pixels = 784;
const channels = 256;
const size = channels * pixels;
const x = values(size);
const y = values(size);
const dy = values(size);
const perChannel = (): Float32Array => values(channels).map(Math.abs);
const [gamma, beta, mean, variance, out1, out2] = [perChannel(), perChannel(), perChannel(), perChannel(), perChannel(), perChannel()];
const gate = perChannel();
const normalised = batchNormShape(1, channels, pixels, 1e-5, 0.1);
const perImage = channelShape(1, channels, pixels);
const flat = elementwiseShape(size);
const fully = linearShape(32, 512, 128);
const weight = values(512 * 128);
const none = new Float64Array(0);

type Family = typeof plain;
const passes: readonly (readonly [name: string, work: number, run: (k: Family) => void])[] = [
  ["batchNorm, inference", size, (k) => k.batchNormForwardInference(y, x, gamma, beta, mean, variance, normalised)],
  ["batchNorm, training", size, (k) => k.batchNormForwardTraining(y, out1, out2, mean, variance, x, gamma, beta, normalised)],
  ["batchNorm, backward", size, (k) => k.batchNormBackwardTraining(y, out1, out2, x, dy, gamma, mean, variance, normalised)],
  ["relu", size, (k) => k.reluForward(y, x, flat)],
  ["relu, backward", size, (k) => k.reluBackward(y, x, dy, flat)],
  ["globalAveragePool", size, (k) => k.globalAveragePoolForward(out1, x, perImage)],
  ["channelScale", size, (k) => k.channelScaleForward(y, x, gate, perImage)],
  ["channelScale, backward", size, (k) => k.channelScaleBackward(y, out1, x, gate, dy, perImage)],
  ["add", size, (k) => k.addForward(y, x, dy, flat)],
  ["linear 32x512 to 128, a multiply-add", 32 * 512 * 128, (k) => k.linearForward(y, x, weight, gamma, fully, none)],
  ["linear, backward by input", 32 * 512 * 128, (k) => k.linearBackwardInput(y, dy, weight, fully, none)],
  ["linear, backward by weight", 32 * 512 * 128, (k) => k.linearBackwardWeight(weight, x, dy, fully, none)],
];

console.log(`${runtimeName()}, ${process.platform} ${process.arch}, one thread, ${rounds} rounds\n`);

const passRows = passes.map(
  ([name, work, run]) => [row(name, work, () => run(plain)), row(name, work, () => run(reference as Family))] as const,
);
measure(passRows.flat(), 2e6);
const ns = (time: number, work: number): string => ((time / work) * 1e6).toFixed(2);
table([
  ["ns an element", "median", "best", "reference"],
  ...passRows.map(([fast, slow]) => [fast.label, ns(median(fast), fast.work), ns(best(fast), fast.work), ns(best(slow), slow.work)]),
]);
const passCost = (name: string): number => {
  const found = passRows.find(([fast]) => fast.label === name)?.[0];
  if (found === undefined) throw new Error(`no pass ${name}`);
  return median(found) / found.work;
};

// ---- convolutions -------------------------------------------------------------------------------------------------

for (const network of [seResNet50(), seMobileNet(), small()]) {
  const counts = new Map<string, number>();
  for (const l of network.layers) counts.set(JSON.stringify(l), (counts.get(JSON.stringify(l)) ?? 0) + 1);
  let elements = 0;
  const kinds = [...counts].map(([text, count]) => {
    const l = JSON.parse(text) as Layer;
    const s = conv2dShape(
      network.batch, l.channels, l.size, l.size, l.out, { kernel: l.kernel, stride: l.stride, padding: l.kernel >> 1, groups: l.groups },
    );
    const image = values(s.batch * s.inChannels * s.inHeight * s.inWidth);
    const kernel = values((l.out * l.channels * l.kernel * l.kernel) / l.groups);
    const result = values(s.batch * s.outChannels * s.outHeight * s.outWidth);
    const scratch = new Float64Array(conv2dScratch(s));
    const flop = (2 * result.length * kernel.length) / l.out;
    elements += count * result.length;
    return {
      label: `${l.channels}x${l.size}x${l.size} to ${l.out}, ${l.kernel}x${l.kernel}`
        + `${l.stride > 1 ? `, stride ${l.stride}` : ""}${l.groups > 1 ? ", depthwise" : ""}`,
      count,
      flop,
      rows: [
        row("forward", flop, () => plain.conv2dForward(result, image, kernel, null, s, scratch)),
        row("by input", flop, () => plain.conv2dBackwardInput(image, result, kernel, s, scratch)),
        row("by weight", flop, () => plain.conv2dBackwardWeight(kernel, image, result, s, scratch)),
      ],
    };
  });
  measure(kinds.flatMap((kind) => kind.rows), 2e7);

  const rate = (flop: number, time: number): string => (flop / time / 1e6).toFixed(2);
  const cells = kinds.map(({ label, count, flop, rows }) =>
    [label, `${count}`, ...rows.flatMap((r) => [rate(flop, median(r)), rate(flop, best(r))])]);
  const flop = kinds.reduce((sum, kind) => sum + kind.count * kind.flop, 0);
  const total = (which: number, time: (r: Row) => number): number => kinds.reduce(
    (sum, kind) => sum + kind.count * time(kind.rows[which]), 0,
  );
  console.log(`${network.name}, batch ${network.batch}: convolutions ${(flop / 1e9).toFixed(2)} GFLOP`);
  table([
    ["layer, GFLOP/s", "count", "forward", "best", "by input", "best", "by weight", "best"],
    ...cells,
    ["all", "", ...[0, 1, 2].flatMap((which) => [rate(flop, total(which, median)), rate(flop, total(which, best))])],
  ]);
  const after = elements * (passCost("batchNorm, inference") + passCost("relu")) + network.added * passCost("add")
    + network.scaled * (passCost("globalAveragePool") + passCost("channelScale"));
  console.log(
    `inference: convolutions ${total(0, median).toFixed(0)} ms (best ${total(0, best).toFixed(0)}), other passes ${after.toFixed(0)} ms`,
  );
  const backward = total(1, median) + total(2, median);
  const training = elements * (
    passCost("batchNorm, training") + passCost("batchNorm, backward") + passCost("relu") + passCost("relu, backward")
  )
    + network.added * 2 * passCost("add") + network.scaled * (
      passCost("globalAveragePool") + passCost("channelScale") + passCost("channelScale, backward")
    );
  console.log(`training step: convolutions ${(total(0, median) + backward).toFixed(0)} ms, other passes ${training.toFixed(0)} ms\n`);
}

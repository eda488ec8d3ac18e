/**
 * Which network for which place: what each costs, as a table for docs/families.md. Times are ratios to MobileNetV3-small (100) at
 * 224x224 on the same kernels, all in turns, best of the rounds. SE's shares are of parameters, of multiply-accumulates (excitation and
 * scale, of all), and of time (beside the twin without SE). Weights are float32; the arena is that of a fast session on WebAssembly.
 *
 *     npx tsx bench/families/places.ts [--runs N] [--plain N] [--only TEXT]
 */
import process from "node:process";
import { createModel } from "../../models/index.ts";
import { runtimeName } from "../../src/cli/commands/bench.ts";
import { summarise } from "../../src/nn/summary.ts";
import { compileSync } from "../../src/session/session.ts";
import type { Session } from "../../src/session/session.ts";
import { Tensor, sizeOf } from "../../src/tensor.ts";

interface Place {
  readonly name: string;
  readonly size: number;
  /** Top-1 accuracy on ImageNet in % at that size, as timm 1.0.29's results or torchvision's weights say. */
  readonly published: number;
}

const place = (name: string, size: number, published: number): Place => ({ name, size, published });

/** From the cheapest on. */
const places: readonly Place[] = [
  place("tinynet_e", 106, 59.874), place("mobilenetv3_small_050", 224, 57.918), place("mobilenetv3_small_075", 224, 65.284),
  place("lcnet_050", 224, 63.138), place("mobilenet_v3_small", 224, 67.668), place("test_efficientnet", 160, 46.506),
  place("ghostnet_100", 224, 73.958), place("lcnet_100", 224, 72.13), place("regnety_002", 224, 70.288),
  place("mobilenet_v3_large", 224, 74.042), place("hardcorenas_a", 224, 75.926), place("mixnet_s", 224, 76),
  place("semnasnet_100", 224, 75.452), place("ghostnetv2_100", 224, 75.186), place("tinynet_a", 192, 77.666),
  place("efficientnet_b0", 224, 77.698), place("tf_efficientnet_b0", 224, 78.68), place("rexnet_100", 224, 77.862),
  place("fbnetv3_b", 256, 79.154), place("tf_efficientnetv2_b0", 224, 78.386), place("repvit_m0_9", 224, 79.058),
  place("regnet_y_800mf", 224, 78.828), place("ese_vovnet19b_dw", 288, 77.788), place("regnet_y_1_6gf", 224, 80.876),
  place("efficientnet_b2", 288, 80.612), place("resnetrs50", 224, 79.934), place("seresnext26d_32x4d", 288, 78.816),
  place("ecaresnet50d", 288, 81.648), place("efficientnet_v2_s", 384, 84.228),
];

function option(name: string, fallback: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : (process.argv[at + 1] ?? fallback);
}

const runs = Number(option("runs", "30"));
const plainRuns = Number(option("plain", "3"));
const only = option("only", "");

type Kernels = "wasm" | "plain";

interface Opened {
  readonly session: Session;
  readonly x: Tensor<Float32Array>;
}

function open(name: string, size: number, options: Readonly<Record<string, unknown>>, kernels: Kernels): Opened {
  const model = createModel(name, options, null);
  for (const { value } of model.parameters()) for (let i = 0; i < value.size; i++) value.data[i] = (((i * 7919) % 1000) - 500) / 20000;
  const input = [1, 3, size, size];
  const x = new Tensor(Float32Array.from({ length: sizeOf(input) }, (_, i) => ((i * 7919) % 1000) / 500 - 1), input);
  return { session: compileSync(model, { input, kernels, numerics: "fast" }), x };
}

/** Time over MobileNetV3-small's, and with SE over without; and the arena of the network. */
function measure({ name, size }: Place, kernels: Kernels, rounds: number): { ratio: number; se: number; arena: number } {
  const all = [
    open("mobilenetv3_small_100", 224, {}, kernels), open(name, size, {}, kernels), open(name, size, { se: false }, kernels),
  ];
  const taken = all.map((): number[] => []);
  for (let round = -2; round < rounds; round++) {
    all.forEach(({ session, x }, i) => {
      const start = performance.now();
      session.run(x);
      if (round >= 0) taken[i].push(performance.now() - start);
    });
  }
  const arena = all[1].session.arenaBytes;
  for (const { session } of all) session.close();
  const [small, withSe, without] = taken.map((each) => Math.min(...each));
  return { ratio: withSe / small, se: withSe / without, arena };
}

const millions = (count: number): string => (count / 1e6).toFixed(count < 1e7 ? 2 : 0);
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

console.log(`${runtimeName()}, one thread, batch 1, numerics fast; ${runs} rounds on wasm, ${plainRuns} on plain kernels\n`);
console.log("| network | image | top-1 | parameters | SE's | MACs, M | SE's | weights, MB | arena, MB | time, wasm | SE's | time, plain |");
console.log("|---|---|---|---|---|---|---|---|---|---|---|---|");
for (const each of places) {
  if (!each.name.includes(only)) continue;
  const { parameters, seParameters, macs, seMacs, scaleMacs } = summarise(createModel(each.name, {}, null), [1, 3, each.size, each.size]);
  const wasm = measure(each, "wasm", runs);
  const plain = plainRuns > 0 ? measure(each, "plain", plainRuns).ratio.toFixed(1) : "";
  console.log(`| ${[
    each.name, each.size, each.published.toFixed(1), parameters.toLocaleString("en"), percent(seParameters / parameters), millions(macs),
    percent((seMacs + scaleMacs) / (macs + seMacs + scaleMacs)), millions(4 * parameters), millions(wasm.arena), wasm.ratio.toFixed(2),
    percent(1 - 1 / wasm.se), plain,
  ].join(" | ")} |`);
}

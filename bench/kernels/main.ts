/**
 * Speed of each WebAssembly kernel on the layers of some networks: of convolutions in GFLOP/s (a multiplication and an addition are two;
 * Winograd's and Strassen's counted as if they were direct) and as a share of what the core does at most, of the others in GB/s read and
 * written.
 *
 *     npx tsx bench/kernels/main.ts [model ... | moving] [--numerics exact|fast|turbo] [--rounds N] [--only TEXT]
 *         [--tile 2x16|6x8] [--pace free|paced]
 *
 * All have Winograd's method; fast, the default, Strassen's too, and fused multiply-adds where the host fuses them; turbo besides sets V8's
 * flags for relaxed SIMD and 256-bit vectors. Tiles and pace are those that sessions measure to be faster, unless they are said. Best and
 * median of the rounds; the share's median is over the peak just before each.
 */
import process from "node:process";
import v8 from "node:v8";
import { probe } from "../../kernels/wasm/probe/probe.ts";
import { fastest } from "../../kernels/wasm/probe/contest.ts";
import type { Contest } from "../../kernels/wasm/probe/contest.ts";
import { paces } from "../../kernels/wasm/probe/pace.ts";
import { tiles } from "../../kernels/wasm/probe/tiles.ts";
import { pairsVectors } from "../../kernels/wasm/probe/vectors.ts";
import { tallRow } from "../../kernels/wasm/convolution/tall.ts";
import { shortActivations } from "../../kernels/wasm/shared/short-sigmoid.ts";
import { pace } from "../../kernels/wasm/shared/pace.ts";
import type { Pace } from "../../kernels/wasm/shared/pace.ts";
import { hasModel } from "../../models/index.ts";
import { peakMeter } from "../peak.ts";
import { layerTasks } from "./layers.ts";
import type { Arithmetic } from "./layers.ts";
import { movingTasks } from "./moving.ts";
import { measure, summary } from "./task.ts";

const MODELS = ["seresnet50", "se_mobilenet_v1", "mobilenet_v3_large"];

/** What is asked for, or the winner of a measurement here. */
function chosen<Name extends string>(contest: Contest<Name>, asked: string): Name {
  return contest.names.find((name) => name === asked) ?? fastest(contest, () => performance.now());
}

function arithmeticOf(numerics: string, asked: { readonly tile: string; readonly pace: string }): Arithmetic {
  const held = (fma: boolean): Pace | undefined => (!fma && chosen(paces, asked.pace) === "paced" ? pace : undefined);
  if (numerics === "exact") return { fma: false, pace: held(false), exact: true };
  if (numerics === "turbo") for (const flag of ["relaxed-simd", "revectorize"]) v8.setFlagsFromString(`--experimental-wasm-${flag}`);
  const fma = probe().fusedMultiplyAdd;
  const wide = numerics === "turbo" && fma && pairsVectors(() => performance.now());
  const tall = fma && !wide && chosen(tiles, asked.tile) === "6x8" ? tallRow : undefined;
  return { fma, pace: held(fma), wide, activations: shortActivations(fma), tall };
}

function layers(model: string, arithmetic: Arithmetic, rounds: number, only: string): void {
  const meter = peakMeter(arithmetic.fma);
  const factor = arithmetic.wide === true ? 2 : 1;
  const peaks: number[] = [];
  const measured = measure(layerTasks(model, arithmetic, only), rounds, () => peaks.push(factor * meter()));
  if (measured.length === 0) return console.log(`\n${model}: no kernel's name has ${only}`);
  const most = Math.max(...peaks);
  console.log(
    `\n${model}: peak ${most.toFixed(1)} GFLOP/s${factor === 2 ? ", twice that with 128 bits" : ""}\n  best median  share median     MFLOP`,
  );
  let [total, time, medianTime] = [0, 0, 0];
  measured.forEach(({ task, rates }, i) => {
    const speeds = rates.map((rate) => (rate * task.flops) / 1e6);
    const { best, median } = summary(speeds);
    const share = summary(speeds.map((speed, round) => speed / peaks[round * measured.length + i]));
    total += task.times * task.flops;
    time += (task.times * task.flops) / best / 1e6;
    medianTime += (task.times * task.flops) / median / 1e6;
    console.log([
      best.toFixed(1).padStart(6), median.toFixed(1).padStart(6), `${((100 * best) / most).toFixed(0).padStart(4)} %`,
      `${(100 * share.median).toFixed(0).padStart(4)} %`,
      `${(task.flops / 1e6).toFixed(1).padStart(8)} x${task.times}  ${task.label.padEnd(34)} ${task.name}`,
    ].join(" "));
  });
  console.log(
    `${(total / time / 1e6).toFixed(1).padStart(6)} ${(total / medianTime / 1e6).toFixed(1).padStart(6)} ` +
    `${((100 * total) / time / 1e6 / most).toFixed(0).padStart(4)} % ${"".padStart(6)} ${(total / 1e6).toFixed(1).padStart(8)}     all: ` +
    `${time.toFixed(2)} ms, median ${medianTime.toFixed(2)} ms`,
  );
}

function moving(rounds: number, only: string): void {
  console.log(`\nkernels that are no convolution\n  best median GB/s        us       MB`);
  for (const { task, rates } of measure(movingTasks(only), rounds, () => undefined)) {
    const { best, median } = summary(rates);
    const speed = (rate: number): string => ((rate * task.bytes) / 1e6).toFixed(1).padStart(6);
    console.log(
      `${speed(best)} ${speed(median)}      ${(1000 / best).toFixed(2).padStart(8)} ${(task.bytes / 1e6).toFixed(2).padStart(8)}  ` +
      `${task.label.padEnd(18)} ${task.name}`,
    );
  }
}

const args = process.argv.slice(2);
const option = (name: string, otherwise: string): string => {
  const at = args.indexOf(name);
  return at < 0 ? otherwise : args.splice(at, 2)[1] ?? otherwise;
};
const numerics = option("--numerics", "fast");
const asked = { tile: option("--tile", ""), pace: option("--pace", "") };
const rounds = Number(option("--rounds", "8"));
const only = option("--only", "");
const names = args.length > 0 ? args : [...MODELS, "moving"];
const unknown = names.find((name) => name !== "moving" && !hasModel(name));
if (unknown !== undefined || !["exact", "fast", "turbo"].includes(numerics) || !(rounds >= 1)) {
  console.log(
    "bench/kernels: wants names of models (senet summary --help) or moving, --numerics exact, fast or turbo, and --rounds of at least 1, " +
    `got ${process.argv.slice(2).join(" ")}`,
  );
  process.exitCode = 2;
} else {
  const arithmetic = arithmeticOf(numerics, asked);
  const versions = Object.entries(process.versions).filter(([key]) => /^(node|v8|bun|deno)$/.test(key)).map((pair) => pair.join(" "));
  const features = [
    ["fused multiply-add", arithmetic.fma], ["256 bits", arithmetic.wide], ["tall tiles", arithmetic.tall !== undefined],
    ["Strassen", arithmetic.exact !== true], ["paced", arithmetic.pace !== undefined],
  ].filter(([, has]) => has === true).map(([name]) => name);
  console.log([process.arch, ...versions, numerics, ...features].join(", "));
  for (const each of names) {
    if (each === "moving") moving(rounds, only);
    else layers(each, arithmetic, rounds, only);
  }
}

/**
 * Float32 sessions whose weights are held small beside ordinary ones, in turns: `npx tsx bench/small.ts [NAME,...] [--rounds N]
 * [--threads N] [--numerics fast]`. Prints times, bytes of weights, and how far the answers are off.
 */
import process from "node:process";
import { createModel, usualInput } from "../models/index.ts";
import { Random } from "../kernels/random.ts";
import type { Numerics } from "../src/session/backends/numerics.ts";
import { compile } from "../src/session/session.ts";
import { Tensor } from "../src/tensor.ts";

function option(name: string, usual: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? usual : process.argv[at + 1];
}

const given = process.argv[2];
const names = given === undefined || given.startsWith("--") ? ["seresnet50", "mobilenet_v3_large"] : given.split(",");
const [rounds, threads] = [Number(option("rounds", "12")), Number(option("threads", "1"))];
const numerics = option("numerics", "fast") as Numerics;
const random = new Random(1);

for (const name of names) {
  const model = createModel(name, {}, 1).evaluate();
  const input = usualInput(model);
  const x = Tensor.zeros(input);
  for (let i = 0; i < x.size; i++) x.data[i] = random.normal();
  const sessions = {
    ordinary: await compile(model, { input, threads, numerics }),
    f16: await compile(model, { input, threads, numerics, weights: "f16" }),
    int8: await compile(model, { input, threads, numerics, weights: "int8" }),
  };
  const answers = Object.values(sessions).map((session) => session.run(x).data);
  const times = Object.keys(sessions).map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    Object.values(sessions).forEach((session, i) => {
      const start = performance.now();
      session.run(x);
      if (round > 1) times[i].push(performance.now() - start);
    });
  }
  const largest = answers[0].reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  console.log(`${name}, ${numerics}, ${sessions.ordinary.kernels}`);
  Object.entries(sessions).forEach(([kind, session], i) => {
    const sorted = times[i].sort((a, b) => a - b);
    const off = answers[i].reduce((most, value, k) => Math.max(most, Math.abs(value - answers[0][k])), 0) / largest;
    const [best, median] = [sorted[0], sorted[Math.floor(sorted.length / 2)]];
    console.log(`  ${kind.padEnd(9)} best ${best.toFixed(2)} ms (${(best / times[0][0]).toFixed(3)}), median ${median.toFixed(2)}, ` +
      `off by ${off.toExponential(1)} of the largest; ${session.kernels}`);
    session.close();
  });
}

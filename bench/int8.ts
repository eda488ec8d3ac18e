/**
 * Quantised networks beside float32 sessions of the same network, in turns: `npx tsx bench/int8.ts [NAME,...] [--rounds N] [--threads N]
 * [--size N]`. Weights are random and the ranges of one image: times do not depend on either.
 */
import process from "node:process";
import { createModel } from "../models/index.ts";
import { Random } from "../kernels/random.ts";
import { quantise } from "../src/quantise/quantise.ts";
import { compile } from "../src/session/session.ts";
import { Tensor } from "../src/tensor.ts";

function option(name: string, usual: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? usual : Number(process.argv[at + 1]);
}

const given = process.argv[2];
const names = given === undefined || given.startsWith("--") ? ["seresnet50", "mobilenet_v3_large", "se_mobilenet_v1"] : given.split(",");
const [rounds, threads, size] = [option("rounds", 15), option("threads", 1), option("size", 224)];
const random = new Random(1);

for (const name of names) {
  const model = createModel(name, {}, 1).evaluate();
  const input = [1, 3, size, size];
  const x = Tensor.zeros(input);
  for (let i = 0; i < x.size; i++) x.data[i] = random.normal();
  const { network } = quantise(model, x, { reported: 0 });
  const sessions = {
    int8: await compile(network, { input, threads }), fast: await compile(model, { input, threads, numerics: "fast" }),
    exact: await compile(model, { input, threads, numerics: "exact" }),
  };
  const times = Object.keys(sessions).map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    Object.values(sessions).forEach((session, i) => {
      const start = performance.now();
      session.run(x);
      if (round > 1) times[i].push(performance.now() - start);
    });
  }
  const best = times.map((each) => Math.min(...each));
  const median = times.map((each) => each.sort((a, b) => a - b)[Math.floor(each.length / 2)]);
  console.log(`${name}, ${size}x${size}, ${sessions.int8.kernels}`);
  Object.keys(sessions).forEach((kind, i) => {
    console.log(`  ${kind.padEnd(6)} median ${median[i].toFixed(2)} ms, best ${best[i].toFixed(2)} ms`);
  });
  console.log(`  int8 over fast: median ${(median[0] / median[1]).toFixed(2)}, best ${(best[0] / best[1]).toFixed(2)}; over exact: ` +
    `median ${(median[0] / median[2]).toFixed(2)}, best ${(best[0] / best[2]).toFixed(2)}`);
  for (const session of Object.values(sessions)) session.close();
}

/**
 * Every family with and without SE, as a table for docs/families.md: parameters, multiply-accumulates, SE's share, and the time of a
 * session on this machine, both networks of a pair in turns.
 *
 *     npx tsx bench/families/main.ts [--runs N] [--only TEXT] [--threads N]
 */
import process from "node:process";
import { Random } from "../../kernels/random.ts";
import { createModel } from "../../models/index.ts";
import { runtimeName } from "../../src/cli/commands/bench.ts";
import { compile } from "../../src/session/session.ts";
import type { Session } from "../../src/session/session.ts";
import { Tensor, sizeOf } from "../../src/tensor.ts";
import type { Shape } from "../../src/tensor.ts";
import { costs, inputOf, pairs } from "./rows.ts";
import type { Pair } from "./rows.ts";

function option(name: string, fallback: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : (process.argv[at + 1] ?? fallback);
}

const runs = Number(option("runs", "7"));
const threads = Number(option("threads", "1"));
const only = option("only", "");

/** Weights of no meaning, the same for each network; zeros would be no fair work for every processor. */
async function session(name: string, options: Readonly<Record<string, unknown>>, input: Shape): Promise<Session> {
  const model = createModel(name, options, null);
  for (const { value } of model.parameters()) for (let i = 0; i < value.size; i++) value.data[i] = (((i * 7919) % 1000) - 500) / 20000;
  return compile(model, { input, threads });
}

/** Best and median milliseconds of both, in turns, each round with a new image. */
async function times(pair: Pair): Promise<{ best: [number, number]; ratio: number }> {
  const input = inputOf(pair);
  const sessions = [await session(pair.without, pair.options ?? {}, input), await session(pair.withSe, {}, input)];
  const random = new Random(1);
  const taken: number[][] = [[], []];
  for (let round = -1; round < runs; round++) {
    const x = new Tensor(Float32Array.from({ length: sizeOf(input) }, () => random.normal()), input);
    sessions.forEach((each, i) => {
      const start = performance.now();
      each.run(x);
      if (round >= 0) taken[i].push(performance.now() - start);
    });
  }
  for (const each of sessions) each.close();
  const ratios = taken[1].map((ms, i) => ms / taken[0][i]).sort((a, b) => a - b);
  return { best: [Math.min(...taken[0]), Math.min(...taken[1])], ratio: ratios[ratios.length >> 1] };
}

const millions = (count: number): string => (count / 1e6).toFixed(count < 1e7 ? 2 : 0);

const crew = `${threads} thread${threads === 1 ? "" : "s"}`;
console.log(`${runtimeName()}, ${crew}, numerics fast, batch 1, 224x224 where nothing else is published\n`);
console.log(
  "| network | parameters | with SE | SE's share | MACs, M | SE's, M | best ms | with SE | SE costs (median of pairs) | paper: top-1 " +
  "error | with SE |",
);
console.log("|---|---|---|---|---|---|---|---|---|---|---|");
for (const pair of pairs) {
  if (!pair.without.includes(only) && !pair.withSe.includes(only)) continue;
  const [plain, se] = costs(pair);
  const { best, ratio } = await times(pair);
  const [paper, paperSe] = pair.paper ?? ["", ""];
  console.log(`| ${[
    pair.without === pair.withSe ? `${pair.without} \`${JSON.stringify(pair.options)}\`` : pair.without,
    plain.parameters.toLocaleString("en"), se.parameters.toLocaleString("en"),
    `${((100 * se.seParameters) / se.parameters).toFixed(1)} %`, millions(plain.macs), millions(se.seMacs + se.scaleMacs),
    best[0].toFixed(1), best[1].toFixed(1), `${ratio.toFixed(3)}`, paper, paperSe,
  ].join(" | ")} |`);
}

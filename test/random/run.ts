/**
 * Random networks for as long as one likes: `npx tsx test/random/run.ts [--minutes 60] [--seed 1] [--count N]`. Each network that is
 * computed wrongly is made as small as it stays wrong, and printed; then the exit code is 1. `--only SEED` does one of them, `--recipe
 * JSON` a printed one.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { Random } from "../../kernels/random.ts";
import { faultsOf } from "./compare.ts";
import { drawNetwork } from "./networks.ts";
import type { NetworkSpec } from "./networks.ts";
import { smaller } from "./shrink.ts";

const options = {
  minutes: { type: "string" }, seed: { type: "string" }, count: { type: "string" }, only: { type: "string" }, recipe: { type: "string" },
} as const;
const { minutes = "60", seed: begin = "1", count: most, only, recipe } = parseArgs({
  args: process.argv.slice(2), options, allowPositionals: false, strict: true,
}).values as Readonly<Record<string, string | undefined>>;

async function report(spec: NetworkSpec, seed: number): Promise<boolean> {
  const { faults } = await faultsOf(spec, seed);
  if (faults.length === 0) return true;
  console.log(`\nnetwork ${seed}:\n  ${faults.join("\n  ")}`);
  const least = await smaller(spec, async (each) => (await faultsOf(each, seed)).faults.length > 0);
  console.log(`  as small as it stays wrong: ${JSON.stringify(least)}\n  ${(await faultsOf(least, seed)).faults.join("\n  ")}`);
  return false;
}

async function main(): Promise<void> {
  if (recipe !== undefined) {
    process.exitCode = (await report(JSON.parse(recipe) as NetworkSpec, Number(begin))) ? 0 : 1;
    return;
  }
  const first = Number(only ?? begin);
  const count = only !== undefined ? 1 : Number(most ?? Infinity);
  const end = performance.now() + 60000 * Number(minutes);
  let [done, wrong] = [0, 0];
  const untrained = new Map<string, number>();
  for (let seed = first; done < count && (count < Infinity || performance.now() < end); seed++, done++) {
    const spec = drawNetwork(new Random(seed));
    try {
      const outcome = await faultsOf(spec, seed);
      if (outcome.untrained !== undefined) {
        const why = outcome.untrained.replace(/step\d+\S*|\d+/g, "#");
        untrained.set(why, (untrained.get(why) ?? 0) + 1);
      }
      if (outcome.faults.length > 0) {
        wrong++;
        await report(spec, seed);
      }
    } catch (error) {
      wrong++;
      console.log(`\nnetwork ${seed}: ${JSON.stringify(spec)}\n  ${(error as Error).stack}`);
    }
  }
  for (const [why, times] of untrained) console.log(`not trained, ${times} times: ${why}`);
  console.log(`${done} networks from seed ${first}: ${wrong} computed wrongly`);
  process.exitCode = wrong === 0 ? 0 : 1;
}

await main();

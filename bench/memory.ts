/**
 * Does memory grow? A thousand runs of one session, and sessions that are made, used once and dropped without `close`, with one thread and
 * with two.
 *
 *     npx tsx bench/memory.ts [MODEL] [--runs N] [--sessions N] [--size N]
 *
 * And sessions of a small network made at once while workers wait, without a turn of the event loop, in which nothing can be given back:
 * only the last word of their lines, the most that there was, says something.
 *
 * Prints the resident memory of the process after a tenth of the work, when engines have warmed up, and after all of it. Exit code 1 where
 * it grew by more than a quarter between.
 */
import process from "node:process";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createModel } from "../models/index.ts";
import { compile, compileSync } from "../src/session/session.ts";
import { Tensor } from "../src/tensor.ts";
import { machine } from "./peers/machine.ts";

const args = process.argv.slice(2);
const option = (name: string, usual: number): number => {
  const at = args.indexOf(name);
  return at < 0 ? usual : Number(args.splice(at, 2)[1]);
};
const [runs, sessions, size] = [option("--runs", 1000), option("--sessions", 200), option("--size", 224)];
const name = args[0] ?? "seresnet50";

const mebibytes = (): number => process.memoryUsage().rss / 1048576;

/** Does `work` so many times; prints and judges the growth. */
async function growth(what: string, times: number, work: (i: number) => Promise<void> | void, turns = true): Promise<void> {
  const early = Math.ceil(times / 10);
  let [before, most] = [NaN, 0];
  for (let i = 0; i < times; i++) {
    await work(i);
    // Finalizers run between turns of the event loop.
    if (turns) await nextTurn();
    if (i + 1 === early) before = mebibytes();
    most = Math.max(most, mebibytes());
  }
  const after = mebibytes();
  const grew = turns && after > 1.25 * before;
  console.log(
    `${what.padEnd(62)} ${before.toFixed(0).padStart(6)} MiB after ${early}, ${after.toFixed(0).padStart(6)} MiB after ${times}, at most ` +
    `${most.toFixed(0)} MiB${grew ? "  GREW" : ""}`,
  );
  if (grew) process.exitCode = 1;
}

console.log(`${name}, ${size}x${size}, Node ${process.versions.node}, ${machine()}`);
const model = createModel(name, {}, 1);
const input = [1, 3, size, size];
const x = Tensor.zeros(input);
for (const threads of [1, 2]) {
  const session = await compile(model, { input, threads });
  await growth(`runs of one session, ${session.kernels}`, runs, async (i) => {
    x.data.fill(i / runs);
    session.run(x);
  });
  session.close();
  await growth(`sessions made, run once and dropped, ${threads} thread${threads === 1 ? "" : "s"}`, sessions, async () => {
    (await compile(model, { input, threads })).run(x);
  });
}
const small = createModel("mobilenet_v3_small", {}, 1);
const smallInput = [1, 3, 64, 64];
for (const turns of [true, false]) {
  await growth(`mobilenet_v3_small, made and dropped, 2 threads, ${turns ? "turns" : "no turn"} between`, sessions, () => {
    compileSync(small, { input: smallInput, threads: 2 }).run(Tensor.zeros(smallInput));
  }, turns);
}
process.exit();

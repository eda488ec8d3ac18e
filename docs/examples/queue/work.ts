/**
 * `node work.ts`: a worker, on this machine or another; start as many as you like, kill those you like. Environment: REDIS, and WEIGHTS (a
 * file, else the bundled network). SIGTERM ends it after its picture; what a killed one held is taken over within seconds.
 */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { Worker } from "bullmq";
import { compileSync, decodeImage, openNetwork, preprocess, softmax, type Session } from "senet";
import { bundledNetwork } from "senet/models/bundled";
import { answers, connect, name, type Answer, type Question } from "./shared.ts";

const { WEIGHTS } = process.env;
const weights = WEIGHTS === undefined ? new URL(bundledNetwork) : WEIGHTS;
const { model, classes, preprocessing } = openNetwork(await readFile(weights));
let session: Session | undefined;

async function classify(path: string): Promise<Answer> {
  const bytes = await readFile(path);
  try {
    const x = preprocess(await decodeImage(bytes), preprocessing);
    // Exact: whichever machine computes a picture, its answer has the same bits.
    session ??= compileSync(model, { input: x.shape, numerics: "exact" });
    const probabilities = [...softmax(session.run(x)).data];
    const probability = Math.max(...probabilities);
    const at = probabilities.indexOf(probability);
    return { class: classes?.[at] ?? `class ${at}`, probability };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
}

const store = connect();
const worker = new Worker<Question>(name, async ({ data: { path } }) => {
  // A picture whose first worker died after it had answered comes twice: its answer stays the first one.
  await store.hsetnx(answers, path, JSON.stringify(await classify(path)));
}, { connection: connect(), lockDuration: 5000, stalledInterval: 2000, maxStalledCount: 10 });
worker.on("error", (error) => console.error(`queue: ${error.message}`));
await worker.waitUntilReady();
console.log("working");
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, async () => {
    await worker.close();
    process.exit(0);
  });
}

/**
 * Classifies pictures over HTTP: `node main.ts` (24 or newer), `deno run --allow-all main.ts` or `bun main.ts`, then
 * `curl --data-binary @photo.png localhost:8080/classify`. Environment: PORT (8080), WEIGHTS (a file, else the bundled network), WORKERS
 * (one less than the processor has cores, at least 1), QUEUE (64 pictures may wait). SIGTERM and SIGINT end it when all answers are given.
 */
import { availableParallelism } from "node:os";
import { pathToFileURL } from "node:url";
import process from "node:process";
import { bundledNetwork } from "senet/models/bundled";
import { listen } from "./listen.ts";
import { Pool } from "./pool.ts";
import { respond } from "./service.ts";

const { PORT = "8080", WEIGHTS, WORKERS, QUEUE = "64" } = process.env;
const pool = new Pool({
  weights: WEIGHTS === undefined ? bundledNetwork : pathToFileURL(WEIGHTS).href,
  workers: Number(WORKERS ?? Math.max(1, availableParallelism() - 1)),
  queue: Number(QUEUE),
});
const server = await listen(Number(PORT), (request) => respond(request, pool));
let ending = false;
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, async () => {
    if (ending) return;
    ending = true;
    // Who is connected gets an answer; new pictures are answered 503 until the last one is out.
    await pool.close();
    await server.close();
    console.log(JSON.stringify(pool.counts));
    process.exit(0);
  });
}
console.log(`listening on ${server.port}`);

/** One worker of the pool: opens the network once, then answers one picture after another. */
import { readFile } from "node:fs/promises";
import { parentPort, workerData } from "node:worker_threads";
import { compileSync, decodeImageSync, openNetwork, preprocess, softmax, type Session } from "senet";

/** What a worker is sent. */
export interface Question {
  readonly bytes: Uint8Array;
}
/** What it sends: once that it is ready, then an answer to each question. */
export type Reply = { readonly ready: true } | { readonly answer: Answer } | { readonly refused: string };
/** The likeliest classes, best first. */
export type Answer = readonly { readonly class: string; readonly probability: number }[];

const { weights } = workerData as { readonly weights: string };
const { model, classes, preprocessing } = openNetwork(await readFile(new URL(weights)));
/** Where the network takes pictures of any size, each size is compiled once; one session, so that memory stays bounded. */
let session: Session | undefined;

function classify(bytes: Uint8Array): Answer {
  const x = preprocess(decodeImageSync(bytes, { maxPixels: 2 ** 24 }), preprocessing);
  session ??= compileSync(model, { input: x.shape, numerics: "exact" });
  const probabilities = [...softmax(session.run(x)).data];
  const best = probabilities.map((_, at) => at).sort((a, b) => probabilities[b] - probabilities[a]).slice(0, 3);
  return best.map((at) => ({ class: classes?.[at] ?? `class ${at}`, probability: probabilities[at] }));
}

const send = (reply: Reply): void => parentPort?.postMessage(reply);
parentPort?.on("message", ({ bytes }: Question) => {
  try {
    send({ answer: classify(bytes) });
  } catch (error) {
    // senet says in one sentence what it wanted and what came: the client's business.
    send({ refused: error instanceof Error ? error.message : String(error) });
  }
});
send({ ready: true });

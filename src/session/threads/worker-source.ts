/**
 * What a worker runs, as text: there is no file to host. It takes modules in by messages, and between messages does the jobs that the
 * pool's words announce (words.ts). It imports nothing and knows no TypeScript.
 */
import { ACKNOWLEDGED, EPOCH, FINISHED, FIRST_SLOT, LEADER, RUN, SENT, SESSION, SLOTS, SLOT_WORDS, STAGE, THREADS } from "./words.ts";
import { STAGE_ADDRESS } from "../backends/wasm/memory.ts";

/** Looks for the next job before a worker sleeps: about a millisecond. */
const LOOKS = 400_000;

const body = `
let index = 0, words, wait, epoch = 0;
const sessions = new Map();
const slot = (at) => ${FIRST_SLOT} + (at & ${SLOTS - 1}) * ${SLOT_WORDS};
function work() {
  while (Atomics.load(words, ${SENT} + index) === Atomics.load(words, ${ACKNOWLEDGED} + index)) {
    epoch = wait(epoch, ${LOOKS});
    const [threads, session, run, leader, stage] = [${THREADS}, ${SESSION}, ${RUN}, ${LEADER}, ${STAGE}].map((word) => Atomics.load(words, slot(epoch) + word));
    if (leader === index || ((Atomics.load(words, ${EPOCH}) - epoch) | 0) >= ${SLOTS - 1}) continue;
    const thread = leader === 0 || index < leader ? index : index - 1;
    if (thread < threads) sessions.get(session).kernels["run_" + run](thread, stage, 1);
  }
}
function lead({ session, runs, threads }) {
  const { kernels, stages } = sessions.get(session);
  for (const run of runs) {
    const stage = Atomics.load(stages, 0);
    if (threads > 1) {
      const next = (Atomics.load(words, ${EPOCH}) + 1) | 0;
      [[${THREADS}, threads], [${SESSION}, session], [${RUN}, run], [${LEADER}, index], [${STAGE}, stage]].forEach(([word, value]) => Atomics.store(words, slot(next) + word, value));
      Atomics.store(words, ${EPOCH}, next);
      Atomics.notify(words, ${EPOCH});
    }
    kernels["run_" + run](0, stage, 1);
  }
}
port.onmessage = ({ data }) => {
  let failure;
  try {
    if (data.begin) {
      index = data.begin.index;
      words = new Int32Array(data.begin.memory.buffer);
      wait = new WebAssembly.Instance(data.begin.module, { host: { memory: data.begin.memory } }).exports.wait;
      epoch = Atomics.load(words, ${EPOCH});
    }
    for (const session of data.dropped ?? []) sessions.delete(session);
    if (data.install) {
      const { session, module, memory } = data.install;
      const { kernels, stages } = sessions.get(session) ?? { kernels: {}, stages: new Int32Array(memory.buffer, ${STAGE_ADDRESS}, 1) };
      Object.assign(kernels, new WebAssembly.Instance(module, { host: { memory }, kernels }).exports);
      sessions.set(session, { kernels, stages });
    }
    if (data.lead) lead(data.lead);
  } catch (error) {
    failure = String(error);
  }
  if (failure === undefined) Atomics.add(words, ${ACKNOWLEDGED} + index, 1);
  if (data.lead) {
    Atomics.add(words, ${FINISHED}, 1);
    Atomics.notify(words, ${FINISHED});
  }
  if (data.begin || data.lead || failure) port.postMessage({ index, failure });
  if (data.begin === undefined || failure === undefined) work();
};
`;

/** For Node's worker_threads, which Deno and Bun have too. */
export const nodeWorkerSource: string = `const port = require("worker_threads").parentPort;${body}`;

/** For Web Workers. */
export const webWorkerSource: string = `const port = self;${body}`;

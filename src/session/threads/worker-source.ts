/**
 * What a worker runs, as text: there is no file to host. It takes modules in by messages, and between messages does the jobs that the
 * pool's words announce (words.ts). It imports nothing and knows no TypeScript.
 */
import { ACKNOWLEDGED, EPOCH, FINISHED, FIRST_SLOT, HELPERS, RUN, SENT, SESSION, SLOTS, SLOT_WORDS, STAGE } from "./words.ts";
import { LOST_WORKER } from "./lost.ts";
import { STAGE_ADDRESS } from "../backends/wasm/memory.ts";

/** Bytes, about, of a small session's code as the engine has it. */
const COUNTED = 4194304;

/** Looks for the next job before a worker sleeps: about a millisecond. */
const LOOKS = 400_000;

/** For the pool. */
export const poolBody: string = `
let index = 0, words, wait, epoch = 0;
const sessions = new Map();
const slot = (at) => ${FIRST_SLOT} + (at & ${SLOTS - 1}) * ${SLOT_WORDS};
function work() {
  while (Atomics.load(words, ${SENT} + index) === Atomics.load(words, ${ACKNOWLEDGED} + index)) {
    epoch = wait(epoch, ${LOOKS});
    const [helpers, session, run, stage] = [${HELPERS}, ${SESSION}, ${RUN}, ${STAGE}].map(
      (word) => Atomics.load(words, slot(epoch) + word)
    );
    if (((Atomics.load(words, ${EPOCH}) - epoch) | 0) >= ${SLOTS - 1} || !(helpers >>> (index - 1) & 1)) continue;
    let thread = 1;
    for (let other = 0; other < index - 1; other++) thread += helpers >>> other & 1;
    sessions.get(session)?.kernels["run_" + run](thread, stage, 1);
  }
}
function lead({ session, runs, helpers }) {
  const { kernels, stages } = sessions.get(session);
  for (const run of runs) {
    const stage = Atomics.load(stages, 0);
    if (helpers !== 0) {
      const next = (Atomics.load(words, ${EPOCH}) + 1) | 0;
      [
        [${HELPERS}, helpers], [${SESSION}, session], [${RUN}, run], [${STAGE}, stage],
      ].forEach(([word, value]) => Atomics.store(words, slot(next) + word, value));
      Atomics.store(words, ${EPOCH}, next);
      Atomics.notify(words, ${EPOCH});
    }
    if (kernels["run_" + run](0, stage, 1) === 1) throw "${LOST_WORKER}";
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
      const { session, module, memory, bytes, forgotten } = data.install;
      const { kernels, stages } = sessions.get(session) ?? { kernels: {}, stages: new Int32Array(memory.buffer, ${STAGE_ADDRESS}, 1) };
      for (const name of forgotten) delete kernels[name];
      Object.assign(kernels, new WebAssembly.Instance(module, { host: { memory }, kernels }).exports);
      // Nobody touches these bytes: they tell the engine of code and memory that it does not count, so that it looks for what was dropped.
      sessions.set(session, { kernels, stages, counted: new ArrayBuffer(${COUNTED} + bytes) });
    }
    if (data.lead) lead(data.lead);
  } catch (error) {
    failure = String(error);
  }
  if (failure === undefined || data.lead) Atomics.add(words, ${ACKNOWLEDGED} + index, 1);
  if (data.lead) {
    Atomics.store(words, ${FINISHED}, data.lead.number);
    Atomics.notify(words, ${FINISHED});
  }
  if (data.begin || data.lead || failure) port.postMessage({ index, failure, run: data.lead?.number });
  if (data.begin === undefined || failure === undefined) work();
};
port.onmessageerror = () => port.postMessage({ index, failure: "a message to a worker could not be read" });
`;

/** For both kinds of workers, whose ports are the same but for where they are. */
export function sourcesOf(text: string): { readonly node: string; readonly web: string } {
  return { node: `const port = require("worker_threads").parentPort;${text}`, web: `const port = self;${text}` };
}

export const workerSource: { readonly node: string; readonly web: string } = sourcesOf(poolBody);

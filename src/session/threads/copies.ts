/**
 * Asynchronous runs of sessions that have one thread. A worker computes them in a copy of the session's memory, so that no memory is
 * shared, which pages in a browser seldom may: it is sent modules and weights once, then inputs, and sends outputs back. One worker does
 * this for all sessions of this thread, one run after the other. Where it ends, the run that it had begun is refused and the next one
 * starts another; where none can be started this thread computes, and says why.
 */
import type { Image } from "../plan/places.ts";
import type { AsynchronousRun, CopiedMemory, Range, SessionCode } from "./session-code.ts";
import { after, own, spawn, unanswered } from "./spawn.ts";
import type { PoolWorker, WorkerMessage } from "./spawn.ts";
import { sourcesOf } from "./worker-source.ts";

/** Milliseconds: a worker that does not answer at all is not begun with. */
const START = 5000;
/** How many in a row may fail to start before no further one is tried. */
const MOST_TRIES = 3;
const PAGE = 65536;
/** Bytes of weights that are sent before others have their turn. */
const PIECE = 4194304;
/** Memories of sessions that are gone, which the worker keeps for others. */
const MOST_FREE = 2;

/** What goes to the worker and what comes back. */
function traffic(run: AsynchronousRun<unknown>): { readonly inputs: Range[]; readonly outputs: Range[] } {
  const { graph, kept, images, planar, address } = run;
  const range = ({ region }: Image): Range => ({ address: address(region), bytes: region.bytes });
  const [inputs, outputs] = [graph.inputs, graph.outputs].map((values) => values.map((value) => range(planar.get(value)!)));
  for (const [value, image] of images) if (kept.has(value.name)) outputs.push(range(image));
  return { inputs, outputs };
}

/** What its worker does. */
export const copiesBody: string = `
const sessions = new Map(), free = [];
port.onmessage = ({ data: { number, dropped = [], session, pages, modules = [], forgotten = [], writes = [], runs = [], reads = [] } }) => {
  let failure, values = [];
  try {
    for (const each of dropped) {
      if (sessions.has(each) && free.length < ${MOST_FREE}) free.push(sessions.get(each).memory);
      sessions.delete(each);
    }
    if (session !== undefined) {
      if (!sessions.has(session)) sessions.set(session, { memory: free.pop() ?? new WebAssembly.Memory({ initial: 1 }), kernels: {} });
      const { memory, kernels } = sessions.get(session);
      const missing = pages - memory.buffer.byteLength / 65536;
      if (missing > 0) memory.grow(missing);
      for (const name of forgotten) delete kernels[name];
      for (const module of modules) Object.assign(kernels, new WebAssembly.Instance(module, { host: { memory }, kernels }).exports);
      for (const [address, bytes] of writes) new Uint8Array(memory.buffer, address).set(new Uint8Array(bytes));
      for (const run of runs) kernels[run]();
      values = reads.map(([address, length]) => memory.buffer.slice(address, address + length));
    }
  } catch (error) {
    failure = String(error);
  }
  if (number !== undefined) port.postMessage({ number, failure, values }, values);
};
`;

const source = sourcesOf(copiesBody);

/** An answer of the worker's, to the message of this number. */
interface Answer {
  readonly number: number;
  readonly failure?: string;
  readonly values: readonly ArrayBuffer[];
}

/** What the worker has of a session. */
interface Copy {
  modules: number;
  kept: number;
  refreshes: number;
}

interface Waiting {
  readonly number: number;
  readonly answered: (answer: Answer) => void;
  readonly failed: (reason: Error) => void;
}

export class Copies {
  #worker: PoolWorker | undefined;
  readonly #known = new Map<number, Copy>();
  /** Functions that nobody calls any more, by session: said with the next message. */
  readonly #forgotten = new Map<number, string[]>();
  #waiting: Waiting | undefined;
  #sessions = 0;
  #messages = 0;
  #failures = 0;
  /** What was said of workers (setWorkers) when the last of them was started. */
  #changes = 0;
  #missing: string | undefined;
  #queue: Promise<void> = Promise.resolve();

  /** Why the last asynchronous run was this thread's own, if it was. */
  get missing(): string | undefined {
    return this.#missing;
  }

  newSession(): number {
    return ++this.#sessions;
  }

  dropSession(session: number): void {
    if (this.#known.delete(session)) this.#worker?.post({ dropped: [session] });
    this.#forgotten.delete(session);
  }

  forget(session: number, names: readonly string[]): void {
    if (this.#known.has(session)) this.#forgotten.set(session, [...(this.#forgotten.get(session) ?? []), ...names]);
  }

  /** Runs functions of a session's on the worker. @throws Error where the worker ends in the middle */
  runAsync<T>(code: SessionCode, run: AsynchronousRun<T>): Promise<T> {
    const { names, memory, begin, end, here } = run;
    const turn = this.#queue.then(async () => {
      if (!(await this.#ready(code, memory))) return here();
      const { inputs, outputs } = traffic(run);
      begin();
      const { buffer } = code.memory;
      const writes = inputs.map(({ address, bytes }) => [address, buffer.slice(address, address + bytes) as ArrayBuffer] as const);
      const reads = outputs.map(({ address, bytes }) => [address, bytes]);
      const { values } = await this.#ask({ ...this.#about(code), writes, runs: names, reads }, writes.map(([, bytes]) => bytes))
        .catch((error: Error) => Promise.reject(new Error(`session.runAsync: ${error.message}`)));
      outputs.forEach(({ address }, i) => new Uint8Array(buffer, address).set(new Uint8Array(values[i])));
      return end();
    });
    this.#queue = turn.then(() => undefined, () => undefined);
    return turn;
  }

  /** Is there a worker that has all of a session? If not, `missing` says why. */
  async #ready(code: SessionCode, memory: CopiedMemory): Promise<boolean> {
    try {
      if (this.#changes !== own.changes) this.#failures = 0;
      if (this.#worker === undefined && this.#failures < MOST_TRIES) await this.#start();
      if (this.#worker === undefined) return false;
      await this.#bring(code, memory);
      this.#missing = undefined;
      return true;
    } catch (error) {
      this.#missing = (error as Error).message;
      return false;
    }
  }

  /** @throws Error where the host has no workers, or this one does not answer */
  async #start(): Promise<void> {
    this.#failures++;
    this.#changes = own.changes;
    const worker = spawn(source);
    this.#worker = worker;
    worker.listen((answer) => this.#hear(answer as WorkerMessage & Answer), (reason) => this.#end(worker, reason));
    const inTime = after(START, () => this.#end(worker, unanswered(START)));
    try {
      await this.#ask({});
    } catch (error) {
      this.#end(worker, (error as Error).message);
      throw error;
    } finally {
      inTime();
    }
    this.#failures = 0;
  }

  /** Sends what is new of a session: modules at once, weights piece by piece. */
  async #bring(code: SessionCode, { kept, refreshes }: CopiedMemory): Promise<void> {
    const { session, modules, memory } = code;
    const copy = this.#known.get(session) ?? { modules: 0, kept: 0, refreshes };
    this.#known.set(session, copy);
    if (copy.modules < modules.length) {
      const fresh = modules.slice(copy.modules).filter((module) => module !== undefined);
      await this.#ask({ ...this.#about(code), modules: fresh });
      copy.modules = modules.length;
    }
    if (copy.refreshes !== refreshes) copy.kept = 0;
    copy.refreshes = refreshes;
    for (; copy.kept < kept.length; copy.kept++) {
      const { address, bytes } = kept[copy.kept];
      for (let at = address; at < address + bytes; at += PIECE) {
        const piece = memory.buffer.slice(at, Math.min(at + PIECE, address + bytes)) as ArrayBuffer;
        await this.#ask({ ...this.#about(code), writes: [[at, piece]] }, [piece]);
      }
    }
  }

  #about({ session, memory }: SessionCode): object {
    const forgotten = this.#forgotten.get(session) ?? [];
    this.#forgotten.delete(session);
    return { session, pages: memory.buffer.byteLength / PAGE, forgotten };
  }

  /** One message after the other. @throws Error where the worker ends, or cannot do what it should */
  async #ask(message: object, transfer: readonly ArrayBuffer[] = []): Promise<Answer> {
    const worker = this.#worker;
    if (worker === undefined) throw new Error("a worker ended");
    const number = ++this.#messages;
    worker.keepAlive(true);
    const answer = await new Promise<Answer>((answered, failed) => {
      this.#waiting = { number, answered, failed };
      worker.post({ ...message, number }, transfer);
    }).finally(() => worker.keepAlive(false));
    if (answer.failure !== undefined) throw new Error(answer.failure);
    return answer;
  }

  #hear(answer: Answer): void {
    if (answer?.number === this.#waiting?.number) this.#waiting.answered(answer);
  }

  /** It is no more, or must be no more, and what it had with it. */
  #end(worker: PoolWorker, reason: string): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    this.#known.clear();
    this.#forgotten.clear();
    worker.terminate();
    this.#waiting?.failed(new Error(reason));
    this.#waiting = undefined;
  }
}

/** Those of this thread. */
export const copies: Copies = new Copies();

/**
 * Workers that share the programs of all sessions of this thread. They are started once and wait; nothing keeps the process alive when
 * its own work is done. The thread that calls `run` takes part, so a pool of n threads has n - 1 workers.
 */
import type { HostWasmMemory, HostWasmModule } from "../../host-types.ts";
import { ACKNOWLEDGED, ASLEEP, EPOCH, FINISHED, FIRST_SLOT, LEADER, MOST_WORKERS, RUN, SENT, SESSION, SLOTS, SLOT_WORDS, STAGE, THREADS } from "./words.ts";
import type { EmitRuns } from "../backends/wasm/run-function.ts";
import { emitRunsShared } from "./run-shared.ts";
import { maySleep, spawn } from "./spawn.ts";
import type { PoolWorker } from "./spawn.ts";
import { waitModule } from "./wait-module.ts";

/** A worker that has not answered after so many milliseconds is left out until it does. */
const PATIENCE = 2000;

/** What workers must have of a session before they can run its programs; modules are only ever added. */
export interface SessionCode {
  readonly session: number;
  readonly memory: HostWasmMemory;
  /** One word of it: what stands at STAGE_ADDRESS. */
  readonly stage: Int32Array;
  readonly modules: readonly HostWasmModule[];
}

/** How many sessions that are gone are named in messages: each worker gets one at least that often. */
const MOST_DROPPED = 64;

interface Member {
  readonly worker: PoolWorker;
  /** From 1. */
  readonly index: number;
  /** How many modules of each session it was sent. */
  readonly known: Map<number, number>;
  failure: string | undefined;
  /** Called when the run that it leads is over, or it is. */
  finished: (() => void) | undefined;
}

export class Pool {
  /** What its threads can run. */
  readonly emitRuns: EmitRuns = emitRunsShared;
  readonly #memory: HostWasmMemory;
  readonly #words: Int32Array;
  readonly #module: HostWasmModule;
  readonly #members: Member[] = [];
  readonly #sleeps = maySleep();
  /** To sleep on. */
  readonly #nothing: Int32Array;
  /** Sessions that are gone, to be told with the next messages. */
  readonly #dropped: number[] = [];
  #sessions = 0;
  #starting: Promise<void> = Promise.resolve();
  /** Asynchronous runs, one after the other. */
  #queue: Promise<void> = Promise.resolve();
  #leading = 0;

  /** @param wait a module with what waitModule() exports; by default that one is compiled @throws Error where memory cannot be shared */
  constructor(wait?: HostWasmModule) {
    if (typeof WebAssembly === "undefined" || typeof SharedArrayBuffer === "undefined") throw new Error("memory cannot be shared here");
    this.#memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    this.#words = new Int32Array(this.#memory.buffer);
    this.#nothing = new Int32Array(new SharedArrayBuffer(4));
    this.#module = wait ?? new WebAssembly.Module(waitModule());
  }

  /** Workers that answer. */
  get workers(): number {
    return this.#members.filter(({ failure }) => failure === undefined).length;
  }

  newSession(): number {
    return ++this.#sessions;
  }

  dropSession(session: number): void {
    for (const { known } of this.#members) known.delete(session);
    this.#dropped.push(session);
    if (this.#dropped.length > MOST_DROPPED) this.#dropped.shift();
  }

  /** Starts workers until there are `count`. @throws Error where the host refuses one */
  grow(count: number): Promise<void> {
    this.#starting = this.#starting.catch(() => undefined).then(async () => {
      while (this.#members.length < Math.min(count, MOST_WORKERS)) await this.#start();
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    const worker = spawn();
    const index = this.#members.length + 1;
    const member: Member = { worker, index, known: new Map(), failure: undefined, finished: undefined };
    for (const word of [SENT, ACKNOWLEDGED]) this.#words[word + index] = 0;
    try {
      await new Promise<void>((resolve, reject) => {
        worker.listen(({ failure }) => {
          if (failure !== undefined) member.failure = failure;
          if (!this.#members.includes(member)) return failure === undefined ? resolve() : reject(new Error(failure));
          member.finished?.();
        }, (error) => {
          member.failure = error.message;
          reject(error);
          // A run that it led is over in this way too.
          if (member.finished !== undefined) Atomics.add(this.#words, FINISHED, 1);
          member.finished?.();
        });
        Atomics.add(this.#words, SENT + index, 1);
        worker.post({ begin: { index, memory: this.#memory, module: this.#module } });
      });
    } catch (error) {
      worker.terminate();
      throw error;
    }
    worker.keepAlive(false);
    this.#members.push(member);
  }

  /** Has the worker taken in all that was sent to it? */
  #current({ index, failure }: Member): boolean {
    return failure === undefined && Atomics.load(this.#words, ACKNOWLEDGED + index) === Atomics.load(this.#words, SENT + index);
  }

  /** Makes a session known to the first `count` workers, and waits for them where this thread may. */
  prepare({ session, memory, modules }: SessionCode, count: number): void {
    const members = this.#members.slice(0, count);
    for (const member of members) {
      for (let known = member.known.get(session) ?? 0; known < modules.length; known++) {
        this.#send(member, { dropped: this.#dropped, install: { session, module: modules[known], memory } });
        member.known.set(session, known + 1);
      }
    }
    if (this.#sleeps) this.#await(() => members.every((member) => this.#current(member) || member.failure !== undefined));
  }

  #await(done: () => boolean): void {
    const until = Date.now() + PATIENCE;
    while (!done() && Date.now() < until) Atomics.wait(this.#nothing, 0, 0, 0.1);
  }

  /**
   * A message for a worker that may be waiting for a job. It leaves last: whoever gets it may announce jobs, and this thread does not
   * at the same time.
   */
  #send(member: Member, message: object): void {
    this.#settle();
    Atomics.add(this.#words, SENT + member.index, 1);
    this.#announce(0, 0, 0, 0);
    member.worker.post(message);
  }

  #announce(threads: number, session: number, run: number, stage: number): void {
    const words = this.#words;
    const epoch = (Atomics.load(words, EPOCH) + 1) | 0;
    const slot = FIRST_SLOT + (epoch & (SLOTS - 1)) * SLOT_WORDS;
    for (const [word, value] of [[THREADS, threads], [SESSION, session], [RUN, run], [LEADER, 0], [STAGE, stage]]) words[slot + word] = value;
    Atomics.store(words, EPOCH, epoch);
    if (Atomics.load(words, ASLEEP) > 0) Atomics.notify(words, EPOCH);
  }

  /** How many threads can run this now: this one, and the first workers as far as they have all modules. */
  #ready(code: SessionCode, threads: number): number {
    this.prepare(code, threads - 1);
    let ready = 1;
    while (ready < threads && ready <= this.#members.length && this.#current(this.#members[ready - 1])) ready++;
    return ready;
  }

  /** Runs a part of a program on up to so many threads, this one among them. It waits for none of the others but for what they have begun. */
  run(code: SessionCode, run: number, part: (thread: number, stage: number, sleeps: number) => void, most: number): void {
    this.#settle();
    const threads = this.#ready(code, most);
    const stage = Atomics.load(code.stage, 0);
    if (threads > 1) this.#announce(threads, code.session, run, stage);
    part(0, stage, this.#sleeps ? 1 : 0);
  }

  /**
   * Runs parts of a program on workers only; this thread goes on. One such run after the other.
   * @param begin called on this thread when it is the run's turn
   * @param end called on this thread when it is done; its result is the promise's
   */
  runAsync<T>(code: SessionCode, runs: readonly number[], most: number, begin: () => void, end: () => T): Promise<T> {
    const turn = this.#queue.then(async () => {
      this.#settle();
      begin();
      const ready = this.#ready(code, Math.min(most, this.#members.length) + 1) - 1;
      if (ready < 1) throw new Error("session.runAsync: no worker answers");
      const member = this.#members[ready - 1];
      member.worker.keepAlive(true);
      const done = new Promise<void>((resolve) => (member.finished = resolve));
      this.#send(member, { lead: { session: code.session, runs, threads: ready } });
      this.#leading++;
      await done;
      member.finished = undefined;
      member.worker.keepAlive(false);
      if (member.failure !== undefined) throw new Error(`session.runAsync: ${member.failure}`);
      return end();
    });
    this.#queue = turn.then(() => undefined, () => undefined);
    return turn;
  }

  /** Waits until no worker leads a run: there is one leader at a time. */
  #settle(): void {
    const over = (): boolean => Atomics.load(this.#words, FINISHED) >= this.#leading;
    if (over()) return;
    if (!this.#sleeps) throw new Error("session: an asynchronous run is under way; await it first");
    while (!over()) this.#await(over);
  }
}

let pool: Pool | undefined;

/** The pool of this thread, as it is. */
export function warmPool(): Pool | undefined {
  return pool !== undefined && pool.workers > 0 ? pool : undefined;
}

/**
 * The pool of this thread with at least so many workers.
 * @param wait a module with what waitModule() exports, for hosts that compile none @throws Error where the host has no shared memory or no workers
 */
export async function growPool(workers: number, wait?: HostWasmModule): Promise<Pool> {
  pool ??= new Pool(wait);
  await pool.grow(workers);
  return pool;
}

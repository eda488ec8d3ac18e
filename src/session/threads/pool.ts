/**
 * Workers that share the programs of all sessions of this thread. They are started once and wait; nothing keeps the process alive when
 * its own work is done. The thread that calls `run` takes part, so a pool of n threads has n - 1 workers. A worker that ends, fails or does
 * not answer is left out; what it had begun is lost (lost.ts), all else goes on with the others.
 * Longer than 300 lines: what workers agree on word by word is easier to follow in one place.
 */
import {
  ACKNOWLEDGED, ASLEEP, EPOCH, FINISHED, FIRST_SLOT, HELPERS, MOST_WORKERS, RUN, SENT, SESSION, SLOTS, SLOT_WORDS, STAGE,
} from "./words.ts";
import type { HostWasmMemory, HostWasmModule } from "../../host-types.ts";
import type { AsynchronousRun, SessionCode } from "./session-code.ts";
import type { EmitRuns } from "../backends/wasm/run-function.ts";
import { LOST_WORKER, Lost } from "./lost.ts";
import { emitRunsShared } from "./run-shared.ts";
import { after, maySleep, spawn, unanswered } from "./spawn.ts";
import type { PoolWorker, WorkerMessage } from "./spawn.ts";
import { waitModule } from "./wait-module.ts";
import { workerSource } from "./worker-source.ts";

/** Milliseconds: a worker that has not taken in what it was sent is left out until it has. */
const PATIENCE = 2000;
/** One that does not answer at all is not begun with. */
const START = 5000;
/** A run that makes no progress for so long, nor ends by itself (run-shared.ts), has lost its leader. */
const STILL = 10_000;

/** What a worker has of a session: how many modules, and which functions it is to forget. */
interface Known {
  modules: number;
  forgotten: string[];
  readonly memory: HostWasmMemory;
}

/** Memories that wait for their sessions to be collected: as many as are kept free (memories.ts). */
const MOST_WAITING = 4;

/** Sessions that a worker has, and bytes of their memories; but never fewer sessions than these. */
const MOST_KNOWN = 32;
const MOST_BYTES = 268435456;
const LEAST_KNOWN = 4;

/**
 * Of what was not heard of for longest a worker has nothing any more; it is told anew when it runs again. For without a turn of the event
 * loop nobody learns which sessions were dropped, and the worker would keep them all.
 */
function forgetOldest({ known, dropped }: Pick<Member, "known" | "dropped">): void {
  let bytes = 0;
  for (const { memory } of known.values()) bytes += memory.buffer.byteLength;
  for (const [oldest, { memory }] of known) {
    if (known.size <= LEAST_KNOWN || (known.size <= MOST_KNOWN && bytes <= MOST_BYTES)) return;
    bytes -= memory.buffer.byteLength;
    known.delete(oldest);
    dropped.push(oldest);
  }
}

interface Member {
  readonly worker: PoolWorker;
  /** From 1. */
  readonly index: number;
  /** By session, the one that ran last at the end. */
  readonly known: Map<number, Known>;
  /** Sessions that are gone, of which it has something still: told with the next message. */
  readonly dropped: number[];
  /** Has it been waited for in vain? */
  late: boolean;
}

/** An asynchronous run that is under way. */
interface Lead {
  readonly number: number;
  readonly code: SessionCode;
  /** The leader is the last. */
  readonly members: readonly Member[];
  /** Called once it is over. @param failure undefined where all went well */
  readonly over: (failure: string | undefined) => void;
}

export class Pool {
  /** What its threads can run. */
  readonly emitRuns: EmitRuns = emitRunsShared;
  readonly #memory: HostWasmMemory;
  readonly #words: Int32Array;
  readonly #module: HostWasmModule;
  #members: readonly Member[] = [];
  /** Numbers of workers that may still look at their words. */
  readonly #taken = new Set<number>();
  readonly #sleeps = maySleep();
  /** To sleep on. */
  readonly #nothing: Int32Array;
  #sessions = 0;
  /** Those that wait in a finalizer's list. */
  readonly #waiting = new Set<number>();
  #starting: Promise<void> = Promise.resolve();
  /** Asynchronous runs, one after the other. */
  #queue: Promise<void> = Promise.resolve();
  #leads = 0;
  #lead: Lead | undefined;
  /** Why workers are missing that once were there, or never came: for people to read. */
  #missing: string | undefined;

  /** @param wait a module with what waitModule() exports; by default that one is compiled @throws Error where memory cannot be shared */
  constructor(wait?: HostWasmModule) {
    const missing = [typeof WebAssembly, typeof SharedArrayBuffer, typeof Atomics, typeof BigInt].includes("undefined");
    if (missing || typeof WebAssembly === "undefined") throw new Error("memory cannot be shared here");
    this.#memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    this.#words = new Int32Array(this.#memory.buffer);
    this.#nothing = new Int32Array(new SharedArrayBuffer(4));
    this.#module = wait ?? new WebAssembly.Module(waitModule());
  }

  /** Workers that are there, and answer. */
  get workers(): number {
    this.#hearLate();
    return this.#members.filter(({ late }) => !late).length;
  }

  /** What became of a worker that is not there any more. */
  get missing(): string | undefined {
    return this.#missing;
  }

  newSession(): number {
    return ++this.#sessions;
  }

  /** May a session's memory wait until the session is collected, to be used again then? No more than are kept free. */
  mayWait(session: number): boolean {
    return this.#waiting.size < MOST_WAITING && this.#waiting.add(session) !== undefined;
  }

  dropSession(session: number): void {
    this.#waiting.delete(session);
    for (const { known, dropped } of this.#members) if (known.delete(session)) dropped.push(session);
  }

  /** Functions of a session that nobody calls any more. */
  forget(session: number, names: readonly string[]): void {
    for (const { known } of this.#members) known.get(session)?.forgotten.push(...names);
  }

  /** Starts workers until there are `count` that answer. @throws Error where the host refuses one, or one does not answer */
  grow(count: number): Promise<void> {
    const wanted = Math.min(count, MOST_WORKERS);
    this.#starting = this.#starting.catch(() => undefined).then(async () => {
      // One that is held up, say by a lost piece of another session, counts again once it has taken in what it was sent.
      for (const until = Date.now() + START; this.workers < Math.min(wanted, this.#members.length) && Date.now() < until;) {
        await new Promise<void>((resolve) => void after(2, resolve));
      }
      while (this.workers < wanted) await this.#start();
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    const index = Array.from({ length: MOST_WORKERS }, (_, i) => i + 1).find((each) => !this.#taken.has(each));
    if (index === undefined) throw new Error(`no further worker can be started: ${this.#missing}`);
    const worker = spawn(workerSource);
    const member: Member = { worker, index, known: new Map(), dropped: [], late: false };
    for (const word of [SENT, ACKNOWLEDGED]) Atomics.store(this.#words, word + index, 0);
    this.#taken.add(index);
    try {
      await new Promise<void>((resolve, reject) => {
        const inTime = after(START, () => reject(new Error(unanswered(START))));
        const settled = (answer: () => void): void => {
          inTime();
          answer();
        };
        worker.listen((message) => {
          if (this.#members.includes(member)) this.#hear(member, message);
          else if (message?.index !== undefined) {
            settled(() => (message.failure === undefined ? resolve() : reject(new Error(message.failure))));
          }
        }, (reason, gone) => {
          settled(() => reject(new Error(reason)));
          this.#end(member, reason);
          if (gone) this.#taken.delete(index);
        });
        Atomics.add(this.#words, SENT + index, 1);
        worker.post({ begin: { index, memory: this.#memory, module: this.#module } });
      });
    } catch (error) {
      worker.terminate();
      throw error;
    }
    worker.keepAlive(false);
    this.#members = [...this.#members, member];
    this.#missing = undefined;
  }

  /** What a worker says once it has begun. */
  #hear(member: Member, { failure, run }: WorkerMessage): void {
    if (run !== undefined) {
      if (run === this.#lead?.number) this.#lead.over(failure);
    } else if (failure !== undefined) this.#end(member, failure);
  }

  /** A worker is no more, or must be no more: what it shared in is lost. */
  #end(member: Member, reason: string): void {
    if (!this.#members.includes(member)) return;
    this.#members = this.#members.filter((each) => each !== member);
    this.#missing = reason;
    member.worker.terminate();
    const lead = this.#lead;
    if (lead === undefined || !lead.members.includes(member)) return;
    // Those that wait for it look at this word.
    Atomics.store(lead.code.lost, 0, 1);
    Atomics.notify(lead.code.stage, 0);
    if (lead.members.at(-1) !== member) return;
    this.#lead = undefined;
    lead.over(reason);
  }

  /** Those that were waited for in vain and have taken in everything since are there again. */
  #hearLate(): void {
    for (const member of this.#members) member.late &&= !this.#current(member);
  }

  /** Has the worker taken in all that was sent to it? */
  #current({ index }: Member): boolean {
    return Atomics.load(this.#words, ACKNOWLEDGED + index) === Atomics.load(this.#words, SENT + index);
  }

  /**
   * Makes a session known to the first `count` workers, and waits for them where this thread may.
   * @param grown bytes that its memory is about to have: it grows once the modules are there
   * @returns those that know it
   */
  prepare({ session, memory, modules }: SessionCode, count: number, grown: number = 0): readonly Member[] {
    const bytes = Math.max(grown, memory.buffer.byteLength);
    this.#hearLate();
    const members = this.#members.filter(({ late }) => !late).slice(0, count);
    for (const member of members) {
      const known = member.known.get(session) ?? { modules: 0, forgotten: [], memory };
      // The latest last.
      member.known.delete(session);
      member.known.set(session, known);
      if (known.modules < modules.length) forgetOldest(member);
      for (; known.modules < modules.length; known.modules++) {
        const module = modules[known.modules];
        if (module === undefined) continue;
        this.#send(member, { dropped: member.dropped.splice(0), install: { session, module, memory, bytes, forgotten: known.forgotten } });
        known.forgotten = [];
      }
    }
    if (this.#sleeps) this.#await(() => members.every((member) => this.#current(member)), PATIENCE);
    const ready = members.filter((member) => this.#current(member));
    for (const member of members) member.late = this.#sleeps && !ready.includes(member);
    return ready;
  }

  #await(done: () => boolean, patience: number): void {
    const until = Date.now() + patience;
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

  #announce(helpers: number, session: number, run: number, stage: number): void {
    const words = this.#words;
    const epoch = (Atomics.load(words, EPOCH) + 1) | 0;
    const slot = FIRST_SLOT + (epoch & (SLOTS - 1)) * SLOT_WORDS;
    for (const [word, value] of [[HELPERS, helpers], [SESSION, session], [RUN, run], [STAGE, stage]]) words[slot + word] = value;
    Atomics.store(words, EPOCH, epoch);
    if (Atomics.load(words, ASLEEP) > 0) Atomics.notify(words, EPOCH);
  }

  /** A run is about to begin: those that sleep wake while its inputs are copied, which takes as long. */
  wake(): void {
    // Where a worker leads it is the one that announces.
    if (this.#lead === undefined && Atomics.load(this.#words, ASLEEP) > 0) this.#announce(0, 0, 0, 0);
  }

  /**
   * Runs a span of a program on up to so many threads, this one among them. It waits for none of the others but for what they have begun.
   * @throws Lost where one of them never ends that
   */
  run(code: SessionCode, run: number, span: (thread: number, stage: number, sleeps: number) => number, most: number): void {
    this.#settle();
    const helpers = bitsOf(this.prepare(code, most - 1));
    const stage = Atomics.load(code.stage, 0);
    if (helpers !== 0) this.#announce(helpers, code.session, run, stage);
    if (span(0, stage, this.#sleeps ? 1 : 0) !== 1) return;
    this.#missing ??= LOST_WORKER;
    throw new Lost(`session: ${this.#missing}`);
  }

  /**
   * Runs spans of a program on workers only; this thread goes on. One such run after the other.
   * @throws Lost where a worker ends in the middle
   */
  runAsync<T>(code: SessionCode, { names, begin, end }: AsynchronousRun<T>, most: number): Promise<T> {
    const runs = names.map((name) => Number(name.replace(/\D+/, "")));
    const lost = (reason: string): Lost => {
      // Runs that wait for their turn must not begin in this memory.
      Atomics.store(code.lost, 0, 1);
      return new Lost(`session.runAsync: ${reason}`);
    };
    const turn = this.#queue.then(async () => {
      this.#settle();
      if (Atomics.load(code.lost, 0) !== 0) throw lost(LOST_WORKER);
      const members = this.prepare(code, most);
      const leader = members.at(-1);
      if (leader === undefined) throw lost(`no worker answers${this.#missing === undefined ? "" : ` (${this.#missing})`}`);
      begin();
      leader.worker.keepAlive(true);
      const number = ++this.#leads;
      const failure = await new Promise<string | undefined>((resolve) => {
        const lead: Lead = { number, code, members, over: resolve };
        this.#send(leader, { lead: { number, session: code.session, runs, helpers: bitsOf(members.slice(0, -1)) } });
        this.#lead = lead;
      });
      if (this.#lead?.number === number) this.#lead = undefined;
      leader.worker.keepAlive(false);
      if (failure !== undefined) throw lost(Atomics.load(code.lost, 0) === 0 ? failure : (this.#missing ?? failure));
      return end();
    });
    this.#queue = turn.then(() => undefined, () => undefined);
    return turn;
  }

  /** Waits until no worker leads a run: there is one leader at a time. */
  #settle(): void {
    const lead = this.#lead;
    const over = (): boolean => lead === undefined || this.#lead !== lead || Atomics.load(this.#words, FINISHED) === lead.number;
    if (lead === undefined || over()) return;
    if (!this.#sleeps) throw new Error("session: an asynchronous run is under way; await it first");
    for (let seen: number | undefined; !over();) {
      const now = Atomics.load(lead.code.stage, 0);
      if (now === seen) this.#end(lead.members.at(-1)!, "a worker did not answer");
      else this.#await(() => over(), STILL);
      seen = now;
    }
  }
}

/** Bits of workers. */
function bitsOf(members: readonly { readonly index: number }[]): number {
  return members.reduce((bits, { index }) => bits | (1 << (index - 1)), 0);
}

let pool: Pool | undefined;

/** The pool of this thread, as it is. */
export function warmPool(): Pool | undefined {
  return pool !== undefined && pool.workers > 0 ? pool : undefined;
}

/** The same as `wake` of the pool of this thread. */
export function wakeWorkers(): void {
  pool?.wake();
}

/**
 * The pool of this thread with at least so many workers.
 * @param wait a module with what waitModule() exports, for hosts that compile none
 * @throws Error where the host has no shared memory or no workers
 */
export async function growPool(workers: number, wait?: HostWasmModule): Promise<Pool> {
  pool ??= new Pool(wait);
  await pool.grow(workers);
  return pool;
}

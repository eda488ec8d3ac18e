/** Workers behind one bounded queue: a picture waits, is computed by whoever is free, and survives the death of one worker. */
import { Worker } from "node:worker_threads";
import type { Answer, Question, Reply } from "./worker.ts";

/** The queue is full, or the service ends: try again later (503). */
export class Overloaded extends Error {}
/** The picture can't be answered, and the message says why (400). */
export class Refused extends Error {}

export interface PoolOptions {
  /** The network's address, as of `bundledNetwork`. */
  readonly weights: string;
  readonly workers: number;
  /** How many pictures may wait, beside those that are computed. */
  readonly queue: number;
}

interface Job {
  readonly bytes: Uint8Array;
  /** Has a worker ended while it computed this picture? */
  readonly again: boolean;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

interface Place {
  readonly worker: Worker;
  ready: boolean;
  job: Job | undefined;
}

export class Pool {
  readonly counts = { answered: 0, refused: 0, overloaded: 0, replaced: 0 };
  readonly #options: PoolOptions;
  readonly #waiting: Job[] = [];
  readonly #places = new Set<Place>();
  /** Workers that ended since the last answer: what can't even start is not started for ever. */
  #deaths = 0;
  /** Called once nothing waits and nothing is computed; there from `close` on. */
  #empty: (() => void) | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    for (let count = 0; count < options.workers; count += 1) this.#start();
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get workers(): readonly Worker[] {
    return [...this.#places].map(({ worker }) => worker);
  }

  /** @throws {Overloaded | Refused} */
  classify(bytes: Uint8Array): Promise<Answer> {
    const ending = this.#empty !== undefined;
    if (ending || this.#places.size === 0 || this.#waiting.length >= this.#options.queue) {
      this.counts.overloaded += 1;
      return Promise.reject(new Overloaded(ending ? "the service ends" : `${this.#waiting.length} pictures wait already`));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, again: false, resolve, reject });
      this.#next();
    });
  }

  /** Takes no more pictures, waits for the answers that are due, and ends the workers. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#empty = resolve;
      this.#next();
    });
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  #start(): void {
    const worker = new Worker(new URL("worker.ts", import.meta.url), { workerData: { weights: this.#options.weights } });
    const place: Place = { worker, ready: false, job: undefined };
    this.#places.add(place);
    worker.on("message", (reply: Reply) => this.#heard(place, reply));
    worker.on("error", (error: Error) => console.error(`a worker failed: ${error.message}`));
    worker.on("exit", () => this.#lost(place));
  }

  #heard(place: Place, reply: Reply): void {
    const { job } = place;
    place.job = undefined;
    if ("ready" in reply) {
      place.ready = true;
    } else if ("answer" in reply) {
      this.#deaths = 0;
      this.counts.answered += 1;
      job?.resolve(reply.answer);
    } else {
      this.#deaths = 0;
      this.counts.refused += 1;
      job?.reject(new Refused(reply.refused));
    }
    this.#next();
  }

  /** A worker ended: another takes its place, and its picture goes to the head of the queue, once. */
  #lost(place: Place): void {
    this.#places.delete(place);
    const { job } = place;
    if (job?.again === false) this.#waiting.unshift({ ...job, again: true });
    else job?.reject(new Error("two workers ended while they computed this picture"));
    const { workers } = this.#options;
    this.#deaths += 1;
    if (this.#deaths <= 3 * workers && (this.#empty === undefined || this.#waiting.length > 0)) {
      this.counts.replaced += 1;
      this.#start();
    }
    if (this.#places.size === 0) for (const left of this.#waiting.splice(0)) left.reject(new Error("no worker can be started"));
    this.#next();
  }

  #next(): void {
    for (const place of this.#places) {
      if (!place.ready || place.job !== undefined) continue;
      const job = this.#waiting.shift();
      if (job === undefined) break;
      place.job = job;
      const question: Question = { bytes: job.bytes };
      place.worker.postMessage(question);
    }
    if (this.#waiting.length === 0 && [...this.#places].every(({ job }) => job === undefined)) this.#empty?.();
  }
}

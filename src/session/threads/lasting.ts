/**
 * A backend whose threads may get fewer: around another one, which is made anew with those that are left once something was lost with a
 * worker.
 */
import { atOnce } from "../backends/making.ts";
import type { Backend, Program, ProgramRequest } from "../backends/backend.ts";
import type { Making } from "../backends/making.ts";
import type { Value } from "../../graph/graph.ts";
import { Lost } from "./lost.ts";
import { wakeWorkers } from "./pool.ts";

/** How often a run that has not begun is given to other threads. */
const MOST_TRIES = 3;

export class LastingBackend implements Backend {
  readonly #again: () => Making<Backend>;
  readonly #held: { release: (() => void) | undefined };
  readonly collected: (() => void) | undefined;
  /** The present one. */
  backend: Backend;

  /** @param again makes one with the threads that there are then */
  constructor(backend: Backend, again: () => Making<Backend>) {
    this.backend = backend;
    this.#again = again;
    const held = { release: backend.collected };
    this.#held = held;
    this.collected = () => held.release?.();
  }

  get name(): string {
    return this.backend.name;
  }

  get reason(): string {
    return this.backend.reason;
  }

  get executor(): Backend["executor"] {
    return this.backend.executor;
  }

  *program(request: ProgramRequest): Making<Program> {
    const { backend } = this;
    const program = yield* backend.program(request);
    return new LastingProgram(this, request, backend, program);
  }

  refresh(): void {
    this.backend.refresh();
  }

  release(): void {
    this.backend.release();
  }

  recover(): void {
    this.renew(this.backend);
  }

  /** Another one in the place of `lost`. */
  renew(lost: Backend): void {
    if (this.backend !== lost) return;
    lost.release();
    this.#held.release = undefined;
    this.backend = atOnce(this.#again());
    this.#held.release = this.backend.collected;
  }
}

class LastingProgram implements Program {
  readonly #owner: LastingBackend;
  readonly #request: ProgramRequest;
  #backend: Backend;
  #program: Program;
  /** Until they were computed with. */
  readonly #inputs: Float32Array[] = [];

  constructor(owner: LastingBackend, request: ProgramRequest, backend: Backend, program: Program) {
    this.#owner = owner;
    this.#request = request;
    this.#backend = backend;
    this.#program = program;
  }

  /** On the present backend. */
  get #now(): Program {
    const { backend } = this.#owner;
    if (backend !== this.#backend) {
      this.#program = atOnce(backend.program(this.#request));
      this.#backend = backend;
    }
    return this.#program;
  }

  setInput(index: number, data: Float32Array): void {
    if (index === 0) wakeWorkers();
    this.#inputs[index] = data;
    this.#now.setInput(index, data);
  }

  /** @throws Lost where a second worker is lost on the way */
  run(): void {
    try {
      this.#now.run();
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      this.#owner.renew(this.#backend);
      this.#inputs.forEach((data, i) => this.#now.setInput(i, data));
      this.#now.run();
    }
    this.#inputs.length = 0;
  }

  /** @throws Lost where a worker ends in the middle; then the next run is one with those that are left */
  async runAsync<T>(begin: () => void, end: () => T): Promise<T> {
    for (let tries = 1; ; tries++) {
      let begun = false;
      const program = this.#now;
      const backend = this.#backend;
      try {
        const result = await program.runAsync(() => {
          begun = true;
          begin();
        }, end);
        this.#inputs.length = 0;
        return result;
      } catch (error) {
        if (!(error instanceof Lost)) throw error;
        this.#owner.renew(backend);
        if (begun || tries === MOST_TRIES) throw error;
      }
    }
  }

  /** @throws Error where what the last run left was lost */
  read(value: Value, into: Float32Array): void {
    if (this.#owner.backend !== this.#backend) throw new Error("session: what the last run left was lost with a worker");
    this.#program.read(value, into);
  }

  drop(): void {
    if (this.#owner.backend === this.#backend) this.#program.drop?.();
  }

  get arenaBytes(): number {
    return this.#program.arenaBytes;
  }

  get lines(): readonly string[] {
    return this.#program.lines;
  }
}

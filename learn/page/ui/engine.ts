/** The worker that looks, as functions. */
import type { Actions } from "../messages.ts";
import { begun } from "./begin.ts";

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

export class Engine implements Actions {
  readonly #worker = begun().worker;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  /** @param broken is told why, if the worker itself fails */
  constructor(broken: (message: string) => void) {
    this.#worker.onmessage = ({ data }: MessageEvent<{ readonly id: number; readonly result: never; readonly failure?: string }>) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if (data.failure === undefined) waiting?.resolve(data.result);
      else waiting?.reject(new Error(data.failure));
    };
    this.#worker.onerror = (event) => broken(event.message);
    const { failure } = begun();
    if (failure !== undefined) broken(failure);
  }

  open: Actions["open"] = (request) => this.#ask("open", request);
  settle: Actions["settle"] = (request) => this.#ask("settle", request);
  prepare: Actions["prepare"] = (preparation) => this.#ask("prepare", preparation);
  look: Actions["look"] = (request) => this.#ask("look", request);

  #ask<K extends keyof Actions>(action: K, request: Parameters<Actions[K]>[0]): ReturnType<Actions[K]> {
    const id = ++this.#last;
    this.#worker.postMessage({ id, action, request });
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject })) as ReturnType<Actions[K]>;
  }
}

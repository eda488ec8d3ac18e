/**
 * What the page begins with, before its program is there: the worker, and the network that it opens. As a file of its own (begin-now.ts) it
 * comes long before the rest; where it does not, the rest begins.
 */

export interface Begun {
  readonly worker: Worker;
  readonly network: Promise<ArrayBuffer>;
  /** Why the worker failed, if it did before somebody listened. */
  failure: string | undefined;
}

export const bundledName = "fashion-mnist.safetensors";

/** Begins, the first time that it is asked. */
export function begun(): Begun {
  const page = globalThis as { senetPage?: Begun };
  if (page.senetPage !== undefined) return page.senetPage;
  const worker = new Worker("worker.js", { type: "module" });
  const network = fetch(bundledName).then((answer) => answer.arrayBuffer());
  const made: Begun = { worker, network, failure: undefined };
  worker.onerror = (event) => (made.failure = event.message);
  // Who awaits it says why; until then nobody need be told.
  network.catch(() => {});
  page.senetPage = made;
  return made;
}

/** Starting a worker with whatever the host has: worker_threads of Node, Deno and Bun, or a Web Worker. */
import { builtin } from "./builtin.ts";

/** What a worker says. */
export interface WorkerMessage {
  readonly index: number;
  readonly failure?: string;
  /** The number of the asynchronous run that is over. */
  readonly run?: number;
}

/** A worker of either kind, as far as it is used here. */
export interface PoolWorker {
  post(message: object, transfer?: readonly ArrayBuffer[]): void;
  /** @param ended called once it fails or says what cannot be read, and where the host tells, once it is gone */
  listen(message: (data: WorkerMessage) => void, ended: (reason: string, gone: boolean) => void): void;
  /** May the process end while the worker waits? */
  keepAlive(keep: boolean): void;
  terminate(): void;
}

interface NodeWorker {
  postMessage(message: object, transfer?: readonly ArrayBuffer[]): void;
  on(event: string, handler: (data: never) => void): void;
  ref(): void;
  unref(): void;
  terminate(): unknown;
}

/** Processors that this process may use; 1 where the host does not say. */
export function processors(): number {
  const os = builtin("os") as { availableParallelism?(): number } | undefined;
  if (typeof os?.availableParallelism === "function") return os.availableParallelism();
  return typeof navigator === "undefined" ? 1 : (navigator.hardwareConcurrency ?? 1);
}

/** May this thread sleep? A browser's window may not. */
export function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}

/** Of policies that forbid workers made of a text browsers tell the console, and no program. */
const UNTOLD = "a worker failed, the host does not say why (a content security policy without worker-src data:?)";
const UNREADABLE = "a message from a worker could not be read";

/**
 * @param source what it runs: for Node's worker_threads, which Deno and Bun have too, and for Web Workers
 * @throws Error where the host has none
 */
export function spawn(source: { readonly node: string; readonly web: string }): PoolWorker {
  const threads = builtin("worker_threads") as {
    readonly Worker: new (text: string, options: { readonly eval: true }) => NodeWorker
  } | undefined;
  if (threads !== undefined) {
    const worker = new threads.Worker(source.node, { eval: true });
    return {
      post: (message, transfer) => worker.postMessage(message, transfer),
      listen(message, ended) {
        worker.on("message", message);
        worker.on("messageerror", () => ended(UNREADABLE, false));
        worker.on("error", (error: Error) => ended(`a worker failed: ${error.message}`, false));
        worker.on("exit", (code: number) => ended(`a worker ended with code ${code}`, true));
      },
      keepAlive: (keep) => (keep ? worker.ref() : worker.unref()),
      terminate: () => void worker.terminate(),
    };
  }
  if (typeof Worker === "undefined") throw new Error("this host has no workers");
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(source.web)}`);
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    listen(message, ended) {
      worker.onmessage = ({ data }) => message(data as WorkerMessage);
      worker.onmessageerror = () => ended(UNREADABLE, false);
      worker.onerror = ({ message: what }) => ended(what ? `a worker failed: ${what}` : UNTOLD, false);
    },
    keepAlive: () => undefined,
    terminate: () => worker.terminate(),
  };
}

/** Calls `late` after so many milliseconds, where the host has a clock for it. @returns calls it off */
export function after(milliseconds: number, late: () => void): () => void {
  if (typeof setTimeout === "undefined") return () => undefined;
  const timer = setTimeout(late, milliseconds);
  return () => clearTimeout(timer);
}

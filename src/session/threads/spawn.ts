/** Starting a worker with whatever the host has: worker_threads of Node, Deno and Bun, or a Web Worker. */
import { builtin } from "./builtin.ts";
import { nodeWorkerSource, webWorkerSource } from "./worker-source.ts";

/** A worker of either kind, as far as the pool uses it. */
export interface PoolWorker {
  post(message: object): void;
  /** Called with every message, and with an error once it fails. */
  listen(message: (data: { readonly index: number; readonly failure?: string }) => void, failed: (error: Error) => void): void;
  /** May the process end while the worker waits? */
  keepAlive(keep: boolean): void;
  terminate(): void;
}

interface NodeWorker {
  postMessage(message: object): void;
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

/** @throws Error where the host has no workers, or refuses one */
export function spawn(): PoolWorker {
  const threads = builtin("worker_threads") as { readonly Worker: new (source: string, options: { readonly eval: true }) => NodeWorker } | undefined;
  if (threads !== undefined) {
    const worker = new threads.Worker(nodeWorkerSource, { eval: true });
    return {
      post: (message) => worker.postMessage(message),
      listen(message, failed) {
        worker.on("message", message);
        worker.on("error", failed);
      },
      keepAlive: (keep) => (keep ? worker.ref() : worker.unref()),
      terminate: () => void worker.terminate(),
    };
  }
  if (typeof Worker === "undefined") throw new Error("this host has no workers");
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(webWorkerSource)}`);
  return {
    post: (message) => worker.postMessage(message),
    listen(message, failed) {
      worker.onmessage = ({ data }) => message(data as { readonly index: number });
      worker.onerror = ({ message: what }) => failed(new Error(what ?? "a worker failed"));
    },
    keepAlive: () => undefined,
    terminate: () => worker.terminate(),
  };
}

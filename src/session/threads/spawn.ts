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

/**
 * Where workers come from: an address, or a function that starts one, of worker_threads or the web's.
 * @example
 * const source: WorkerSource = "/pool-worker.js";
 * typeof source   // => string
 */
export type WorkerSource = string | { readonly href: string } | (() => object);

/** Said by setWorkers; by default workers are made of a text. */
export const own: {
  source: WorkerSource | undefined;
  changes: number;
} = { source: undefined, changes: 0 };

interface NodeWorker {
  postMessage(message: object, transfer?: readonly ArrayBuffer[]): void;
  on(event: string, handler: (data: never) => void): void;
  ref(): void;
  unref(): void;
  terminate(): unknown;
}

type WebWorker = InstanceType<NonNullable<typeof Worker>> & { ref?(): void; unref?(): void };

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

const SILENT = "a worker failed, the host does not say why";
/** Of policies that forbid workers made of a text browsers tell the console, and no program. */
const UNTOLD = `${SILENT} (a content security policy without worker-src data:?)`;
const UNREADABLE = "a message from a worker could not be read";

/** Which text it is: a script of one's own tells by it whether it is of this senet. */
export function digest(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16);
}

function ofNode(worker: NodeWorker): PoolWorker {
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

function ofWeb(worker: WebWorker, untold: string): PoolWorker {
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    listen(message, ended) {
      worker.onmessage = ({ data }) => message(data as WorkerMessage);
      worker.onmessageerror = () => ended(UNREADABLE, false);
      worker.onerror = ({ message: what }) => ended(what ? `a worker failed: ${what}` : untold, false);
    },
    keepAlive: (keep) => (keep ? worker.ref?.() : worker.unref?.()),
    terminate: () => worker.terminate(),
  };
}

type NodeThreads = { readonly Worker: new (source: unknown, options?: { readonly eval: true }) => NodeWorker } | undefined;

/** One of the caller's own. @throws Error where there is none */
function startOwn(source: WorkerSource, threads: NodeThreads): PoolWorker {
  const address = typeof source === "function" ? "the function" : typeof source === "string" ? source : source.href;
  const begin = (): unknown => {
    if (typeof source === "function") return source();
    if (threads === undefined) return new Worker!(address, { type: "module" });
    const { URL } = builtin("url") as { readonly URL: new (address: string) => object };
    // Two letters and more: one alone is a drive of Windows'.
    return new threads.Worker(/^[a-z][\w+.-]+:/i.test(address) ? new URL(address) : address);
  };
  const worker = begin() as Partial<NodeWorker & WebWorker> | undefined;
  if (typeof worker?.postMessage !== "function" || typeof worker.terminate !== "function") {
    throw new Error("setWorkers: the function gives no worker");
  }
  return typeof worker.on === "function"
    ? ofNode(worker as NodeWorker)
    : ofWeb(worker as WebWorker, `${SILENT} (is ${address} there, a script, and allowed by worker-src?)`);
}

/**
 * @param source what it runs: for Node's worker_threads, which Deno and Bun have too, and for Web Workers
 * @throws Error where the host has none
 */
export function spawn(source: { readonly node: string; readonly web: string }): PoolWorker {
  const threads = builtin("worker_threads") as NodeThreads;
  if (threads === undefined && typeof Worker === "undefined" && typeof own.source !== "function") {
    throw new Error("this host has no workers");
  }
  if (own.source !== undefined) {
    const worker = startOwn(own.source, threads);
    // The script has all that workers do, and is told with the first message which of it.
    const made = digest(source.web);
    return { ...worker, post: (message, transfer) => worker.post({ ...message, made }, transfer) };
  }
  if (threads !== undefined) return ofNode(new threads.Worker(source.node, { eval: true }));
  return ofWeb(new Worker!(`data:text/javascript,${encodeURIComponent(source.web)}`), UNTOLD);
}

/** Of a worker that does not answer. */
export function unanswered(milliseconds: number): string {
  const likely = own.source === undefined ? "" : " (does its script import senet/worker?)";
  return `a worker did not answer within ${milliseconds / 1000} seconds${likely}`;
}

/** Calls `late` after so many milliseconds, where the host has a clock for it. @returns calls it off */
export function after(milliseconds: number, late: () => void): () => void {
  if (typeof setTimeout === "undefined") return () => undefined;
  const timer = setTimeout(late, milliseconds);
  return () => clearTimeout(timer);
}

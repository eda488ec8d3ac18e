/** Where workers come from. */
import { show } from "../errors.ts";
import { own } from "./threads/spawn.ts";
import type { WorkerSource } from "./threads/spawn.ts";

export type { WorkerSource } from "./threads/spawn.ts";

/**
 * Says where workers come from, those of threads and those of `runAsync`: by default they are made of a text, as `data:` addresses in a
 * browser, which some content security policies forbid. Said once for the program, before the first `compile`; workers that are there stay.
 * Where none comes of it sessions compute on their own thread, and `session.kernels` says why.
 * @param source the address of a script that is, or imports, `senet/worker` (in a browser it is started as a module), or a function that
 * starts one: `() => new Worker(new URL("senet/worker", import.meta.url), { type: "module" })`; undefined: as by default
 * @throws TypeError for anything else
 * @example
 * setWorkers("/pool-worker.js");
 * setWorkers(undefined);
 */
export function setWorkers(source: WorkerSource | undefined): void {
  const given: unknown = source;
  const address: unknown = typeof given === "object" && given !== null && "href" in given ? given.href : given;
  if (given !== undefined && typeof given !== "function" && (typeof address !== "string" || address === "")) {
    throw new TypeError(`setWorkers: source wants an address, a URL or a function that starts a worker, got ${show(source)}`);
  }
  own.source = source;
  own.changes++;
}

/** Threads for sessions that have them. */
import type { ThreadsCapability } from "../backends/capabilities.ts";
import type { Job, Making } from "../backends/making.ts";
import { copies } from "./copies.ts";
import type { Crew } from "./crew.ts";
import { LastingBackend } from "./lasting.ts";
import { growPool, warmPool } from "./pool.ts";
import type { Pool } from "./pool.ts";
import { processors } from "./spawn.ts";

/** Threads where nobody says how many: more than four seldom pay for one image, and of many processors half are no cores of their own. */
function usualThreads(): number {
  const count = processors();
  return Math.min(4, count <= 2 ? count : Math.ceil(count / 2));
}

/** At once those workers that are there; in time as many as are wanted. */
function* crew(threads: number | undefined): Making<Crew> {
  const wanted = threads ?? usualThreads();
  const found: { pool?: Pool | undefined; alone?: string } = {};
  const starting: Job = {
    now: () => {
      found.pool = warmPool();
      if (found.pool === undefined && threads !== undefined) found.alone = "compileSync starts no workers, compile does";
    },
    later: async () => {
      try {
        found.pool = await growPool(wanted - 1);
      } catch (error) {
        found.alone = (error as Error).message;
        // Some may have been started.
        found.pool = warmPool();
      }
    },
  };
  if (wanted > 1) yield starting;
  const { pool, alone } = found;
  return { threads: pool === undefined ? 1 : Math.min(wanted, pool.workers + 1), pool, alone };
}

export const poolThreads: ThreadsCapability = {
  crew,
  copies,
  *lasting(people, made) {
    const { threads, pool } = people;
    const backend = yield* made(people);
    if (pool === undefined || threads === 1) return backend;
    return new LastingBackend(backend, () => made({ ...people, threads: Math.min(threads, pool.workers + 1), alone: pool.missing }));
  },
};

/** What all three commands of the queue agree on: where it is, its names, and what a picture's answer looks like. */
import process from "node:process";
import { Redis } from "ioredis";

/** Environment: REDIS, the address of the server (redis://localhost:6379). */
export const address = process.env["REDIS"] ?? "redis://localhost:6379";
export const name = "pictures";
/** Redis's hash of answers: a picture's path to an `Answer` as JSON. Written once for each path, so no picture counts twice. */
export const answers = "senet:answers";
/** Redis's set of the paths that were asked for. */
export const asked = "senet:asked";

export interface Question {
  readonly path: string;
}
/** The likeliest class, or why there is none. */
export type Answer = { readonly class: string; readonly probability: number } | { readonly refused: string };

/** A connection that waits for a server that is away, instead of giving up after some tries. */
export function connect(): Redis {
  const redis = new Redis(address, { maxRetriesPerRequest: null, retryStrategy: (tries) => Math.min(100 * tries, 2000) });
  // Without a listener each refused connection would be printed with its stack.
  redis.on("error", (error: Error) => console.error(`redis: ${error.message}`));
  return redis;
}

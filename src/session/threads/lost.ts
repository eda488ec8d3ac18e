/**
 * A worker that ended, or no longer answers, while it had begun something: nobody knows what, so what it shared in is of no use any more.
 */
export class Lost extends Error {}

export const LOST_WORKER = "a worker ended in the middle of it";

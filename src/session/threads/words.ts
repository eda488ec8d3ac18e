/**
 * The words by which a pool's threads agree, in a small shared memory of its own; indices of an Int32Array. A job is announced by the epoch;
 * what it is stands in the slot of its epoch. Slots are used in turn, so that a worker which is not needed, and looks late, never
 * reads half of a later job. A worker that was sent a message goes to its event loop at the next epoch, whatever that announces.
 */
export const EPOCH = 0;
/** Workers that sleep until the epoch changes. */
export const ASLEEP = 1;
/** Asynchronous runs that are over. */
export const FINISHED = 2;
/** How many messages were sent to each worker, and how many it has taken in: worker i's words are SENT + i and ACKNOWLEDGED + i. */
export const SENT = 16;
export const ACKNOWLEDGED = 64;

export const SLOTS = 16;
export const FIRST_SLOT = 128;
export const SLOT_WORDS = 8;

/** Words of a slot: threads of a run, its leader included (0 where the epoch announces no run but a message), which part of which program. */
export const THREADS = 0;
export const SESSION = 1;
export const RUN = 2;
/** The worker that leads the run, or 0 for the pool's owner. */
export const LEADER = 3;
/** The number of the run's first stage: the word at STAGE_ADDRESS of the program's memory, when the run began. */
export const STAGE = 4;

/** Workers of a pool, at most. */
export const MOST_WORKERS = 32;

/**
 * The words by which a pool's threads agree, in a small shared memory of its own; indices of an Int32Array. A job is announced by the
 * epoch; what it is stands in the slot of its epoch. Slots are used in turn, so that a worker which is not needed, and looks late, never
 * reads half of a later job. A worker that was sent a message goes to its event loop at the next epoch, whatever that announces.
 */
export const EPOCH = 0;
/** Workers that sleep until the epoch changes. */
export const ASLEEP = 1;
/** The number of the latest asynchronous run that is over. */
export const FINISHED = 2;
/** How many messages were sent to each worker, and how many it has taken in: worker i's words are SENT + i and ACKNOWLEDGED + i. */
export const SENT = 16;
export const ACKNOWLEDGED = 64;

export const SLOTS = 16;
export const FIRST_SLOT = 128;
export const SLOT_WORDS = 8;

/**
 * Words of a slot: which workers help with a run, a bit for each (none where the epoch announces a message); which span of which program.
 */
export const HELPERS = 0;
export const SESSION = 1;
export const RUN = 2;
/** The number of the run's first stage: the word at STAGE_ADDRESS of the program's memory, when the run began. */
export const STAGE = 3;

/** Workers of a pool, at most. */
export const MOST_WORKERS = 32;

/** What the readers of this folder share: their errors, and how much memory they may take. */
import { FormatError } from "../../../errors.ts";

/** @throws FormatError always */
export function bad(why: string = "it is damaged or cut short"): never {
  throw new FormatError(`checkpoint: ${why}`);
}

export interface CheckpointOptions {
  /** Bytes of memory that reading may take beside the file; by default 64 MB and four times the file. */
  readonly memory?: number;
}

/** Takes so many bytes from what is left. @throws FormatError where that is not enough */
export type Budget = (bytes: number) => void;

/** So that a file of some bytes cannot fill the machine. */
export function budgetOf(file: Uint8Array, { memory = 64e6 + 4 * file.length }: CheckpointOptions): Budget {
  let left = memory;
  return (bytes) => {
    if (!((left -= bytes) >= 0)) bad(`it takes more than ${memory} bytes of memory, which { memory } allows`);
  };
}

/** Making what a host may refuse to make at once: the same jobs now (`compileSync`), or while others have their turns (`compile`). */

/** A part of making something that hosts may refuse to do at once: compiling large modules, starting workers. */
export interface Job {
  /** @throws where it cannot be done at once */
  now(): void;
  later(): Promise<void>;
}

/** The making of something, from job to job. What a job throws is thrown where it was yielded. */
export type Making<T> = Generator<Job, T>;

/** Makes it now. */
export function atOnce<T>(making: Making<T>): T {
  let result = making.next();
  while (result.done !== true) {
    try {
      result.value.now();
    } catch (error) {
      result = making.throw(error);
      continue;
    }
    result = making.next();
  }
  return result.value;
}

/** Makes it while others have their turns. */
export async function inTime<T>(making: Making<T>): Promise<T> {
  let result = making.next();
  while (result.done !== true) {
    try {
      await result.value.later();
    } catch (error) {
      result = making.throw(error);
      continue;
    }
    result = making.next();
  }
  return result.value;
}

/** A host that does not compile or run modules of kernels: the next family takes over, with this as the reason. */
export class Refusal extends Error {}

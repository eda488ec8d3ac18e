/** A family of kernels before anything is made of it: what choose.ts chooses from. */
import type { Backend } from "./backend.ts";
import type { Wanted } from "./capabilities.ts";
import type { Making } from "./making.ts";

export interface BackendKind {
  /** As the option `kernels` has it. */
  readonly name: string;
  /** Why there is none here, for people to read; undefined where there is. */
  missing(): string | undefined;
  /**
   * @param why this one, where others come first
   * @throws Refusal where the host does not let it be made; Error where what is wanted makes no sense
   */
  make(wanted: Wanted, why: string): Making<Backend>;
}

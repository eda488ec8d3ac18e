import type { Pool } from "./pool.ts";

/** Who computes, and why no more where more are wanted. */
export interface Crew {
  readonly threads: number;
  readonly pool: Pool | undefined;
  readonly alone: string | undefined;
}

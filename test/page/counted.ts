/** Expectations, counted; and a folder for files of the tests. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = join(dirname(fileURLToPath(import.meta.url)), "../..");
export const work: string = mkdtempSync(join(tmpdir(), "senet-page-"));
export const count = { passed: 0, failed: 0 };

/** Counts one expectation; the rest goes on after a failure. */
export async function expect(what: string, test: () => Promise<string | void>): Promise<void> {
  try {
    const said = await test();
    count.passed++;
    console.log(`ok   ${what}${said === undefined ? "" : `: ${said}`}`);
  } catch (error) {
    count.failed++;
    console.log(`FAIL ${what}\n${(error as Error).message}`);
  }
}

export function sure(holds: boolean, why: string): void {
  if (!holds) throw new Error(why);
}


/** Calls the command line in this process and keeps what it prints. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { main } from "../../src/cli/program.ts";

export interface Call {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

export async function senet(...args: string[]): Promise<Call> {
  let output = "";
  let errors = "";
  const { stdout, stderr } = process;
  const keep = [stdout.write, stderr.write] as const;
  stdout.write = (text) => ((output += text), true);
  stderr.write = (text) => ((errors += text), true);
  try {
    const code = await main(args);
    return { code, output, errors };
  } finally {
    [stdout.write, stderr.write] = keep;
  }
}

/** A new empty folder. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "senet-test-"));
}

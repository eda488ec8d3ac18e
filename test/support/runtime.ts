/** Starting another file of TypeScript in a process of its own, on the runtime that runs this one. */
import { execFile } from "node:child_process";
import process from "node:process";

/** The arguments after the runtime's own path. */
export function command(file: string): string[] {
  if (process.versions.deno !== undefined) return ["run", "--allow-all", "--quiet", file];
  if (process.versions.bun !== undefined) return ["run", file];
  // Under tsx this carries its loader; Node 22.18 and newer need none.
  return [...process.execArgv, file];
}

export interface Ended {
  /** 0 where all went well; undefined where it was ended, for it took too long. */
  readonly code: number | undefined;
  readonly output: string;
  readonly errors: string;
}

/** @param seconds after which the process is ended */
export function runFile(file: string, args: readonly string[], seconds: number): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { maxBuffer: 1 << 26, timeout: 1000 * seconds, env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" } };
    execFile(process.execPath, [...command(file), ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code ?? undefined, output: stdout, errors: stderr });
    });
  });
}

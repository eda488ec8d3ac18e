/** Calls the command line in this process and keeps what it prints. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { commands, main } from "../../src/cli/program.ts";

export interface Call {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Without options that are given again later: tests add to a usual call. */
function lastOfEach([name, ...args]: readonly string[]): string[] {
  const options = commands.find((command) => command.name === name)?.options ?? {};
  const groups: string[][] = [];
  for (let i = 0; i < args.length; i++) {
    const option = Object.hasOwn(options, args[i].slice(2)) && args[i].startsWith("--") ? options[args[i].slice(2)] : undefined;
    groups.push(option?.value === undefined ? [args[i]] : args.slice(i, ++i + 1));
  }
  const left = groups.filter(([first], i) => !first.startsWith("--") || !groups.slice(i + 1).some(([later]) => later === first));
  return [...(name === undefined ? [] : [name]), ...left.flat()];
}

/** Of an option that stands twice the last counts; `asGiven` is the call without that. */
export function senet(...args: string[]): Promise<Call> {
  return asGiven(...lastOfEach(args));
}

export async function asGiven(...args: string[]): Promise<Call> {
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

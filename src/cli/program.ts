/** All commands, and how a call ends: its output, its errors in one line, its exit code. */
import process from "node:process";
import { didYouMean, printable } from "../errors.ts";
import { version } from "../version.ts";
import { Arguments, StoppedError, UsageError, helpColumns, helpText } from "./command.ts";
import type { Command } from "./command.ts";
import { bench } from "./commands/bench.ts";
import { bundleCommand } from "./commands/bundle.ts";
import { classify } from "./commands/classify.ts";
import { compileCommand } from "./commands/compile.ts";
import { explain } from "./commands/explain.ts";
import { gates } from "./commands/gates.ts";
import { convert } from "./commands/convert.ts";
import { evalCommand } from "./commands/eval.ts";
import { report } from "./commands/report.ts";
import { run } from "./commands/run.ts";
import { segment } from "./commands/segment.ts";
import { summary } from "./commands/summary.ts";
import { train } from "./commands/train.ts";
import { workerCommand } from "./commands/worker.ts";
import { endNotes, print, remark, wrapped } from "./terminal.ts";

export const commands: readonly Command[] = [
  classify, explain, gates, run, summary, bench, train, evalCommand, report, segment, convert, compileCommand,
  bundleCommand, workerCommand,
];

function overview(): string {
  const width = Math.max(...commands.map((command) => command.name.length)) + 2;
  return [
    "senet: Squeeze-and-Excitation networks in pure TypeScript",
    "",
    "senet <command> [arguments]",
    "",
    ...commands.flatMap(({ name, help }) =>
      wrapped(help.split("\n")[0], helpColumns - width - 2).map((line, i) => `  ${(i === 0 ? name : "").padEnd(width)}${line}`)),
    "",
    "senet <command> --help tells more; senet --version says which this is.",
  ].join("\n");
}

/** @throws UsageError for a name that is none, with the nearest one */
function commandOf(name: string): Command {
  const command = commands.find((candidate) => candidate.name === name);
  if (command !== undefined) return command;
  const names = commands.map((candidate) => candidate.name);
  throw new UsageError(`unknown command "${printable(name)}"${didYouMean(name, names)}; commands: ${names.join(", ")}`);
}

/** Runs one call and returns its exit code: 0 success, 1 a failed job, 2 wrong usage, 130 or 143 stopped by a signal. */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  try {
    // `senet help COMMAND`, as git and npm have it.
    const about = /^(help|--help|-h)$/.test(name ?? "") ? rest.find((word) => !word.startsWith("-")) : undefined;
    if (about !== undefined) {
      print(helpText(commandOf(about)));
      return 0;
    }
    if (name === undefined || name === "--help" || name === "help" || name === "-h") {
      print(overview());
      return 0;
    }
    if (/^(--version|-v|-V|version)$/.test(name)) {
      print(`senet ${version}`);
      return 0;
    }
    const command = commandOf(name);
    if (rest.includes("--help") || rest.includes("-h")) {
      print(helpText(command));
      return 0;
    }
    await command.run(new Arguments(command, rest));
    endNotes(true);
    return 0;
  } catch (error) {
    endNotes(false);
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    const line = message.replace(/\s*\n\s*/g, " ");
    remark(`${line.startsWith("senet ") ? "" : "senet: "}${line}`);
    if (process.env.SENET_DEBUG) process.stderr.write(`${stack}\n`);
    return error instanceof UsageError ? 2 : error instanceof StoppedError ? error.code : 1;
  }
}

/** All commands, and how a call ends: its output, its errors in one line, its exit code. */
import process from "node:process";
import { didYouMean } from "../errors.ts";
import { Arguments, StoppedError, UsageError, helpText } from "./command.ts";
import type { Command } from "./command.ts";
import { bench } from "./commands/bench.ts";
import { classify } from "./commands/classify.ts";
import { compileCommand } from "./commands/compile.ts";
import { convert } from "./commands/convert.ts";
import { evalCommand } from "./commands/eval.ts";
import { report } from "./commands/report.ts";
import { run } from "./commands/run.ts";
import { segment } from "./commands/segment.ts";
import { summary } from "./commands/summary.ts";
import { train } from "./commands/train.ts";
import { print } from "./terminal.ts";

const commands: readonly Command[] = [classify, run, summary, bench, train, evalCommand, report, segment, convert, compileCommand];

function overview(): string {
  const width = Math.max(...commands.map((command) => command.name.length)) + 2;
  return [
    "senet: Squeeze-and-Excitation networks in pure TypeScript",
    "",
    "senet <command> [arguments]",
    "",
    ...commands.map((command) => `  ${command.name.padEnd(width)}${command.help.split("\n")[0]}`),
    "",
    "senet <command> --help tells more.",
  ].join("\n");
}

/** Runs one call and returns its exit code: 0 success, 1 a failed job, 2 wrong usage, 130 or 143 stopped by a signal. */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  try {
    if (name === undefined || name === "--help" || name === "help" || name === "-h") {
      print(overview());
      return 0;
    }
    const command = commands.find((candidate) => candidate.name === name);
    if (command === undefined) {
      const names = commands.map((candidate) => candidate.name);
      throw new UsageError(`unknown command "${name}"${didYouMean(name, names)}; commands: ${names.join(", ")}`);
    }
    if (rest.includes("--help")) {
      print(helpText(command));
      return 0;
    }
    await command.run(new Arguments(command, rest));
    return 0;
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    const line = message.replace(/\s*\n\s*/g, " ");
    process.stderr.write(`${line.startsWith("senet ") ? "" : "senet: "}${line}\n`);
    if (process.env.SENET_DEBUG) process.stderr.write(`${stack}\n`);
    return error instanceof UsageError ? 2 : error instanceof StoppedError ? error.code : 1;
  }
}

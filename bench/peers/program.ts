/** A race as a program: its arguments, its folder of work, what it says of mistakes, its exit code. */
import { rmSync } from "node:fs";
import process from "node:process";
import { Arguments, UsageError, helpText } from "../../src/cli/command.ts";
import type { Command } from "../../src/cli/command.ts";
import { print } from "../../src/cli/terminal.ts";
import { workFolder } from "./bundle.ts";

/** Ends the process. @param run with a folder that is removed afterwards */
export async function runProgram(described: Omit<Command, "run">, run: (args: Arguments, folder: string) => Promise<void>): Promise<never> {
  const { name } = described;
  const command: Command = {
    ...described,
    run: async (args) => {
      const folder = workFolder();
      process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
      process.on("SIGINT", () => process.exit(130));
      await run(args, folder);
    },
  };
  try {
    if (process.argv.includes("--help")) print(helpText(command));
    else await command.run(new Arguments(command, process.argv.slice(2)));
  } catch (error) {
    const message = (error as Error).message;
    const own = [`senet ${name}: `, `${name}: `].find((prefix) => message.startsWith(prefix)) ?? "";
    process.stderr.write(`${name}: ${message.slice(own.length)}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
  process.exit();
}

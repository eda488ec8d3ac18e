/** What a command is, how its arguments are read, and the two ways in which it fails. */
import { parseArgs } from "node:util";
import { didYouMean, printable } from "../errors.ts";
import { counted, wrapped } from "./terminal.ts";

/** Wrong usage: exit code 2. Every other error that reaches `main` is a failed job: exit code 1. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The user stopped the job, which had put everything in safety: exit code 130 (interrupt) or 143 (terminate). */
export class StoppedError extends Error {
  override readonly name = "StoppedError";
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

export interface OptionHelp {
  /** What the value stands for in the help, such as "FILE"; none for a switch. */
  readonly value?: string;
  readonly help: string;
}

export interface Command {
  readonly name: string;
  /** After the name: "MODEL [options]". */
  readonly usage: string;
  readonly help: string;
  readonly options: Readonly<Record<string, OptionHelp>>;
  /** How many arguments without a name it takes. */
  readonly positionals: { readonly least: number; readonly most: number };
  run(args: Arguments): Promise<void> | void;
}

/** The arguments of one call, checked against the command's options. */
export class Arguments {
  readonly command: Command;
  readonly positionals: readonly string[];
  readonly #values: Readonly<Record<string, string | boolean | undefined>>;

  /** @throws UsageError for an unknown option (with the nearest name), a missing value, one option twice, too many or too few arguments. */
  constructor(command: Command, args: readonly string[]) {
    const options: Record<string, { type: "string" | "boolean" }> = {};
    for (const [name, option] of Object.entries(command.options)) {
      options[name] = { type: option.value === undefined ? "boolean" : "string" };
    }
    // Not strict: the messages are ours, with the nearest name in them.
    const { values, positionals, tokens } = parseArgs({ args, options, allowPositionals: true, strict: false, tokens: true });
    const names = Object.keys(options);
    for (const [name, value] of Object.entries(values)) {
      if (!Object.hasOwn(options, name)) {
        // One dash begins letters: the whole is told, not its first letter.
        const single = args.find((text) => text.startsWith(`-${name}`))?.split("=")[0].slice(0, 60);
        if (single !== undefined) {
          const near = didYouMean(single.slice(1), names).replace('"', '"--') || " (options begin with two dashes)";
          throw new UsageError(`senet ${command.name}: unknown option ${printable(single)}${near}; see senet ${command.name} --help`);
        }
        const near = didYouMean(name, names).replace('"', '"--');
        const bare = name === "model" && command.usage.includes("MODEL") ? ": MODEL stands by itself, without --model" : near;
        throw new UsageError(`senet ${command.name}: unknown option --${name}${bare}; see senet ${command.name} --help`);
      }
      if (options[name].type === "string" && typeof value !== "string") {
        throw new UsageError(`senet ${command.name}: --${name} wants a value (${command.options[name].value})`);
      }
      // Times say themselves how they are written.
      if (options[name].type === "string" && value === "" && command.options[name].value !== "TIME") {
        throw new UsageError(`senet ${command.name}: --${name} wants a value (${command.options[name].value}), got ""`);
      }
      if (options[name].type === "boolean" && typeof value === "string") {
        throw new UsageError(`senet ${command.name}: --${name} takes no value`);
      }
    }
    // Which of two would hold, nobody could tell from the command.
    const seen = new Set<string>();
    for (const token of tokens) {
      if (token.kind !== "option") continue;
      if (seen.has(token.name)) throw new UsageError(`senet ${command.name}: --${token.name} is given twice: give it once`);
      seen.add(token.name);
    }
    const { least, most } = command.positionals;
    if (positionals.length < least || positionals.length > most) {
      throw new UsageError(
        `senet ${command.name}: wants ${command.usage}, got ${counted(positionals.length, "argument")}`,
      );
    }
    this.command = command;
    this.positionals = positionals;
    this.#values = values;
  }

  /** @throws UsageError where one of these options was given, which are for something else only */
  refuse(purpose: string, ...names: readonly string[]): void {
    for (const name of names) {
      if (this.#values[name] !== undefined) throw new UsageError(`senet ${this.command.name}: --${name} is for ${purpose}`);
    }
  }

  /**
   * The one of what was named, where that may be said in several ways; undefined where none was.
   * @throws UsageError where there are several: one of them would be dropped unsaid
   */
  only(what: string, named: readonly (string | undefined)[]): string | undefined {
    const [first, second] = named.filter((name) => name !== undefined);
    if (second === undefined) return first;
    throw new UsageError(`senet ${this.command.name}: wants one ${what}, got ${printable(first!)} and ${printable(second)}`);
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined;
  text(name: string, fallback: string): string;
  text(name: string, fallback?: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : fallback;
  }

  /** @throws UsageError where the option is absent. */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new UsageError(`senet ${this.command.name}: wants --${name} ${this.command.options[name].value}`);
    return value;
  }

  /** A number; with `whole`, a whole one. @throws UsageError for anything else, or below `least`. */
  number(name: string, fallback: number, options: { readonly least?: number; readonly whole?: boolean } = {}): number {
    const given = this.text(name);
    if (given === undefined) return fallback;
    const value = given.trim() === "" ? NaN : Number(given);
    const { least = -Infinity, whole = false } = options;
    if (!(value >= least && Number.isFinite(value)) || (whole && !Number.isSafeInteger(value))) {
      const kind = `a ${whole ? "whole " : ""}number${least === -Infinity ? "" : ` of at least ${least}`}`;
      throw new UsageError(`senet ${this.command.name}: --${name} wants ${kind}, got "${given}"`);
    }
    return value;
  }

  /** Comma-separated values. */
  list(name: string, fallback: readonly string[]): readonly string[] {
    return this.text(name)?.split(",").map((part) => part.trim()) ?? fallback;
  }

  /** One of some words. @throws UsageError for another. */
  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.text(name, fallback) as T;
    if (!choices.includes(value)) {
      throw new UsageError(
        `senet ${this.command.name}: --${name} wants one of ${choices.join(", ")}, got "${value}"${didYouMean(value, choices)}`,
      );
    }
    return value;
  }

  /** A JSON object. @throws UsageError for anything else. */
  json(name: string): Record<string, unknown> {
    const given = this.text(name);
    if (given === undefined) return {};
    let value: unknown;
    try {
      value = JSON.parse(given);
    } catch {
      value = undefined;
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new UsageError(
        `senet ${this.command.name}: --${name} wants a JSON object such as '{"classes":10}', got ${JSON.stringify(given)}`,
      );
    }
    return value as Record<string, unknown>;
  }
}

/** As wide as every terminal is. */
export const helpColumns = 80;

/** The text of `senet COMMAND --help`. */
export function helpText(command: Command): string {
  const rows = Object.entries(command.options)
    .map(([name, { value, help }]) => [`  --${name}${value === undefined ? "" : ` ${value}`}`, help]);
  const left = Math.max(0, ...rows.map(([name]) => name.length)) + 2;
  const indented = ([name, help]: readonly string[]): string[] =>
    wrapped(help, helpColumns - left).map((line, i) => (i === 0 ? name : "").padEnd(left) + line);
  return [
    ...wrapped(`senet ${command.name} ${command.usage}`.trimEnd(), helpColumns),
    "",
    ...command.help.split("\n").flatMap((line) => wrapped(line, helpColumns)),
    ...(rows.length === 0 ? [] : ["", "Options:", ...rows.flatMap(indented)]),
  ].join("\n");
}

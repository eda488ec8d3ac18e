/** The log of a run: JSON lines beside the result, one object a line, for plotting. */
import { appendFileSync, existsSync } from "node:fs";
import { decodeUtf8 } from "../../io/bytes/utf8.ts";
import { readBytes, writeBytes } from "../files.ts";

export class TrainingLog {
  readonly path: string;
  #waiting = "";

  constructor(path: string) {
    this.path = path;
  }

  /** Begins anew; or, where a run goes on from `step`, keeps the lines up to there. */
  begin(step: number): void {
    const kept = step === 0 || !existsSync(this.path)
      ? []
      : decodeUtf8(readBytes(this.path), this.path).split("\n").filter((line) => isUpTo(line, step));
    writeBytes(this.path, kept.map((line) => `${line}\n`).join(""));
  }

  /** Adds a line; it reaches the file with the next `flush`. */
  add(entry: Readonly<Record<string, unknown>>): void {
    this.#waiting += `${JSON.stringify(entry)}\n`;
  }

  /** @throws Error naming the file. */
  flush(): void {
    try {
      appendFileSync(this.path, this.#waiting);
    } catch (error) {
      throw new Error(`cannot write ${this.path}: ${(error as Error).message}`);
    }
    this.#waiting = "";
  }
}

/** A whole line of the log, of a step that the checkpoint has seen. */
function isUpTo(line: string, step: number): boolean {
  try {
    const entry = JSON.parse(line) as { step?: unknown };
    return typeof entry.step !== "number" || entry.step <= step;
  } catch {
    return false;
  }
}

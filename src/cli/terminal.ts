/** What the commands print: tables, bars, and a progress line on a terminal. */
import process from "node:process";
import { counted as countedPlainly, printable } from "../errors.ts";

/** Names of classes, tensors and files come from strangers: what acts on a terminal is spelled out, but for line ends. */
function visible(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** What is to be said on standard error beside a result. */
const notes: string[] = [];

/** A remark on what was guessed or left out, said when there is a result; a call that fails says what failed, and no more. */
export function note(line: string): void {
  notes.push(line);
}

/** Says the notes, or drops them. */
export function endNotes(say: boolean): void {
  for (const line of notes.splice(0)) if (say) remark(line);
}

/** One line to standard output. */
export function print(line: string = ""): void {
  endNotes(true);
  process.stdout.write(`${visible(line)}\n`);
}

/** One line to standard error: remarks that must not mix with what a program reads. */
export function remark(line: string): void {
  process.stderr.write(`${broken(visible(line), process.stderr)}\n`);
}

/** A sentence to standard output; on a terminal in lines that fit it. */
export function say(line: string): void {
  print(broken(line, process.stdout));
}

/** On a terminal broken between words, instead of at its last column; what a program reads stays on its lines. */
function broken(text: string, { isTTY, columns: room = 80 }: typeof process.stdout): string {
  if (isTTY !== true) return text;
  return text.split("\n").map((line) => (line.length <= room ? line : wrapped(line, room - 2).join("\n  "))).join("\n");
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Letters that a line has room for. */
export function columns(): number {
  return Math.max(40, process.stdout.columns ?? 80);
}

/** `text`, cut where it is longer than `most` letters. */
export function clipped(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, Math.max(1, most - 1))}…`;
}

/** `text` in lines of at most `width` letters; a longer word has a line of its own. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** `12,345,678`. */
export function thousands(n: number): string {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** `1 file`, `1,234 files`. */
export function counted(n: number, one: string, many: string = `${one}s`): string {
  return countedPlainly(n, one, many, thousands(n));
}

/** `12.34 %`. @param share 0 to 1 */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** `12 s`, `3 min 4 s`, `5 h 6 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return whole < 3600 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Columns under headings; those named in `right` are flush right. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], right: readonly string[] = []): string {
  // A name with a line end in it stays on its line.
  rows = rows.map((row) => row.map(printable));
  const widths = headings.map((heading, i) => rows.reduce((most, row) => Math.max(most, row[i].length), heading.length));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (right.includes(headings[i]) ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join("  ").trimEnd();
  return [line(headings), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** A bar of `width` cells, an eighth of a cell fine. @param share 0 to 1 */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const full = "█".repeat(Math.floor(eighths / 8));
  return eighths % 8 === 0 ? full : full + " ▏▎▍▌▋▊▉"[eighths % 8];
}

/** A bar, a share, the seconds left and as many texts as fit. */
export function progressLine(share: number, left: number | undefined, texts: readonly string[], columns: number): string {
  const width = columns < 100 ? 12 : 24;
  let line = `${bar(share, width).padEnd(width)} ${String(Math.floor(share * 100)).padStart(3)} %`;
  for (const text of [...(left === undefined ? [] : [`${duration(left)} left`]), ...texts]) {
    if (line.length + 2 + text.length > columns) break;
    line += `  ${text}`;
  }
  return line.slice(0, columns);
}

/** A line that is rewritten in place while work goes on; silent where standard error is no terminal. */
export class Progress {
  #last = 0;
  #shown = false;
  /** Share and time of the first call: what is left is judged by what was done since. */
  #first: { readonly share: number; readonly time: number } | undefined;

  /** @param texts what is said beside the bar and the time left; those at the end are left out where the terminal is narrow */
  update(share: number, texts: string | readonly string[]): void {
    const now = performance.now();
    this.#first ??= { share, time: now };
    if (process.stderr.isTTY !== true || (now - this.#last < 100 && share < 1)) return;
    this.#last = now;
    this.#shown = true;
    const columns = process.stderr.columns ?? 80;
    process.stderr.write(`\r\x1b[K${progressLine(share, this.#left(share, now), [texts].flat(), columns - 1)}`);
  }

  /** Seconds until it is done, where that can be told. */
  #left(share: number, now: number): number | undefined {
    const { share: begun, time } = this.#first!;
    const seconds = (now - time) / 1000;
    return share > begun && seconds > 1 ? ((1 - share) * seconds) / (share - begun) : undefined;
  }

  /** Clears the line. */
  end(): void {
    if (this.#shown) process.stderr.write("\r\x1b[K");
    this.#shown = false;
  }
}

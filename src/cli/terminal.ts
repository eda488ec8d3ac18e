/** What the commands print: tables, bars, and a progress line on a terminal. */
import process from "node:process";

/** One line to standard output. */
export function print(line: string = ""): void {
  process.stdout.write(`${line}\n`);
}

/** One line to standard error: remarks that must not mix with what a program reads. */
export function remark(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** `12,345,678`. */
export function thousands(n: number): string {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** `12.34 %`. @param share 0 to 1 */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** `12 s`, `3 min 4 s`, `5 h 6 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : whole < 3600 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Columns under headings; those named in `right` are flush right. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], right: readonly string[] = []): string {
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i].length)));
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

/** A line that is rewritten in place while work goes on; silent where standard error is no terminal. */
export class Progress {
  #last = 0;
  #shown = false;

  update(share: number, text: string): void {
    const now = performance.now();
    if (process.stderr.isTTY !== true || (now - this.#last < 100 && share < 1)) return;
    this.#last = now;
    this.#shown = true;
    const line = `${bar(share, 24).padEnd(24)} ${String(Math.floor(share * 100)).padStart(3)} %  ${text}`;
    process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 100) - 1)}`);
  }

  /** Clears the line. */
  end(): void {
    if (this.#shown) process.stderr.write("\r\x1b[K");
    this.#shown = false;
  }
}

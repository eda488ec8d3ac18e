/**
 * What a chapter writes on: paragraphs, numbers, pictures and claims. Pictures go to the terminal, and with `--svg DIR` each goes to a file
 * too. A claim that does not hold ends the chapter with an error: so a chapter can never say what is not so.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import process from "node:process";
import type { Floats } from "../../kernels/shapes.ts";
import { barsSvg, curveSvg, imageSvg } from "./svg.ts";

const columns = 78;
const shades = " .:-=+*#%@";
let chapterNumber = 0;
let pictures = 0;

export function chapter(number: number, title: string): void {
  chapterNumber = number;
  console.log(`\n${number}. ${title}\n${"=".repeat(`${number}. ${title}`.length)}`);
}

/** A paragraph; line breaks in the text do not count. */
export function say(text: string): void {
  const lines = [""];
  for (const word of text.trim().split(/\s+/)) {
    if (lines[lines.length - 1].length + word.length >= columns) lines.push("");
    lines[lines.length - 1] += (lines[lines.length - 1] === "" ? "" : " ") + word;
  }
  console.log(`\n${lines.join("\n")}`);
}

export function heading(text: string): void {
  console.log(`\n${text}\n${"-".repeat(text.length)}`);
}

/** A number with few digits, aligned. */
export function digits(value: number, places: number = 3): string {
  return value.toFixed(places).padStart(places + 4);
}

/** Rows of numbers under a title: `values` is [rows, columns]. */
export function numbers(title: string, values: ArrayLike<number>, rows: number, width: number, places: number = 2): void {
  console.log(`\n  ${title}`);
  for (let r = 0; r < rows; r++) {
    console.log(`  ${Array.from({ length: width }, (_, c) => digits(values[r * width + c], places)).join("")}`);
  }
}

export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const all = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i].length)));
  console.log("");
  all.forEach((row, r) => {
    console.log(`  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ")}`);
    if (r === 0) console.log(`  ${widths.map((w) => "-".repeat(w)).join("  ")}`);
  });
}

/** Says what was shown. @throws Error if it is not so */
export function claim(what: string, holds: boolean): void {
  if (!holds) throw new Error(`chapter ${chapterNumber}: this does not hold: ${what}`);
  console.log(`\n  [x] ${what}`);
}

/** The largest distance between two arrays of one length. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
}

function save(title: string, svg: string): void {
  const at = process.argv.indexOf("--svg");
  if (at < 0) return;
  const folder = process.argv[at + 1];
  mkdirSync(folder, { recursive: true });
  pictures++;
  const name = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
  writeFileSync(`${folder}/${String(chapterNumber).padStart(2, "0")}-${pictures}-${name}.svg`, svg);
}

/** One channel as a picture, dark to light from the least to the largest value. */
export function picture(title: string, values: Floats, height: number, width: number): void {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const range = high - low || 1;
  console.log(`\n  ${title}   (from ${low.toFixed(2)} to ${high.toFixed(2)})`);
  for (let h = 0; h < height; h++) {
    let line = "";
    for (let w = 0; w < width; w++) {
      const shade = shades[Math.min(shades.length - 1, Math.floor(((values[h * width + w] - low) / range) * shades.length))];
      line += shade + shade;
    }
    console.log(`  ${line.trimEnd()}`);
  }
  save(title, imageSvg(title, values, height, width, low, range));
}

/** Values from 0 to `most` as bars. */
export function bars(
  title: string, labels: readonly string[], values: ArrayLike<number>, most: number = Math.max(...Array.from(values)),
): void {
  console.log(`\n  ${title}`);
  const wide = Math.max(...labels.map((label) => label.length));
  labels.forEach((label, i) => {
    const length = Math.round((40 * Math.max(values[i], 0)) / (most || 1));
    console.log(`  ${label.padEnd(wide)} ${digits(values[i])} ${"#".repeat(length)}`);
  });
  save(title, barsSvg(title, labels, values, most));
}

/** A curve of values, from left to right. */
export function curve(title: string, values: readonly number[]): void {
  const high = Math.max(...values);
  const low = Math.min(...values);
  const rows = 8;
  const width = Math.min(60, values.length);
  console.log(`\n  ${title}`);
  const at = (i: number): number => values[Math.floor((i * (values.length - 1)) / Math.max(1, width - 1))];
  for (let r = rows - 1; r >= 0; r--) {
    let line = "";
    for (let i = 0; i < width; i++) {
      const level = Math.min(rows - 1, Math.floor(((at(i) - low) / (high - low || 1)) * rows));
      line += level === r ? "*" : " ";
    }
    const label = r === rows - 1 ? high : r === 0 ? low : undefined;
    console.log(`  ${label === undefined ? " ".repeat(7) : digits(label)} |${line.trimEnd()}`);
  }
  save(title, curveSvg(title, values, low, high));
}

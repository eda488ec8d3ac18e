/** Reading and writing files, with one-line errors; nothing is ever left half written. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** @throws Error naming the file and what is wrong with it. */
export function readBytes(path: string): Uint8Array {
  try {
    if (statSync(path).isDirectory()) throw new Error("it is a directory");
    return readFileSync(path);
  } catch (error) {
    throw new Error(`cannot read ${path}: ${reason(error)}`);
  }
}

/** Writes to a temporary name beside the target and renames, so that a failure leaves what was there before. */
export function writeBytes(path: string, data: Uint8Array | string): void {
  const temporary = `${path}.${process.pid}.part`;
  try {
    if (!existsSync(dirname(path))) mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, data);
    renameSync(temporary, path);
  } catch (error) {
    discard(temporary);
    throw new Error(`cannot write ${path}: ${reason(error)}`);
  }
}

function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What could not be made need not be removed.
  }
}

/** A file of models/pretrained, from the source tree and from the built package alike. */
export function bundledPath(...parts: string[]): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const roots = [join(here, "..", ".."), join(here, "..", "..", "..")];
  const root = roots.find((candidate) => existsSync(join(candidate, "models", "pretrained"))) ?? roots[0];
  return join(root, "models", "pretrained", ...parts);
}

function reason(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  if (code === "ENOENT") return "no such file";
  if (code === "EACCES" || code === "EPERM") return "no permission";
  if (code === "ENOSPC") return "the disk is full";
  if (code === "ENOTDIR") return "a part of its path is a file, not a directory";
  if (code === "EISDIR") return "it is a directory";
  return message ?? String(error);
}

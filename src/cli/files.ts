/** Reading and writing files, with one-line errors; nothing is ever left half written. */
import {
  accessSync, chmodSync, closeSync, constants, existsSync, lstatSync, mkdirSync, openSync, readFileSync, readSync, readdirSync,
  readlinkSync, realpathSync, renameSync, rmSync, statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { join as joinBytes } from "../io/bytes/inflate.ts";

/** @throws Error naming the file and what is wrong with it. */
export function readBytes(path: string): Uint8Array {
  try {
    if (statSync(path).isDirectory()) throw new Error("it is a directory");
    return readFileSync(path);
  } catch (error) {
    throw new Error(`cannot read ${path}: ${reason(error)}`);
  }
}

/** All of the standard input. @throws Error where there is nothing */
export async function bytesOfInput(): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of process.stdin) pieces.push(piece);
  if (pieces.length === 0) throw new Error("standard input: there is nothing to read");
  return joinBytes(pieces);
}

/** The first bytes of a file, fewer where it is shorter. @throws Error as `readBytes` */
export function readHead(path: string, count: number): Uint8Array {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const bytes = new Uint8Array(count);
    return bytes.subarray(0, readSync(file, bytes));
  } catch (error) {
    throw new Error(`cannot read ${path}: ${reason(error)}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

export const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** Names in a folder, in an order that does not depend on the host; hidden ones are left out. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith(".")).sort();
  } catch (error) {
    throw new Error(`cannot read ${folder}: ${reason(error)}`);
  }
}

/**
 * All files below a folder, those of a folder before those of the folders in it. A folder that a link leads back to is read once; a link
 * to nothing is a file.
 */
export function filesBelow(folder: string, seen: Set<string> = new Set()): string[] {
  const real = realpathSync(folder);
  if (seen.has(real)) return [];
  seen.add(real);
  const paths = namesIn(folder).map((name) => join(folder, name));
  const folders = new Set(paths.filter(isFolder));
  return [...paths.filter((path) => !folders.has(path)), ...[...folders].flatMap((each) => filesBelow(each, seen))];
}

/** Through so many links a path may lead. */
const mostLinks = 40;

/**
 * Where what is written to a path ends up: links are followed, also to a file that is not there yet.
 * @throws Error for a folder, a pipe, a device: only a regular file is written over
 */
function targetOf(path: string): string {
  let target = path;
  for (let i = 0; lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink() === true; i++) {
    if (i === mostLinks) throw new Error("its links go in circles");
    target = resolve(dirname(target), readlinkSync(target));
  }
  const found = statSync(target, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) throw new Error("it is a directory");
  if (found !== undefined && !found.isFile()) throw new Error("it is no regular file");
  return target;
}

/** Where a path leads to, through links; the path itself where nothing may be written there. */
export function realTarget(path: string): string {
  try {
    const target = targetOf(path);
    return existsSync(target) ? realpathSync(target) : resolve(target);
  } catch {
    return path;
  }
}

/** Checks, before any work, that a file can be written there. Nothing is made. @throws Error naming the path and what is in the way */
export function checkWritable(path: string): void {
  try {
    let folder = dirname(resolve(targetOf(path)));
    while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
    if (!statSync(folder).isDirectory()) throw new Error("a part of its path is a file, not a directory");
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new Error(`cannot write ${path}: ${reason(error)}`);
  }
}

/** What a file is by its first bytes, roughly: enough to tell what a command writes from what it would be a pity to lose. */
function kindOf(head: Uint8Array): string {
  const safetensors = head.length > 8 && head[8] === 123 && head[7] === 0;
  return safetensors ? "safetensors" : String(head[0]);
}

/** @throws Error where a file is there that has something in it, and is of another kind than `data` */
function checkKind(target: string, data: Uint8Array | string): void {
  const before = existsSync(target) ? readHead(target, 9) : new Uint8Array(0);
  const head = typeof data === "string" ? Uint8Array.from(data.slice(0, 9), (letter) => letter.charCodeAt(0) & 255) : data.subarray(0, 9);
  if (before.length > 0 && head.length > 0 && kindOf(before) !== kindOf(head)) {
    throw new Error("it is there, and is a file of another kind");
  }
}

/**
 * Writes to a temporary name beside the target and renames, so that a failure leaves what was there before. A link stays one, and a file
 * keeps its mode.
 */
export function writeBytes(path: string, data: Uint8Array | string): void {
  let temporary: string | undefined;
  try {
    const target = targetOf(path);
    checkKind(target, data);
    temporary = `${target}.${process.pid}.part`;
    if (!existsSync(dirname(target))) mkdirSync(dirname(target), { recursive: true });
    writeFileSync(temporary, data);
    const before = statSync(target, { throwIfNoEntry: false });
    if (before !== undefined) chmodSync(temporary, before.mode & 0o7777);
    renameSync(temporary, target);
  } catch (error) {
    if (temporary !== undefined) discard(temporary);
    throw new Error(`cannot write ${path}: ${reason(error)}`);
  }
}

/** Removes what a process that was killed while it wrote this file has left beside it. */
export function discardLeftovers(path: string): void {
  const target = targetOf(path);
  const folder = dirname(target);
  if (!isFolder(folder)) return;
  const begin = `${basename(target)}.`;
  for (const name of readdirSync(folder)) {
    if (name.startsWith(begin) && /^\d+\.part$/.test(name.slice(begin.length))) discard(join(folder, name));
  }
}

/** Are both paths one file that is there? */
export function sameFile(one: string, other: string): boolean {
  return existsSync(one) && existsSync(other) && realpathSync(one) === realpathSync(other);
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

/** What is wrong with a file, in few words. */
export function reason(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  if (code === "ENOENT") return "no such file";
  if (code === "EACCES" || code === "EPERM") return "no permission";
  if (code === "ENOSPC") return "the disk is full";
  if (code === "ENOTDIR") return "a part of its path is a file, not a directory";
  if (code === "EISDIR") return "it is a directory";
  return message ?? String(error);
}

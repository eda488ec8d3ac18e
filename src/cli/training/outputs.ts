/** What a run writes, and that it may: weights, a checkpoint, a log, a report; and a lock, so that two runs never write the same. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { decodeUtf8 } from "../../io/bytes/utf8.ts";
import { UsageError } from "../command.ts";
import { checkWritable, discardLeftovers, readHead, realTarget, reason } from "../files.ts";

export interface Paths {
  readonly out: string;
  /** Of a run that is under way. */
  readonly checkpoint: string;
  /** Of a run that has finished: what it takes to extend it. */
  readonly state: string;
  readonly log: string;
  readonly report: string;
  readonly lock: string;
}

export function pathsOf(out: string): Paths {
  const stem = out.replace(/\.safetensors$/, "");
  // Of one file there is one lock, whatever links lead to it.
  const locked = realTarget(out).replace(/\.safetensors$/, "");
  return {
    out, checkpoint: `${stem}.checkpoint.safetensors`, state: `${stem}.state.safetensors`, log: `${stem}.log.jsonl`,
    report: `${stem}.report.html`, lock: `${locked}.lock`,
  };
}

const isThere = (path: string): boolean => existsSync(path) && statSync(path).size > 0;

/** Eight bytes with the length of a header in JSON, and the header. */
function isSafetensors(path: string): boolean {
  const head = readHead(path, 9);
  return head.length === 9 && head[8] === 123 && head[7] === 0;
}

/** Is there a log of more than a run that died in its first epoch? */
function hasEpochs(log: string): boolean {
  return isThere(log) && decodeUtf8(readFileSync(log), log).includes('"event":"epoch"');
}

/**
 * Before any work: can everything be written, and is nothing lost by it?
 * @throws UsageError for a run that was there before; Error for what cannot be written, or is no weights file
 */
export function checkOutputs(paths: Paths, { resume, overwrite }: { readonly resume: boolean; readonly overwrite: boolean }): void {
  for (const path of [paths.out, paths.checkpoint, paths.state, paths.log, paths.report, paths.lock]) checkWritable(path);
  // The data set's own label file, say.
  if (isThere(paths.out) && !isSafetensors(paths.out)) throw new Error(`cannot write ${paths.out}: it is there, and is no weights file`);
  if (resume || overwrite) return;
  if (existsSync(paths.checkpoint)) {
    throw new UsageError(`senet train: ${paths.checkpoint} is of a run that did not finish: --resume goes on with it, or remove the file`);
  }
  const found = [paths.out, paths.state].find(isThere) ?? (hasEpochs(paths.log) ? paths.log : undefined);
  if (found === undefined) return;
  throw new UsageError(
    `senet train: ${found} is there, of a run before: --resume --epochs N extends it, --from begins a new one with its weights, ` +
    "--overwrite loses it; or name another --out");
}

/** Locks that this process holds. */
const held = new Set<string>();

/** When a process began, where the host says so: numbers of processes come again, in containers soon. */
function beginOf(pid: number | "self"): string {
  try {
    return decodeUtf8(readFileSync(`/proc/${pid}/stat`), "stat").split(") ").at(-1)?.split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

/** The process that holds a lock, where it is still alive. */
function holder(path: string): number | undefined {
  const [, number = "", begin = ""] = /^(\d+)(?: (\d+))?/.exec(decodeUtf8(readFileSync(path), path)) ?? [];
  const pid = Number(number);
  if (!Number.isSafeInteger(pid) || pid < 1) return undefined;
  if (pid === process.pid) return held.has(path) ? pid : undefined;
  if (begin !== "" && ![begin, ""].includes(beginOf(pid))) return undefined;
  try {
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    // It is another user's.
    return (error as { code?: string }).code === "EPERM" ? pid : undefined;
  }
}

/** @throws Error where a run that is alive holds it */
export function checkLock({ lock, out }: Paths): void {
  const pid = existsSync(lock) ? holder(lock) : undefined;
  if (pid !== undefined) throw new Error(`another run is writing to ${out} (process ${pid}); if there is none, remove ${lock}`);
}

/** Keeps other runs from these files. @returns what lets go. @throws Error where another run has them, or the lock cannot be written */
export function takeLock(paths: Paths): () => void {
  const { lock } = paths;
  for (let tries = 0; ; tries++) {
    checkLock(paths);
    try {
      mkdirSync(dirname(lock), { recursive: true });
      // The lock of a run that was killed.
      if (existsSync(lock)) rmSync(lock, { force: true });
      writeFileSync(lock, `${process.pid} ${beginOf("self")}\n`, { flag: "wx" });
      break;
    } catch (error) {
      // Another one was quicker.
      if ((error as { code?: string }).code === "EEXIST" && tries < 3) continue;
      throw new Error(`cannot write ${lock}: ${reason(error)}`);
    }
  }
  held.add(lock);
  for (const path of [paths.out, paths.checkpoint, paths.state, paths.log, paths.report]) discardLeftovers(path);
  const release = (): void => {
    process.off("exit", release);
    if (held.delete(lock)) rmSync(lock, { force: true });
  };
  process.on("exit", release);
  return release;
}

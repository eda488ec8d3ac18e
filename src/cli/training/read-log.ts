/** The log of a run read back: what log.ts and `senet train` write, also of a run that is under way or was killed. */
import { show } from "../../errors.ts";
import { decodeUtf8 } from "../../io/bytes/utf8.ts";

/** A step that was logged. */
export interface LoggedStep {
  readonly step: number;
  readonly loss: number;
  readonly rate: number | undefined;
}

/** The end of an epoch. */
export interface LoggedEpoch {
  readonly step: number;
  /** Epochs done. */
  readonly epoch: number;
  readonly loss: number | undefined;
  readonly accuracy: number | undefined;
  readonly validationLoss: number | undefined;
  readonly validationAccuracy: number | undefined;
  readonly seconds: number | undefined;
  readonly imagesPerSecond: number | undefined;
  /** Arithmetic of the whole run until here. */
  readonly tflop: number | undefined;
  readonly time: string | undefined;
}

export interface RunRecord {
  readonly model: string;
  /** The first line: the settings, and what was known when the run began. Values are as the file has them. */
  readonly start: Readonly<Record<string, unknown>>;
  readonly steps: readonly LoggedStep[];
  readonly epochs: readonly LoggedEpoch[];
  /** Steps after which the run was resumed. */
  readonly resumed: readonly number[];
  /** Why the run ended before its time, where its loss ran away. */
  readonly diverged: string | undefined;
  /** Lines that could not be read, but for a last one that was cut short. */
  readonly unreadable: number;
}

type Entry = Readonly<Record<string, unknown>>;

/** Beyond this a number is no loss or time, and an axis to it would show nothing. */
const largest = 1e100;

const number = (value: unknown): number | undefined => (typeof value === "number" && Math.abs(value) <= largest ? value : undefined);
const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function parse(line: string): Entry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Entry) : undefined;
  } catch {
    return undefined;
  }
}

/** All lines. What follows the last line end was cut short, unless it is whole JSON; it may even end within a character. */
function linesOf(bytes: Uint8Array, path: string): string[] {
  const end = bytes.lastIndexOf(10) + 1;
  const lines = decodeUtf8(bytes.subarray(0, end), path).split("\n");
  try {
    const last = decodeUtf8(bytes.subarray(end), path);
    if (parse(last) !== undefined) lines.push(last);
  } catch {
    // Cut within a character.
  }
  return lines.filter((line) => line.trim() !== "");
}

function epochOf(entry: Entry, step: number): LoggedEpoch {
  return {
    step, epoch: number(entry.epoch) ?? 0, loss: number(entry.loss), accuracy: number(entry.accuracy),
    validationLoss: number(entry.validation_loss),
    validationAccuracy: number(entry.validation_accuracy), seconds: number(entry.seconds), imagesPerSecond: number(entry.images_per_second),
    tflop: number(entry.tflop), time: text(entry.time),
  };
}

/** Takes off the end what a run that went back to `step` has not seen. */
function rewind(list: { readonly step: number }[], step: number, also: boolean = false): void {
  while (list.length > 0 && (list[list.length - 1].step > step || (also && list[list.length - 1].step === step))) list.pop();
}

/**
 * Reads a log. A run that was killed and resumed may have logged steps twice: the later count, and what the killed run did beyond them is
 * left out. A last line that was cut short is left out too.
 * @param path names the file in errors
 * @throws Error in one line where the file is no log
 */
export function readLog(bytes: Uint8Array, path: string): RunRecord {
  if (bytes.length === 0) throw new Error(`${path} is empty: a log of senet train begins with its settings`);
  let lines: string[];
  try {
    lines = linesOf(bytes, path);
  } catch {
    throw new Error(`${path} is no log of senet train: it is not text`);
  }
  let start: Entry | undefined;
  const steps: LoggedStep[] = [];
  const epochs: LoggedEpoch[] = [];
  const resumed: { readonly step: number }[] = [];
  let diverged: string | undefined;
  let unreadable = 0;
  for (const line of lines) {
    const entry = parse(line);
    const step = number(entry?.step);
    const begins = entry?.event === "start" && typeof entry.model === "string";
    if (start === undefined && !begins) break;
    if (entry === undefined || step === undefined || step < 0 || (entry.event === "start" && !begins)) {
      unreadable++;
      continue;
    }
    if (begins) start = entry;
    diverged = entry.event === "diverged" ? (text(entry.message) ?? "the loss ran away") : undefined;
    rewind(steps, step, entry.event === undefined);
    rewind(epochs, step, entry.event === "epoch");
    rewind(resumed, step, entry.event === "resume");
    if (entry.event === "epoch") epochs.push(epochOf(entry, step));
    else if (entry.event === "resume") {
      resumed.push({ step });
      // An extended run has more epochs than it began with.
      if (typeof entry.epochs === "number") start = { ...start, epochs: entry.epochs, join: entry.join };
    } else if (entry.event === undefined) {
      const loss = number(entry.loss);
      if (loss !== undefined) steps.push({ step, loss, rate: number(entry.rate) });
    }
  }
  if (start === undefined) {
    throw new Error(
      `${path} is no log of senet train: its first line wants {"event":"start","model":...}, got ` +
      `${show(lines[0] ?? "a line that is cut short")}`,
    );
  }
  return { model: start.model as string, start, steps, epochs, resumed: resumed.map(({ step }) => step), diverged, unreadable };
}

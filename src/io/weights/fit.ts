/**
 * Which tensors of a file are a model's, whatever wrappers, trainers and other libraries put around their names: dictionaries within each
 * other, words before all names or before some, words between ("features.module.0"). What counts is what fits the model best. It takes time
 * linear in the lengths of the names.
 */
import { printable, show } from "../../errors.ts";
import { isDouble } from "../../tensor.ts";
import type { Shape } from "../../tensor.ts";
import type { WeightLayout } from "../../weight-layout.ts";
import { holds, renameWeights } from "./names.ts";
import type { AnyTensor } from "./names.ts";
import { mergePruned } from "./pruned.ts";
import { repairNames } from "./repair.ts";

/** What wrappers put anywhere into names: DataParallel, torch.compile, FSDP, activation checkpointing, DeepSpeed. */
const wrappers = /(^|\.)(?:(?:module|_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module|_forward_module)\.)+/g;
/** One of them. */
const wrapper = /^(?:module|_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module|_forward_module)$/;
/** Averages of the weights, and networks that only help in training: of two that fit alike the other is taken. */
const second = /(^|[._])(ema|average|averaged|swa|shadow|teacher|momentum|target)(?=[._]|$)/i;
/** Parts of a trainer that are none of a network. */
const beside = /^(criterion|crit|loss|metric|optim|sched|train_|val_|test_|teacher|ema_|queue|aux)|_(loss|metric|acc)(\.|$)/i;
/** Scalars that count, of whatever format: of averages (torch.optim.swa_utils, timm, ema_pytorch), trainers, observers. */
const counter = /(^|\.)(n_averaged|num_(averaged|updates|batches_tracked|steps)|(global_)?(step|epoch|iter|iteration)s?|initted|decay)$/;
/** No network has longer names. */
const longest = 400;

export interface Fit {
  /** By the model's names. What the model does not want, and must not be left out unasked, keeps its name: strict loading reports it. */
  readonly tensors: Map<string, AnyTensor>;
  /** The layout's name; "native" where the names were the model's own. */
  readonly layout: string;
  /** Batch normalisation's epsilon where the weights were trained with another one than the model has. */
  readonly epsilon?: number;
  /** What was done to the names, and what was left out: a short text each. */
  readonly notes: readonly string[];
}

/**
 * What was taken off a name, as it stood there: each run of words that are wrappers, or one of the first others.
 * @param heads how many words before the rest were taken off that are no wrappers
 * @param own wrappers stay: they are the model's own words
 */
function takenOff(name: string, heads: number, own: boolean): string[] {
  const runs: string[] = [];
  let run = "";
  const words = name.split(".");
  words.forEach((word, i) => {
    const wraps = !own && i < words.length - 1 && wrapper.test(word);
    if (wraps || heads > 0) run += `${word}.`;
    if (!wraps && heads-- > 0) return;
    if (!wraps && run !== "") {
      runs.push(run);
      run = "";
    }
  });
  return runs;
}

/** In full, so that it can be compared with the names; a long one by the words that it repeats. */
function toldRun(run: string): string {
  if (run.length <= 240) return `"${printable(run)}"`;
  const counts: [word: string, times: number][] = [];
  for (const word of run.slice(0, -1).split(".")) {
    const last = counts.at(-1);
    if (last?.[0] === word) last[1]++;
    else counts.push([word, 1]);
  }
  return `${counts.slice(0, 6).map(([word, n]) => `${show(`${word}.`)}${n > 1 ? ` ${n} times` : ""}`).join(", then ")}` +
    (counts.length > 6 ? " and more" : "");
}

/** What stands below some words of the names. */
interface Part {
  readonly head: string;
  /** How many of the model's names stand there. */
  names: number;
  /** How many of them in a shape that fits. */
  shapes: number;
}

export function dtypeOf(tensor: AnyTensor): string {
  return "dtype" in tensor ? tensor.dtype : isDouble(tensor.data) ? "F64" : "F32";
}

/** `"a", "b" and 3 more`: never long. */
export function some(names: Iterable<string>, most: number = 6): string {
  const all = [...names];
  return all.slice(0, most).map(show).join(", ") + (all.length > most ? ` and ${all.length - most} more` : "");
}

/** For a.b.c the heads "a.b.", "a." and "": as many as leave at most `depth` words. */
function headsOf(name: string, depth: number): string[] {
  const heads: string[] = [];
  for (let dot = name.length; dot > 0 && heads.length < depth; ) {
    dot = dot === 1 ? -1 : name.lastIndexOf(".", dot - 1);
    heads.push(name.slice(0, dot + 1));
    if (dot < 0) break;
  }
  return heads;
}

/** Parts in which names of the model stand, the best first. */
function partsOf(tensors: ReadonlyMap<string, AnyTensor>, wanted: ReadonlyMap<string, Shape>): Part[] {
  const depth = Math.max(1, ...Array.from(wanted.keys(), (name) => name.split(".").length));
  const parts = new Map<string, Part>();
  for (const [name, { shape }] of tensors) {
    for (const head of headsOf(name, depth)) {
      const target = wanted.get(name.slice(head.length));
      if (target === undefined) continue;
      const part = parts.get(head) ?? { head, names: 0, shapes: 0 };
      parts.set(head, part);
      part.names++;
      if (holds(shape, target)) part.shapes++;
    }
  }
  return [...parts.values()].sort(
    (a, b) => b.shapes - a.shapes || b.names - a.names || Number(second.test(a.head)) - Number(second.test(b.head)),
  );
}

/** Words before names, below which at least so many of them stand: the places where a network may be. The likeliest first. */
export function commonHeads(tensors: ReadonlyMap<string, AnyTensor>, least: number): string[] {
  const heads: [head: string, count: number][] = [];
  // Word by word, only below heads that enough names have: no more than the words that there are, however deep they go.
  let groups = new Map([["", [...tensors.keys()].filter((name) => name.length <= longest)]]);
  while (groups.size > 0) {
    const deeper = new Map<string, string[]>();
    for (const [head, names] of groups) {
      if (names.length < least) continue;
      heads.push([head, names.length]);
      for (const name of names) {
        const dot = name.indexOf(".", head.length);
        if (dot < 0) continue;
        const next = name.slice(0, dot + 1);
        const known = deeper.get(next);
        if (known === undefined) deeper.set(next, [name]);
        else known.push(name);
      }
    }
    groups = deeper;
  }
  // Of heads with the same names below them the longest says most.
  return heads.sort(([a, m], [b, n]) => n - m || Number(second.test(a)) - Number(second.test(b)) || b.length - a.length).slice(0, 12)
    .map(([head]) => head);
}

/** The tensors whose names begin with `head`, without it. */
export function below(tensors: ReadonlyMap<string, AnyTensor>, head: string): Map<string, AnyTensor> {
  const found = new Map<string, AnyTensor>();
  for (const [name, tensor] of tensors) if (name.startsWith(head)) found.set(name.slice(head.length), tensor);
  return found;
}

/** The part whose names, renamed by one of the layouts, fit best. @throws RangeError where those that fit are of another graph */
function inLayouts(
  tensors: ReadonlyMap<string, AnyTensor>, wanted: ReadonlyMap<string, Shape>, layouts: readonly WeightLayout[],
  interior: (head: string) => boolean,
): { readonly head: string; readonly shapes: number } {
  let best = { head: "", shapes: 0 };
  let refused: unknown;
  for (const head of commonHeads(tensors, wanted.size / 4)) {
    if (interior(head)) continue;
    try {
      const { tensors: renamed } = renameWeights(below(tensors, head), wanted, layouts);
      let shapes = 0;
      for (const [name, shape] of wanted) {
        const tensor = renamed.get(name);
        if (tensor !== undefined && holds(tensor.shape, shape)) shapes++;
      }
      if (shapes > best.shapes) best = { head, shapes };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      refused ??= error;
    }
  }
  if (best.shapes === 0 && refused !== undefined) throw refused;
  return best;
}

/**
 * Finds the model's tensors.
 * @param given tensors of the file
 * @param wanted names and shapes of the model
 * @param layouts that its weights are published in besides its own
 * @param from the dictionary to take, such as "model_ema", where several would fit
 * @throws RangeError for weights of another graph, and where the file has no part `from`
 */
export function fitNames(
  given: ReadonlyMap<string, AnyTensor>, wanted: ReadonlyMap<string, Shape>, layouts: readonly WeightLayout[], from: string | undefined,
): Fit {
  const { tensors, notes } = mergePruned(given);
  const taken = new Set<string>();
  const left: string[] = [];
  const first = from === undefined ? "" : `${from}.`;
  const named = new Map<string, AnyTensor>();
  const written = new Map<string, string>();
  const own = [...wanted.keys()].some((name) => name.replace(wrappers, "$1") !== name);
  for (const [name, tensor] of tensors) {
    if (!name.startsWith(first)) continue;
    const rest = name.slice(first.length);
    const clean = own ? rest : rest.replace(wrappers, "$1");
    if (clean.length > longest || named.has(clean)) left.push(name);
    else {
      named.set(clean, tensor);
      written.set(clean, rest);
    }
  }
  if (from !== undefined && named.size === 0) {
    throw new RangeError(`weights: the file has no part ${show(from)}; it has ${some(firstWords(tensors.keys()).keys())}`);
  }

  // Below "layer2.0." stands a block, which shares names with the first one.
  const interior = (head: string): boolean => head !== "" && [...wanted.keys()].some((name) => name.startsWith(head));
  const parts = partsOf(named, wanted).filter(({ head, shapes }) => shapes * 2 >= wanted.size || !interior(head));
  const layout = (parts[0]?.shapes ?? 0) * 2 >= wanted.size ? undefined : inLayouts(named, wanted, layouts, interior);
  const { head } = layout !== undefined && layout.shapes > (parts[0]?.shapes ?? -1) ? layout : (parts[0] ?? { head: "" });
  const equal = parts.filter(
    (part) => part.head !== head && part.shapes > 0 && part.shapes === parts[0].shapes && part.names === parts[0].names,
  );
  if (equal.length > 0) {
    notes.push(`"${head.slice(0, -1)}" is taken; ${some(equal.map((part) => part.head.slice(0, -1)))} would fit as well`);
  }

  const inside = below(named, head);
  const outside = new Map([...named].filter(([name]) => !name.startsWith(head)));
  const renamed = renameWeights(inside, wanted, layouts);
  const repaired = repairNames(renamed.tensors, outside, wanted, (name) => second.test(name) || beside.test(name));
  const heads = head.split(".").length - 1;
  for (const name of inside.keys()) for (const run of takenOff(written.get(head + name)!, heads, own)) taken.add(run);
  for (const each of repaired.taken) taken.add(each);
  const told = [...taken].slice(0, 24).map(toldRun).join(", ");
  if (taken.size > 0) notes.unshift(`names are read without ${told}${taken.size > 24 ? ` and ${taken.size - 24} more` : ""}`);
  notes.push(...repaired.notes);
  for (const name of outside.keys()) if (!repaired.used.has(name)) left.push(name);
  const { tensors: result } = renamed;
  leaveOut(result, wanted, left);
  if (left.length > 0) {
    const words = [...firstWords(left)].map(([word, count]) => (count > 1 ? `${word}.* (${count})` : word));
    notes.push(`left out, as no part of the network: ${some(words)}`);
  }
  return { tensors: result, layout: renamed.layout, notes, ...(renamed.epsilon === undefined ? {} : { epsilon: renamed.epsilon }) };
}

/** First words of names, and how many names have each; a name of one word is itself. */
function firstWords(names: Iterable<string>): Map<string, number> {
  const words = new Map<string, number>();
  for (const name of names) {
    const word = name.slice(0, Math.min(longest, name.includes(".") ? name.indexOf(".") : name.length));
    words.set(word, (words.get(word) ?? 0) + 1);
  }
  return words;
}

/**
 * Takes out what the model does not want and does not have to want: numbers of a format that none of its tensors has (counters, masks,
 * statistics in double precision), and a trainer's own parts.
 */
function leaveOut(tensors: Map<string, AnyTensor>, wanted: ReadonlyMap<string, Shape>, left: string[]): void {
  const formats = new Set<string>();
  const words = new Set<string>();
  for (const name of wanted.keys()) {
    const tensor = tensors.get(name);
    if (tensor !== undefined) formats.add(dtypeOf(tensor));
    words.add(name.split(".", 1)[0]);
  }
  for (const [name, tensor] of tensors) {
    if (wanted.has(name)) continue;
    const dtype = dtypeOf(tensor);
    const trainers = beside.test(name) && !words.has(name.split(".", 1)[0]);
    const counts = counter.test(name) && tensor.shape.every((n) => n === 1);
    if (trainers || counts || (formats.size > 0 && !formats.has(dtype) && /^(F64|[IU]\d+|BOOL)$/.test(dtype))) {
      tensors.delete(name);
      left.push(name);
    }
  }
}


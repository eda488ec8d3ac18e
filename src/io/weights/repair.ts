/** Names that still do not fit when a part of a file was chosen: a word too many, SE's layers called otherwise, a head of its own name. */
import { show } from "../../errors.ts";
import { Tensor } from "../../tensor.ts";
import type { Shape } from "../../tensor.ts";
import { fitShape, holds } from "./names.ts";
import type { AnyTensor } from "./names.ts";

export interface Repair {
  /** Words that were taken off. */
  readonly taken: ReadonlySet<string>;
  /** Names of `outside` that the model has now. */
  readonly used: ReadonlySet<string>;
  readonly notes: readonly string[];
}

/** How SE, and what can stand in its place, is called in a block. */
const excitation = /^(se|sem|senet|attn|attention|ca)$|^se[_-]?(layer|block|module|net|unit)|squeeze|excit/i;

/**
 * Gives names that the model wants to tensors of `inside` that have others, and takes tensors of `outside` where one name alone fits.
 * @param inside changed in place
 * @param minor names of averages, and of a trainer's own parts: taken for a head only where no other is
 */
export function repairNames(
  inside: Map<string, AnyTensor>, outside: ReadonlyMap<string, AnyTensor>, wanted: ReadonlyMap<string, Shape>,
  minor: (name: string) => boolean,
): Repair {
  const taken = new Set<string>();
  const used = new Set<string>();
  const notes: string[] = [];
  const missing = (): Map<string, Shape> => new Map([...wanted].filter(([name]) => !inside.has(name)));
  if (missing().size > 0) {
    const moves = [...withoutOneWord(inside, wanted, missing())];
    for (const { from, to, word } of moves) {
      move(inside, wanted, from, to);
      taken.add(`${word}.`);
    }
  }
  if (missing().size > 0) {
    const blocks = excitations(inside, wanted, missing());
    if (blocks !== undefined) notes.push(blocks);
  }
  if (missing().size > 0) {
    for (const { from, to } of ofOtherHeads(inside, outside, missing())) {
      inside.set(to, fitShape(outside.get(from)!, wanted.get(to)));
      used.add(from);
      if (from !== to) taken.add(from.slice(0, from.length - to.length));
    }
  }
  const head = headOfOtherName(inside, outside, wanted, minor);
  if (head !== undefined) {
    for (const [from, to] of head.moves) {
      inside.set(to, fitShape((inside.get(from) ?? outside.get(from))!, wanted.get(to)));
      if (!inside.delete(from)) used.add(from);
    }
    notes.push(`${show(head.from)} is read as ${show(head.to)}, the last layer`);
  }
  return { taken, used, notes };
}

function move(tensors: Map<string, AnyTensor>, wanted: ReadonlyMap<string, Shape>, from: string, to: string): void {
  tensors.set(to, fitShape(tensors.get(from)!, wanted.get(to)));
  tensors.delete(from);
}

/** Moves that would give two tensors one name are none. */
function unique<M extends { readonly to: string }>(moves: readonly M[]): M[] {
  const counts = new Map<string, number>();
  for (const { to } of moves) counts.set(to, (counts.get(to) ?? 0) + 1);
  return moves.filter(({ to }) => counts.get(to) === 1);
}

/** Names that fit without one of their words: "layer1.body.0.conv1.weight". */
function withoutOneWord(
  tensors: ReadonlyMap<string, AnyTensor>, wanted: ReadonlyMap<string, Shape>, missing: ReadonlyMap<string, Shape>,
): { from: string; to: string; word: string }[] {
  const moves: { from: string; to: string; word: string }[] = [];
  for (const [from, { shape }] of tensors) {
    if (wanted.has(from)) continue;
    const words = from.split(".");
    // A number is a place, no wrapper's word.
    const at = words.findIndex((word, i) => {
      const target = /^\d+$/.test(word) ? undefined : missing.get(words.filter((_, k) => k !== i).join("."));
      return target !== undefined && holds(shape, target);
    });
    if (at >= 0) moves.push({ from, to: words.filter((_, k) => k !== at).join("."), word: words[at] });
  }
  return unique(moves);
}

/** The layers of one gate: paths of its two layers, in order, each with the names of weight and bias. */
type Gate = Map<string, Map<string, string>>;

/** Gates by the block that they stand in. @param depths how many words a layer's path may have */
function gatesOf(names: Iterable<string>, depths: readonly number[], isGate: (word: string, block: string) => boolean): Map<string, {
  word: string;
  gate: Gate;
}> {
  const gates = new Map<string, { word: string; gate: Gate }>();
  for (const name of names) {
    const words = name.split(".");
    const leaf = words[words.length - 1];
    if (leaf !== "weight" && leaf !== "bias") continue;
    for (const depth of depths) {
      const at = words.length - depth - 2;
      if (at < 0) continue;
      const block = words.slice(0, at).join(".");
      if (!isGate(words[at], block)) continue;
      const { gate } = gates.get(block) ?? gates.set(block, { word: words[at], gate: new Map() }).get(block)!;
      const layer = words.slice(at + 1, -1).join(".");
      (gate.get(layer) ?? gate.set(layer, new Map()).get(layer)!).set(leaf, name);
      break;
    }
  }
  return gates;
}

/** SE of other libraries: "se_layer.conv1.conv" and "se_layer.conv2.conv" for "se.fc1" and "se.fc2". Layers without biases get zeros. */
function excitations(
  tensors: Map<string, AnyTensor>, wanted: ReadonlyMap<string, Shape>, missing: ReadonlyMap<string, Shape>,
): string | undefined {
  const targets = gatesOf(missing.keys(), [1], () => true);
  const sources = gatesOf(
    [...tensors.keys()].filter((name) => !wanted.has(name)), [1, 2, 3], (word, block) => excitation.test(word) && targets.has(block),
  );
  let [blocks, example] = [0, ""];
  for (const [block, { word, gate }] of sources) {
    const target = targets.get(block)!;
    const [into, from] = [[...target.gate], [...gate]];
    if (into.length !== 2 || from.length !== 2) continue;
    const suits = (a: number): boolean => into.every(([, leaves], i) => {
      const [wants, has] = [wanted.get(leaves.get("weight") ?? ""), tensors.get(from[i ^ a][1].get("weight") ?? "")];
      return wants !== undefined && has !== undefined && holds(has.shape, wants);
    });
    const turn = suits(0) ? 0 : suits(1) ? 1 : undefined;
    if (turn === undefined) continue;
    into.forEach(([, leaves], i) => {
      const source = from[i ^ turn][1];
      for (const [leaf, to] of leaves) {
        const name = source.get(leaf);
        if (name !== undefined) move(tensors, wanted, name, to);
        else if (leaf === "bias") tensors.set(to, Tensor.zeros(wanted.get(to)!));
      }
    });
    if (blocks++ === 0) example = `${show(`${word}.${from[turn][0]}`)} is read as ${show(`${target.word}.${into[0][0]}`)}`;
  }
  return blocks === 0 ? undefined : `${example} (in ${blocks} ${blocks === 1 ? "block" : "blocks"})`;
}

/**
 * Names beside the part that was chosen, such as "head.fc.weight" beside "backbone.*": where below their head stands nothing else that
 * fits.
 */
function ofOtherHeads(
  inside: ReadonlyMap<string, AnyTensor>, outside: ReadonlyMap<string, AnyTensor>, missing: ReadonlyMap<string, Shape>,
): { from: string; to: string }[] {
  const moves: { from: string; to: string; head: string }[] = [];
  const twins = new Set<string>();
  for (const [from, { shape }] of outside) {
    // From the name as it stands: "conv1" beside "stages.layer1".
    for (let dot = -1, first = true; first || dot >= 0; dot = from.indexOf(".", dot + 1), first = false) {
      const [head, to] = [from.slice(0, dot + 1), from.slice(dot + 1)];
      // Another copy of the network, or another network, is no head of this one.
      if (inside.has(to)) twins.add(head);
      const target = missing.get(to);
      if (target !== undefined && holds(shape, target)) moves.push({ from, to, head });
    }
  }
  return unique(moves.filter(({ head }) => !twins.has(head)));
}

/**
 * The last layer where it alone is missing, and one other layer alone is left that has its shapes: "classifier" beside "backbone.*" for
 * "fc", or "fc.1" behind dropout.
 */
function headOfOtherName(
  inside: ReadonlyMap<string, AnyTensor>, outside: ReadonlyMap<string, AnyTensor>, wanted: ReadonlyMap<string, Shape>,
  minor: (name: string) => boolean,
): { readonly from: string; readonly to: string; readonly moves: (readonly [from: string, to: string])[] } | undefined {
  const layerOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf(".")));
  const to = layerOf([...wanted.keys()].at(-1) ?? "");
  const missing = [...wanted.keys()].filter((name) => !inside.has(name));
  const head = [...wanted.keys()].filter((name) => layerOf(name) === to);
  const alone = missing.length === head.length && missing.every((name) => layerOf(name) === to);
  if (to === "" || !alone) return undefined;
  const layers = new Map<string, Map<string, AnyTensor>>();
  for (const [name, tensor] of [...inside, ...outside]) {
    if (wanted.has(name) && inside.has(name)) continue;
    const layer = layerOf(name);
    if (/\.(weight|bias)$/.test(name)) (layers.get(layer) ?? layers.set(layer, new Map()).get(layer)!).set(name, tensor);
  }
  // Of another number of classes it is the head as well: then the caller is told of its shape.
  const alike = (shape: Shape, target: Shape): boolean => shape.length > 0 && holds([target[0], ...shape.slice(1)], target);
  const suiting = (fits: (shape: Shape, target: Shape) => boolean): string[] => {
    const suits = [...layers].filter(([layer, tensors]) => tensors.size === head.length && head.every((name) => {
      const tensor = tensors.get(layer + name.slice(to.length));
      return tensor !== undefined && fits(tensor.shape, wanted.get(name)!);
    })).map(([layer]) => layer);
    const major = suits.filter((layer) => !minor(layer));
    return major.length > 0 ? major : suits;
  };
  const same = suiting(holds);
  const [from, ...others] = same.length > 0 ? same : suiting(alike);
  if (from === undefined || others.length > 0) return undefined;
  return { from, to, moves: head.map((name) => [from + name.slice(to.length), name] as const) };
}

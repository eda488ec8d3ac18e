/**
 * What the gates of a network do on many pictures, as the paper's section 7.2 asks (figures 6 and 7): by class, by depth, how much they
 * answer the picture, and what is lost where they are frozen.
 */
import type { Dataset } from "../../train/data/dataset.ts";
import { Batcher } from "../../train/data/augment.ts";
import { Tensor } from "../../tensor.ts";
import type { Inspected } from "./open.ts";

/** One block, over all pictures that were looked at. */
export interface BlockStudy {
  readonly name: string;
  readonly channels: number;
  readonly activation: string;
  /** Of all gates of all pictures. */
  readonly mean: number;
  /** Shares of them below 0.05, above 0.95, and between. */
  readonly shut: number;
  readonly open: number;
  /** Standard deviation of the channels' means: how far the gate is a scale of its channel, the same for every picture. */
  readonly betweenChannels: number;
  /** Median over channels of a gate's standard deviation from picture to picture: how far it answers the picture. */
  readonly betweenPictures: number;
  /** The share of that variance which the picture's class explains, the mean over channels that vary; undefined where none does. */
  readonly explainedByClass: number | undefined;
  /** [classes][channels]; undefined for a class without pictures. */
  readonly byClass: readonly (Float64Array | undefined)[];
  /** Median over channels of the standard deviation within each class. */
  readonly withinClass: readonly (number | undefined)[];
  /** Accuracy (or agreement) where this block's gates are the channels' means, and where they are all 1. */
  readonly frozen: number;
  readonly one: number;
}

export interface Study {
  readonly classes: readonly string[];
  /**
   * Pictures that the gates were looked at for, and others on which accuracies were measured: the means are not tried where they were
   * taken.
   */
  readonly looked: number;
  readonly measured: number;
  /**
   * Of which share of them the network names the right class; or, where the folder does not say what it should answer, the share of its
   * answers (of its pixels, if it answers for each) that are as with its own gates: then 1.
   */
  readonly accuracy: number;
  readonly against: "labels" | "own answers";
  /** Where all blocks are frozen to their means, and where all gates are 1. */
  readonly allFrozen: number;
  readonly allOne: number;
  readonly blocks: readonly BlockStudy[];
}

/** Sums over pictures: of gates and their squares, [classes][channels]. */
class Sums {
  readonly #sum: Float64Array[];
  readonly #squares: Float64Array[];
  readonly count: Float64Array;
  shut = 0;
  open = 0;

  constructor(classes: number, channels: number) {
    this.#sum = Array.from({ length: classes }, () => new Float64Array(channels));
    this.#squares = Array.from({ length: classes }, () => new Float64Array(channels));
    this.count = new Float64Array(classes);
  }

  add(label: number, gates: Float32Array): void {
    this.count[label]++;
    gates.forEach((gate, c) => {
      this.#sum[label][c] += gate;
      this.#squares[label][c] += gate * gate;
      if (gate < 0.05) this.shut++;
      else if (gate > 0.95) this.open++;
    });
  }

  /** Mean and variance of channel c in one class. */
  of(label: number, c: number): { mean: number; variance: number } {
    const n = this.count[label];
    const mean = this.#sum[label][c] / n;
    return { mean, variance: Math.max(0, this.#squares[label][c] / n - mean * mean) };
  }

  /** Of channel c over all pictures, and the part of the variance that lies within classes. */
  whole(c: number): { mean: number; variance: number; within: number } {
    let [n, sum, squares, within] = [0, 0, 0, 0];
    for (let label = 0; label < this.count.length; label++) {
      if (this.count[label] === 0) continue;
      n += this.count[label];
      sum += this.#sum[label][c];
      squares += this.#squares[label][c];
      within += this.count[label] * this.of(label, c).variance;
    }
    const mean = sum / n;
    return { mean, variance: Math.max(0, squares / n - mean * mean), within: within / n };
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** What the sums of a block say. */
function describe(
  sums: Sums, channels: number, classes: number,
): Omit<BlockStudy, "name" | "channels" | "activation" | "frozen" | "one"> & { readonly means: Float32Array } {
  const all = Array.from({ length: channels }, (_, c) => sums.whole(c));
  const means = all.map((channel) => channel.mean);
  const centre = mean(means);
  const gates = channels * sums.count.reduce((a, b) => a + b, 0);
  // Of what varies by more than rounding.
  const varying = all.filter(({ variance }) => variance > 1e-9);
  const seen = (label: number): boolean => sums.count[label] > 0;
  return {
    means: Float32Array.from(means), mean: centre, shut: sums.shut / gates, open: sums.open / gates,
    betweenChannels: Math.sqrt(mean(means.map((value) => (value - centre) * (value - centre)))),
    betweenPictures: median(all.map(({ variance }) => Math.sqrt(variance))),
    explainedByClass: varying.length === 0 ? undefined : mean(varying.map(({ variance, within }) => 1 - within / variance)),
    byClass: Array.from(
      { length: classes },
      (_, label) => (seen(label) ? Float64Array.from({ length: channels }, (__, c) => sums.of(label, c).mean) : undefined),
    ),
    withinClass: Array.from({ length: classes }, (_, label) => (
      seen(label) ? median(Array.from({ length: channels }, (__, c) => Math.sqrt(sums.of(label, c).variance))) : undefined)),
  };
}

/** `count` numbers from 0 to size - 1, evenly spaced: what lies sorted by class is taken from every class. */
export function spaced(size: number, count: number): number[] {
  const taken = Math.min(size, count);
  return Array.from({ length: taken }, (_, i) => Math.floor((i * size) / taken));
}

/**
 * Looks at the gates for every other picture, and measures accuracies on the rest.
 * @param most pictures in all
 * @param labelled are the data's classes the network's? Else they say nothing of its answers, and its own ones are the measure
 * @throws Error where there are fewer than two pictures
 */
export function study(
  network: Inspected, data: Dataset, most: number, labelled: boolean, progress: (share: number, doing: string) => void = () => undefined,
): Study {
  const chosen = spaced(data.size, most);
  if (chosen.length < 2) throw new Error("two pictures at least are wanted: gates are looked at for one, and tried on the other");
  const looked = chosen.filter((_, i) => i % 2 === 0);
  const tried = chosen.filter((_, i) => i % 2 === 1);
  const batcher = new Batcher(data, network.preprocessing);
  const picture = (index: number): { x: Tensor<Float32Array>; label: number } => {
    const { x } = batcher.unaugmented(Int32Array.of(index));
    // The batcher's memory is the next batch's too.
    return { x: new Tensor(x.data.slice(), x.shape), label: data.labels[index] };
  };
  const { gates } = network;
  const sums = gates.map(({ channels }) => new Sums(data.classes.length, channels));
  looked.forEach((index, i) => {
    const { x, label } = picture(index);
    network.look(x).blocks.forEach((block, b) => sums[b].add(label, block.gates));
    progress((0.3 * (i + 1)) / looked.length, "gates looked at");
  });
  const described = sums.map((each, b) => describe(each, gates[b].channels, data.classes.length));
  const ones = gates.map(({ channels }) => new Float32Array(channels).fill(1));
  const means = described.map((block) => block.means);
  // The network's own answer, then each block frozen and left out, then all of them.
  const all = (values: readonly Float32Array[]): ReadonlyMap<number, Float32Array> => new Map(values.map((value, b) => [b, value]));
  const ways: ReadonlyMap<number, Float32Array>[] = [
    new Map(), ...means.map((value, b) => new Map([[b, value]])), ...ones.map((value, b) => new Map([[b, value]])), all(means), all(ones)];
  const right = new Float64Array(ways.length);
  tried.forEach((index, i) => {
    const { x, label } = picture(index);
    let wanted: Int32Array | undefined = labelled ? Int32Array.of(label) : undefined;
    ways.forEach((way, w) => {
      const { classes } = network.answer(x, way);
      wanted ??= classes;
      right[w] += classes.reduce((count, found, p) => count + (found === wanted![p] ? 1 : 0), 0) / classes.length;
      progress(0.3 + (0.7 * (i + (w + 1) / ways.length)) / tried.length, "answers with other gates");
    });
  });
  const accuracy = (w: number): number => right[w] / tried.length;
  const count = gates.length;
  return {
    classes: data.classes, against: labelled ? "labels" : "own answers", looked: looked.length,
    measured: tried.length, accuracy: accuracy(0), allFrozen: accuracy(2 * count + 1),
    allOne: accuracy(2 * count + 2),
    blocks: described.map(({ means: _, ...block }, b) => ({
      name: gates[b].name, channels: gates[b].channels, activation: gates[b].activation, ...block, frozen: accuracy(1 + b),
      one: accuracy(1 + count + b) })),
  };
}

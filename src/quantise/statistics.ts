/** What values a network has on given images: the ends and the mean of each channel, then how often which numbers come. */
import { fixedNetwork } from "../graph/network.ts";
import type { Graph, Value } from "../graph/graph.ts";
import type { Session } from "../session/inference-session.ts";
import { compileSync } from "../session/session.ts";
import type { Tensor } from "../tensor.ts";

/** Bins of a histogram. */
const BINS = 2048;

/** Of one value, over all images. */
export interface Statistics {
  /** Of each channel. */
  readonly least: Float64Array;
  readonly most: Float64Array;
  readonly mean: Float64Array;
  /** From `low` to `high`, the ends of all channels. */
  readonly counts: Float64Array;
  low: number;
  high: number;
}

type Images = readonly Tensor<Float32Array>[];

/** A session of a prepared graph that gives these values. */
export function observing(graph: Graph, values: readonly Value[]): Session {
  return compileSync(fixedNetwork({ ...graph, outputs: values }), { numerics: "exact" });
}

/** Each value of each image. @param progress of 0 to 1 */
function overValues(
  session: Session, input: string, values: readonly Value[], images: Images, each: (value: Value, data: Float32Array) => void,
): void {
  for (const image of images) {
    const outputs = session.run({ [input]: image });
    for (const value of values) each(value, outputs[value.name].data);
  }
}

/**
 * @param graph prepared, for one image
 * @param images of one image each, at least one
 */
export function measure(graph: Graph, values: readonly Value[], images: Images, progress: (share: number) => void): Map<Value, Statistics> {
  const found = new Map(values.map(({ shape: [, channels = 1] }, i): [Value, Statistics] => [values[i], {
    least: new Float64Array(channels).fill(Infinity), most: new Float64Array(channels).fill(-Infinity), mean: new Float64Array(channels),
    counts: new Float64Array(BINS), low: 0, high: 0,
  }]));
  const session = observing(graph, values);
  const [{ name: input }] = graph.inputs;
  try {
    let done = 0;
    const of = (one: Tensor<Float32Array>): Images => {
      progress(done++ / (2 * images.length));
      return [one];
    };
    for (const image of images) {
      overValues(session, input, values, of(image), (value, data) => addEnds(found.get(value)!, data, images.length));
    }
    for (const each of found.values()) {
      each.low = each.least.reduce((low, x) => Math.min(low, x), 0);
      each.high = each.most.reduce((high, x) => Math.max(high, x), 0);
    }
    for (const image of images) overValues(session, input, values, of(image), (value, data) => addCounts(found.get(value)!, data));
  } finally {
    session.close();
  }
  return found;
}

function addEnds({ least, most, mean }: Statistics, data: Float32Array, images: number): void {
  const pixels = data.length / least.length;
  for (let c = 0, i = 0; c < least.length; c++) {
    let [low, high, sum] = [least[c], most[c], 0];
    for (const end = i + pixels; i < end; i++) {
      const value = data[i];
      if (value < low) low = value;
      if (value > high) high = value;
      sum += value;
    }
    least[c] = low;
    most[c] = high;
    mean[c] += sum / (pixels * images);
  }
}

function addCounts({ counts, low, high }: Statistics, data: Float32Array): void {
  const factor = high > low ? (BINS - 1e-6) / (high - low) : 0;
  for (let i = 0; i < data.length; i++) counts[((data[i] - low) * factor) | 0]++;
}

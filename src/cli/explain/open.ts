/** What `explain` and `gates` look into: a network that answers pictures, whose every gate can be read and set. */
import { exp, sigmoid } from "../../../kernels/math.ts";
import { gatesOf } from "../../graph/gates.ts";
import type { Gate } from "../../graph/gates.ts";
import type { Network } from "../../graph/network.ts";
import type { Preprocessing } from "../../io/images/preprocess.ts";
import { moduleNetwork } from "../../nn/lower.ts";
import { softmax } from "../../nn/softmax.ts";
import { compile } from "../../session/session.ts";
import type { Session } from "../../session/session.ts";
import { Tensor } from "../../tensor.ts";
import { loadNetwork, namesOf } from "../network.ts";
import type { Arguments } from "../command.ts";
import { isOnnx } from "../onnx.ts";
import { pictureNetwork, probabilities } from "../onnx-classifier.ts";

/** A network that can be looked into. */
export interface Inspected {
  /** For people. */
  readonly title: string;
  readonly preprocessing: Preprocessing;
  readonly names: readonly string[] | undefined;
  readonly gates: readonly Gate[];
  /** Does it answer for every pixel? Then probabilities are means over all pixels. */
  readonly pixels: boolean;
  /** Everything that is seen for one prepared picture [1,C,H,W]. */
  look(x: Tensor<Float32Array>): Look;
  /** Probabilities for the picture, with other gates [C] than its own for the blocks (by their place in `gates`) that are named. */
  answer(x: Tensor<Float32Array>, gates?: ReadonlyMap<number, Float32Array>): Answer;
  close(): void;
}

/** What one block saw and did. */
export interface BlockLook {
  /** [C]; [hidden], undefined where there is no hidden layer; [C]. */
  readonly squeeze: Float32Array;
  readonly hidden: Float32Array | undefined;
  readonly gates: Float32Array;
  /** The channels before they are scaled, [1,C,H,W]. */
  readonly scaled: Tensor<Float32Array>;
}

export interface Look extends Answer {
  readonly blocks: readonly BlockLook[];
}

/** What a network says of a picture. */
export interface Answer {
  /** By class. */
  readonly probabilities: Float32Array;
  /** The likeliest class; of every pixel, where it answers for each. */
  readonly classes: Int32Array;
}

/** Of [1,classes,H,W]: a softmax in every pixel; of a single class what is found and what is not, as a sigmoid or as it is. */
function mapAnswer({ data, shape: [, count, height, width] }: Tensor<Float32Array>): Answer {
  const pixels = height * width;
  const one = count === 1;
  const logits = one && data.some((value) => value < 0 || value > 1);
  const probabilities = new Float64Array(one ? 2 : count);
  const classes = new Int32Array(pixels);
  const each = new Float64Array(probabilities.length);
  for (let p = 0; p < pixels; p++) {
    let found = 0;
    for (let c = 1; c < count; c++) if (data[c * pixels + p] > data[found * pixels + p]) found = c;
    if (one) {
      each[0] = logits ? sigmoid(data[p]) : data[p];
      each[1] = 1 - each[0];
      found = each[0] > 0.5 ? 0 : 1;
    } else {
      let sum = 0;
      for (let c = 0; c < count; c++) sum += each[c] = exp(data[c * pixels + p] - data[found * pixels + p]);
      for (let c = 0; c < count; c++) each[c] /= sum;
    }
    classes[p] = found;
    for (let c = 0; c < each.length; c++) probabilities[c] += each[c] / pixels;
  }
  return { probabilities: Float32Array.from(probabilities), classes };
}

/** The place of the largest; of equal ones the first. */
export function best(values: ArrayLike<number>): number {
  let found = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[found]) found = i;
  return found;
}

/** The value of the hidden layer, behind its activation; undefined where there is none. */
function hiddenOf({ nodes, hidden, channels }: Gate): string | undefined {
  if (hidden === undefined) return undefined;
  // The last value of as many numbers as there are hidden ones, before the layer that makes the gates.
  const values = nodes.slice(1).map(({ output }) => output);
  const until = hidden === channels ? values.findIndex(
    ({ name }) => name === secondLayer(nodes)
  ) : values.findIndex(({ shape }) => shape[1] === channels);
  return values.slice(0, until).at(-1)?.name;
}

function secondLayer(nodes: Gate["nodes"]): string | undefined {
  return nodes.filter(({ operation: { kind } }) => kind === "conv2d" || kind === "linear")[1]?.output.name;
}

interface Source {
  readonly title: string;
  readonly network: Network;
  readonly input: string;
  readonly shape: readonly number[];
  readonly preprocessing: Preprocessing;
  readonly names: readonly string[] | undefined;
  readonly arranged: (x: Tensor<Float32Array>) => Tensor<Float32Array>;
  readonly probabilities: (y: Tensor<Float32Array>) => Tensor<Float32Array>;
}

async function sourceOf(args: Arguments, file: string | undefined, model: string | undefined): Promise<Source> {
  if (file !== undefined) return { title: file, ...await pictureNetwork(args, file), probabilities };
  args.refuse("ONNX files", "input");
  const opened = loadNetwork(args, args.only("network", [model, args.text("model")]));
  const { preprocessing, title } = opened;
  const channels = preprocessing.channels === "gray" ? 1 : 3;
  return {
    title, preprocessing, network: moduleNetwork(opened.model), input: "input", shape: [1, channels, ...preprocessing.size],
    names: await namesOf(args, opened), arranged: (x) => x, probabilities: softmax };
}

/**
 * Opens the network that the arguments name.
 * @param model a name that is an argument by itself
 * @throws Error where it has no gates
 */
export async function inspect(args: Arguments, model?: string): Promise<Inspected> {
  const file = args.only("network", [args.text("model"), ...args.positionals].filter(isOnnx));
  const source = await sourceOf(args, file, model);
  const { network, input, shape, arranged } = source;
  const shapes = { [input]: shape };
  const graph = network.lower(shapes);
  const gates = gatesOf(graph);
  if (gates.length === 0) throw new Error(`${source.title} has no gates: there is no pooled mean that scales channels`);
  const names = gates.map(({ name }) => name);
  const hidden = gates.map(hiddenOf);
  const observe = [...new Set(gates.flatMap(({ name, nodes: [pool], scaled }, i) => [
    name, pool.output.name, scaled, ...(hidden[i] === undefined ? [] : [hidden[i]]),
  ]))];
  // Observed values stay apart, so the session that is looked into is slower than the one that only answers.
  const looking: Session = await compile(network, { input: shapes, numerics: "exact", observe });
  const answering: Session = await compile(network, { input: shapes, numerics: "exact", override: names });
  const [output] = network.outputs;
  const [, , height = 1, width = 1] = graph.outputs[0].shape;
  const pixels = height * width > 1 && graph.outputs[0].shape.length === 4;
  const answered = (y: Tensor<Float32Array>): Answer => {
    if (pixels) return mapAnswer(y);
    const probabilities = source.probabilities(y).data;
    return { probabilities, classes: Int32Array.of(best(probabilities)) };
  };
  return {
    pixels,
    title: source.title, preprocessing: source.preprocessing, names: source.names, gates,
    look(x) {
      const seen = looking.run({ [input]: arranged(x) });
      return {
        ...answered(seen[output]),
        blocks: gates.map(({ name, nodes: [pool], scaled }, i) => ({
          squeeze: seen[pool.output.name].data, hidden: hidden[i] === undefined
            ? undefined
            : seen[hidden[i]].data, gates: seen[name].data, scaled: seen[scaled] })),
      };
    },
    answer(x, other = new Map()) {
      const given: Record<string, Tensor<Float32Array>> = { [input]: arranged(x) };
      for (const [i, data] of other) given[names[i]] = new Tensor(data, [1, data.length, 1, 1]);
      return answered(answering.run(given)[output]);
    },
    close() {
      looking.close();
      answering.close();
    },
  };
}

/**
 * The gradient of a network's loss by its gates, and by every number of one block's output, whatever the network is made of. The network is
 * given parameters that change nothing: gate' = 1 gate + 0 behind every gate, and y' = y + 0 behind the block. Their gradients, which a
 * training session computes, are those of what they are added to.
 */
import type { Constant, Graph, Node, Operation, Value } from "../../../src/graph/graph.ts";
import type { Block } from "./blocks.ts";
import type { Network } from "../../../src/graph/network.ts";
import { compileTraining } from "../../../src/session/training/training-session.ts";
import type { TrainingSession } from "../../../src/session/training/training-session.ts";
import { Tensor } from "../../../src/tensor.ts";
import type { Shape } from "../../../src/tensor.ts";

const point = { kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1] } as const;

const constantOf = (name: string, tensor: Tensor<Float32Array>): Constant => ({ name, read: () => tensor });

/** Behind every gate a factor and a term of its own. */
interface Probe {
  readonly factor: Tensor<Float32Array>;
  readonly term: Tensor<Float32Array>;
}

/** Normalises with running statistics, as in inference. */
function fixed(operation: Operation): Operation {
  return operation.kind === "batch_norm" ? { ...operation, frozen: true } : operation;
}

/** A one [1,1,1,1] that is computed, for a graph for training has no constants: the mean of the picture times 0, plus 1. */
function oneOf(x: Value): { readonly nodes: readonly Node[]; readonly one: Value } {
  const pooled = { name: "probe.pooled", shape: [1, x.shape[1], 1, 1] };
  const one = { name: "probe.one", shape: [1, 1, 1, 1] };
  const weight = constantOf("probe.one.weight", Tensor.zeros([1, x.shape[1], 1, 1]));
  const bias = constantOf("probe.one.bias", new Tensor(Float32Array.of(1), [1]));
  return {
    one, nodes: [
      { operation: { kind: "global_pool", by: "mean" }, inputs: [x], output: pooled },
      { operation: { kind: "conv2d", ...point, groups: 1, weight, bias }, inputs: [pooled], output: one },
    ],
  };
}

/** The graph with probes behind all gates and behind the output of block `at`; and the outputs before a last softmax. */
function probed(graph: Graph, gates: readonly Block[], at: number, probes: readonly Probe[]): Graph {
  const renamed = new Map<string, Value>();
  const of = (value: Value): Value => renamed.get(value.name) ?? value;
  const { nodes: before, one } = oneOf(graph.inputs[0]);
  const nodes: Node[] = [...before];
  // A transposed convolution of a one gives its own weights, [1,C,H,W].
  const spread = (name: string, weight: Constant, shape: Shape): Value => {
    const output = { name, shape };
    const operation: Operation = {
      ...point, kind: "conv_transpose2d", kernel: [shape[2], shape[3]], groups: 1, outputPadding: [0, 0], weight, bias: undefined };
    nodes.push({ operation, inputs: [one], output });
    return output;
  };
  let [output] = graph.outputs;
  for (const node of graph.nodes) {
    if (node.output === output && node.operation.kind === "softmax") {
      output = node.inputs[0];
      continue;
    }
    const operation = fixed(node.operation);
    const [first, second] = node.inputs;
    const b = operation.kind === "scale" || operation.kind === "pixel_scale"
      ? gates.findIndex(({ name, scaled }) => name === second.name && scaled === first.name) : -1;
    if (b < 0) {
      nodes.push({ operation, inputs: node.inputs.map(of), output: node.output });
      continue;
    }
    const [x, gate] = node.inputs.map(of);
    const { shape } = gate;
    const given = { name: `probe.${b}`, shape };
    const [factor, term] = [constantOf(`probe.${b}.factor`, probes[b].factor), constantOf(`probe.${b}.term`, probes[b].term)];
    if (operation.kind === "scale") {
      nodes.push({ operation: { kind: "conv2d", ...point, groups: shape[1], weight: factor, bias: term }, inputs: [gate], output: given });
    } else {
      const scaled = { name: `probe.${b}.scaled`, shape };
      nodes.push({ operation: { kind: "multiply" }, inputs: [gate, spread(`probe.${b}.factors`, factor, shape)], output: scaled });
      nodes.push({ operation: { kind: "add" }, inputs: [scaled, spread(`probe.${b}.terms`, term, shape)], output: given });
    }
    nodes.push({ operation, inputs: [x, given], output: node.output });
    if (b !== at) continue;
    const sum = { name: "probe.sum", shape: x.shape };
    const zeros = spread("probe.zeros", constantOf("probe.output", Tensor.zeros(x.shape)), x.shape);
    nodes.push({ operation: { kind: "add" }, inputs: [node.output, zeros], output: sum });
    renamed.set(node.output.name, sum);
  }
  return { inputs: graph.inputs, nodes, outputs: [of(output)] };
}

/** What `Gradients.of` gives. */
export interface GatesGradient {
  readonly loss: number;
  /** By block, [gates]. */
  readonly gates: readonly Float32Array[];
  /** [C,H,W], by the scaled channels of the selected block. */
  readonly output: Float32Array;
}

/** Gradients of one network; a session is compiled for the block that is looked at. */
export class Gradients {
  readonly #network: Network;
  readonly #shape: Shape;
  readonly #gates: readonly Block[];
  readonly #probes: readonly Probe[];
  #session: { readonly block: number; readonly training: TrainingSession } | undefined;

  constructor(network: Network, shape: Shape, gates: readonly Block[]) {
    [this.#network, this.#shape, this.#gates] = [network, shape, gates];
    this.#probes = gates.map(({ by, count, shape: own }) => ({
      factor: new Tensor(new Float32Array(count).fill(1), by === "channel" ? [count, 1, 1, 1] : own),
      term: Tensor.zeros(by === "channel" ? [count] : own) }));
  }

  /**
   * @param x of the network's shape @param overrides by block, NaN for a gate's own value @param block whose output is wanted
   * @throws RangeError for a network with an operation that has no gradient
   */
  async of(x: Tensor<Float32Array>, target: number, overrides: ReadonlyMap<number, Float32Array>, block: number): Promise<GatesGradient> {
    const session = await this.#compiled(block);
    this.#probes.forEach(({ factor, term }, b) => {
      const given = overrides.get(b);
      for (let c = 0; c < term.data.length; c++) {
        const own = given === undefined || Number.isNaN(given[c]);
        factor.data[c] = own ? 1 : 0;
        term.data[c] = own ? 0 : given[c];
      }
    });
    session.refresh();
    session.clearGradients();
    const loss = session.backward(x, Int32Array.of(target));
    return {
      loss, gates: this.#gates.map((_, b) => session.gradient(`probe.${b}.term`).data),
      output: session.gradient("probe.output").data };
  }

  async #compiled(block: number): Promise<TrainingSession> {
    if (this.#session?.block === block) return this.#session.training;
    this.close();
    const [{ name }] = this.#network.inputs;
    const graph = probed(this.#network.lower({ [name]: this.#shape }), this.#gates, block, this.#probes);
    const own = new Set(["probe.output", ...this.#gates.map((_, b) => `probe.${b}.term`)]);
    const frozen = graph.nodes.flatMap(({ operation }) => Object.values(operation).flatMap((value: unknown) => {
      const named = typeof value === "object" && value !== null && "read" in value ? (value as Constant) : undefined;
      return named === undefined || named.fixed === true || own.has(named.name) ? [] : [named.name];
    }));
    const learning = frozen.filter((each) => !/running_(mean|var)$/.test(each));
    const probe: Network = { ...this.#network, lower: () => graph };
    const training = await compileTraining(probe, {
      input: this.#shape, optimiser: { method: "sgd" }, numerics: "exact", threads: 1, frozen: learning });
    this.#session = { block, training };
    return training;
  }

  close(): void {
    this.#session?.training.close();
    this.#session = undefined;
  }
}

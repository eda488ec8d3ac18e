/** ONNX in: a network that somebody trained elsewhere, ready for `compile`. Bytes in; files belong to the caller. */
import type { Graph } from "../../graph/graph.ts";
import type { Shapes } from "../../graph/network.ts";
import { reachable } from "../../graph/rewrite.ts";
import { generalOperations } from "../../session/general.ts";
import type { Tensor } from "../../tensor.ts";
import { bytesOf } from "../bytes/bytes-of.ts";
import type { Source } from "./lower/lower.ts";
import { StoredWeights } from "./lower/state.ts";
import { LeanOnnxNetwork, sourceOf } from "./network.ts";
import type { ImportOptions } from "./network.ts";
import { operators } from "./operators/index.ts";
import { checkKind } from "./read/foreign.ts";

export { externalLocations } from "./read/foreign.ts";
export type { ImportOptions } from "./network.ts";

/**
 * A network from an ONNX file, to run, train and save: `compile` and `compileTraining` take it as they take a model.
 * @example
 * const network: OnnxNetwork = importOnnx(writeOnnx(lower(new ReLU(), [1, 1, 4, 4])));
 * [network.opset, network.outputs]   // => [17,["output"]]
 */
export class OnnxNetwork extends LeanOnnxNetwork {
  readonly #weights: StoredWeights;
  /** Of all tensors in the file. */
  readonly #names: () => readonly string[];

  /** Networks are made by `importOnnx`. */
  constructor(source: Source, weights: StoredWeights) {
    super(source);
    const { model } = source;
    this.#weights = weights;
    this.#names = () => [...model.weights.keys(), ...model.nodes.flatMap(({ outputs }) => outputs)];
  }

  /**
   * The graph for inputs of these shapes, with SE blocks and activations as senet has them.
   * @param training leaves out a softmax at the end, which the loss has, and makes weights independent of the file's bytes, so that they
   * can be written to
   * @throws UnsupportedError that names all that is not supported; RangeError where the network cannot take such inputs
   */
  override lower(shapes: Shapes, training: boolean = false): Graph {
    const graph = super.lower(shapes);
    if (!training) return graph;
    this.#weights.detach();
    return withoutSoftmax(graph);
  }

  /**
   * Copies of the weights that graphs were made with, by their names in the file and in its shapes: for safetensors. Empty before the first
   * graph.
   */
  state(): Map<string, Tensor<Float32Array>> {
    return this.#weights.state();
  }

  /** Takes weights of `state` over; sessions see them after `refresh`. @throws RangeError for a name or shape that is not the file's */
  loadState(tensors: ReadonlyMap<string, Tensor>): void {
    this.#weights.load(tensors, this.#names());
  }
}

/** The graph with logits in place of their softmax. */
function withoutSoftmax(graph: Graph): Graph {
  const last = graph.nodes.find(
    ({ operation, output }) => operation.kind === "softmax" && operation.axis === output.shape.length - 1 && graph.outputs[0] === output,
  );
  return last === undefined ? graph : reachable({ ...graph, outputs: [last.inputs[0], ...graph.outputs.slice(1)] });
}

/**
 * Reads a network from an ONNX file: opset 7 to 28, as PyTorch, TensorFlow, Keras and Paddle export convolutional networks, and as onnxsim,
 * onnxslim and onnxruntime rewrite them. Weights stay where they are in `bytes` until a graph wants them: leave the bytes as they are.
 * @throws FormatError for what is no sound ONNX file, with what to do where it is another kind; UnsupportedError that lists every operator
 * that is not read, with nodes and opset; RangeError where bytes of another file are wanted
 * @example
 * const network = importOnnx(writeOnnx(lower(new ReLU(), [1, 1, 2, 2])));
 * const session = compileSync(network, { input: [1, 1, 2, 2] });
 * session.run({ [network.inputs[0].name]: Tensor.of([-1, 2, -3, 4], [1, 1, 2, 2]) })["output"].data   // => [0,2,0,4]
 */
export function importOnnx(bytes: Uint8Array | ArrayBuffer, options: ImportOptions = {}): OnnxNetwork {
  checkKind(bytesOf(bytes, "importOnnx"));
  const weights = new StoredWeights();
  return new OnnxNetwork(sourceOf(bytes, options, { weights, operators, operations: generalOperations }), weights);
}

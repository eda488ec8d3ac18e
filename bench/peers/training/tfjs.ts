/** TensorFlow.js on its cpu backend, the only one of its backends without a graphics card that has the gradient of a convolution. NHWC. */
import { createRequire } from "node:module";
import type { Graph, Node } from "../../../src/graph/graph.ts";
import { parametersOf } from "./contender.ts";
import type { Trainer } from "./contender.ts";

interface TfTensor {
  readonly shape: readonly number[];
  dataSync(): Float32Array;
}

interface TensorFlow {
  setBackend(name: string): Promise<boolean>;
  engine(): { startScope(): void; endScope(): void };
  tensor(data: Float32Array, shape: readonly number[]): TfTensor;
  transpose(x: TfTensor, order: readonly number[]): TfTensor;
  reshape(x: TfTensor, shape: readonly number[]): TfTensor;
  pad(x: TfTensor, width: readonly (readonly [number, number])[]): TfTensor;
  conv2d(x: TfTensor, filter: TfTensor, stride: readonly number[], pad: "valid"): TfTensor;
  moments(x: TfTensor, axes: readonly number[], keep: boolean): { readonly mean: TfTensor; readonly variance: TfTensor };
  add(a: TfTensor, b: TfTensor | number): TfTensor;
  sub(a: TfTensor, b: TfTensor): TfTensor;
  mul(a: TfTensor, b: TfTensor): TfTensor;
  rsqrt(x: TfTensor): TfTensor;
  relu(x: TfTensor): TfTensor;
  sigmoid(x: TfTensor): TfTensor;
  mean(x: TfTensor, axes: readonly number[], keep: boolean): TfTensor;
  matMul(a: TfTensor, b: TfTensor, transposeA: boolean, transposeB: boolean): TfTensor;
  readonly losses: { softmaxCrossEntropy(targets: TfTensor, logits: TfTensor): TfTensor };
  valueAndGrads(f: (...values: TfTensor[]) => TfTensor): (values: readonly TfTensor[]) => {
    readonly value: TfTensor;
    readonly grads: readonly TfTensor[]
  };
}

/** Filters [O,I,H,W] as [H,W,I,O], and back. */
const [toFilter, fromFilter] = [[2, 3, 1, 0], [3, 2, 0, 1]];

function compute(
  tf: TensorFlow, { operation, inputs }: Node, [x, ...more]: readonly TfTensor[], weights: ReadonlyMap<string, TfTensor>,
): TfTensor {
  switch (operation.kind) {
    case "conv2d": {
      const [top, left] = operation.padding;
      const y = tf.conv2d(
        tf.pad(x, [[0, 0], [top, top], [left, left], [0, 0]]), weights.get(operation.weight.name)!, operation.stride, "valid",
      );
      return operation.bias === undefined ? y : tf.add(y, weights.get(operation.bias.name)!);
    }
    case "linear": {
      const y = tf.matMul(x, weights.get(operation.weight.name)!, false, true);
      return operation.bias === undefined ? y : tf.add(y, weights.get(operation.bias.name)!);
    }
    case "batch_norm": {
      const { mean, variance } = tf.moments(x, [0, 1, 2], true);
      const normal = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, operation.epsilon)));
      return tf.add(tf.mul(normal, weights.get(operation.gamma.name)!), weights.get(operation.beta.name)!);
    }
    case "activation":
      if (operation.activation === "relu") return tf.relu(x);
      if (operation.activation === "sigmoid") return tf.sigmoid(x);
      break;
    case "add":
      return tf.add(x, more[0]);
    case "scale":
      return tf.mul(x, more[0]);
    case "global_pool":
      return tf.mean(x, [1, 2], true);
    case "flatten":
      return tf.reshape(x, [inputs[0].shape[0], -1]);
  }
  throw new Error(`tfjs: ${operation.kind} is not written for this benchmark`);
}

export async function tfjsCpu(graph: Graph): Promise<Trainer> {
  const [core, kernels] = ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-cpu"];
  const tf = (await import(core)) as TensorFlow;
  await import(kernels);
  // Its package for Node leaves gradients out, and this part of it cannot be imported as a module.
  createRequire(import.meta.url)("@tensorflow/tfjs-core/dist/register_all_gradients.js");
  if (!(await tf.setBackend("cpu"))) throw new Error("tfjs: no backend cpu");
  const parameters = parametersOf(graph);
  const [batch, channels, height, width] = graph.inputs[0].shape;
  const values = parameters.map(
    ({ data, shape, convolution }) => (convolution ? tf.transpose(tf.tensor(data, shape), toFilter) : tf.tensor(data, shape)),
  );
  return ({ x, targets }) => {
    tf.engine().startScope();
    const image = tf.transpose(tf.tensor(x, [batch, channels, height, width]), [0, 2, 3, 1]);
    const wanted = tf.tensor(targets, [batch, targets.length / batch]);
    const { value, grads } = tf.valueAndGrads((...given) => {
      const weights = new Map(parameters.map(({ name }, i) => [name, given[i]]));
      const known = new Map([[graph.inputs[0].name, image]]);
      for (const node of graph.nodes) {
        known.set(node.output.name, compute(tf, node, node.inputs.map(({ name }) => known.get(name)!), weights));
      }
      return tf.losses.softmaxCrossEntropy(wanted, known.get(graph.outputs[0].name)!);
    })(values);
    const gradients = new Map(
      parameters.map(({ name, convolution }, i) => [name, (convolution ? tf.transpose(grads[i], fromFilter) : grads[i]).dataSync()]),
    );
    const [loss] = value.dataSync();
    tf.engine().endScope();
    return Promise.resolve({ loss, gradients });
  };
}

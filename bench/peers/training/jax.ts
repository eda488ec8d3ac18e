/** jax-js on WebAssembly: value and gradient of one function, compiled by its `jit`. Arrays count references: `ref` for every use. */
import type { Graph, Node } from "../../../src/graph/graph.ts";
import { parametersOf } from "./contender.ts";
import type { Trainer } from "./contender.ts";

interface JaxArray {
  readonly ref: JaxArray;
  readonly shape: readonly number[];
  add(x: JaxArray | number): JaxArray;
  sub(x: JaxArray): JaxArray;
  mul(x: JaxArray | number): JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  transpose(): JaxArray;
  data(): Promise<Float32Array>;
}

type Arrays = Record<string, JaxArray>;
type LossAndGradients = (weights: Arrays, x: JaxArray, targets: JaxArray) => [JaxArray, Arrays];

interface Jax {
  init(device: string): Promise<unknown>;
  defaultDevice(device: string): unknown;
  jit(run: LossAndGradients): LossAndGradients;
  valueAndGrad(run: (weights: Arrays, x: JaxArray, targets: JaxArray) => JaxArray): LossAndGradients;
  readonly lax: {
    convGeneralDilated(x: JaxArray, weight: JaxArray, strides: readonly number[], padding: readonly (readonly number[])[]): JaxArray;
  };
  readonly nn: Record<"relu" | "sigmoid" | "logSoftmax", (x: JaxArray) => JaxArray>;
  readonly numpy: {
    array(data: Float32Array, options: { shape: readonly number[] }): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    mean(x: JaxArray, axis: readonly number[], options: { keepdims: boolean }): JaxArray;
    sqrt(x: JaxArray): JaxArray;
    reciprocal(x: JaxArray): JaxArray;
    sum(x: JaxArray): JaxArray;
  };
}

function compute({ lax, nn, numpy }: Jax, { operation, inputs }: Node, [x, ...more]: readonly JaxArray[], weights: Arrays): JaxArray {
  const weight = (name: string): JaxArray => weights[name].ref;
  const channels = (name: string): JaxArray => weight(name).reshape([1, weights[name].shape[0], 1, 1]);
  switch (operation.kind) {
    case "conv2d": {
      const y = lax.convGeneralDilated(x, weight(operation.weight.name), operation.stride, operation.padding.map((n) => [n, n]));
      return operation.bias === undefined ? y : y.add(channels(operation.bias.name));
    }
    case "linear": {
      const y = numpy.matmul(x, weight(operation.weight.name).transpose());
      return operation.bias === undefined ? y : y.add(weight(operation.bias.name));
    }
    case "batch_norm": {
      const centred = x.ref.sub(numpy.mean(x, [0, 2, 3], { keepdims: true }));
      const variance = numpy.mean(centred.ref.mul(centred.ref), [0, 2, 3], { keepdims: true });
      const normal = centred.mul(numpy.reciprocal(numpy.sqrt(variance.add(operation.epsilon))));
      return normal.mul(channels(operation.gamma.name)).add(channels(operation.beta.name));
    }
    case "activation":
      if (operation.activation === "relu" || operation.activation === "sigmoid") return nn[operation.activation](x);
      break;
    case "add":
      return x.add(more[0]);
    case "scale":
      return x.mul(more[0]);
    case "global_pool":
      return numpy.mean(x, [2, 3], { keepdims: true });
    case "flatten":
      return x.reshape([inputs[0].shape[0], inputs[0].shape.slice(1).reduce((a, b) => a * b, 1)]);
  }
  throw new Error(`jax-js: ${operation.kind} is not written for this benchmark`);
}

export async function jaxWasm(graph: Graph): Promise<Trainer> {
  const name = "@jax-js/jax";
  const jax = (await import(name)) as Jax;
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  const { numpy } = jax;
  const parameters = parametersOf(graph);
  const values = parameters.map(({ data, shape }) => numpy.array(data, { shape }));
  const [batch] = graph.inputs[0].shape;
  const step = jax.jit(jax.valueAndGrad((weights, x, targets) => {
    const known = new Map([[graph.inputs[0].name, x]]);
    for (const node of graph.nodes) {
      known.set(node.output.name, compute(jax, node, node.inputs.map((value) => known.get(value.name)!.ref), weights));
    }
    return numpy.sum(jax.nn.logSoftmax(known.get(graph.outputs[0].name)!).mul(targets)).mul(-1 / batch);
  }));
  return async ({ x, targets }) => {
    const weights = Object.fromEntries(parameters.map((parameter, i) => [parameter.name, values[i].ref]));
    const [value, grads] = step(
      weights, numpy.array(x, { shape: graph.inputs[0].shape }), numpy.array(targets, { shape: [batch, targets.length / batch] }),
    );
    const [loss] = await value.data();
    const gradients = new Map<string, Float32Array>();
    for (const parameter of parameters) gradients.set(parameter.name, await grads[parameter.name].data());
    return { loss, gradients };
  };
}

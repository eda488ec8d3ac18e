/** jax-js: the whole graph as one function, compiled by its `jit`. Arrays count references: `ref` before every use but the last. */
import type { Activation, Node } from "../../../src/graph/graph.ts";
import type { Host, Job, Runner } from "../contender.ts";
import { lastUses, readGraph } from "../saved-graph.ts";

interface JaxArray {
  readonly ref: JaxArray;
  readonly shape: readonly number[];
  add(x: JaxArray | number): JaxArray;
  mul(x: JaxArray | number): JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  transpose(): JaxArray;
  data(): Promise<Float32Array>;
}

interface Jax {
  init(device: string): Promise<unknown>;
  defaultDevice(device: string): unknown;
  jit<T extends readonly unknown[]>(run: (...args: T) => JaxArray): (...args: T) => JaxArray;
  readonly lax: {
    convGeneralDilated(
      x: JaxArray, weight: JaxArray, strides: readonly number[], padding: readonly (readonly number[])[],
      options: { rhsDilation: readonly number[]; featureGroupCount: number },
    ): JaxArray;
    reduceWindow(x: JaxArray, reduce: (x: JaxArray) => JaxArray, size: readonly number[], strides: readonly number[]): JaxArray;
  };
  readonly nn: Record<"relu" | "relu6" | "sigmoid", (x: JaxArray) => JaxArray> & { leakyRelu(x: JaxArray, slope: number): JaxArray };
  readonly numpy: {
    array(data: Float32Array, options: { shape: readonly number[] }): JaxArray;
    clip(x: JaxArray, least: number, most: number): JaxArray;
    concatenate(parts: readonly JaxArray[], axis: number): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    max(x: JaxArray, axis?: readonly number[], options?: { keepdims: boolean }): JaxArray;
    mean(x: JaxArray, axis: readonly number[], options: { keepdims: boolean }): JaxArray;
    pad(x: JaxArray, width: readonly (readonly number[])[], options: { constantValues: number }): JaxArray;
    tanh(x: JaxArray): JaxArray;
  };
}

type Constants = Record<string, JaxArray>;

export async function jax(job: Job, host: Host): Promise<Runner> {
  const name = "@jax-js/jax";
  const jax = (await import(name)) as Jax;
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  const { numpy } = jax;
  const graph = await readGraph(job.files, host);
  const isLast = lastUses(graph);
  const constants: Constants = {};
  for (const { operation } of graph.nodes) {
    if (operation.kind !== "conv2d" && operation.kind !== "linear") continue;
    for (const constant of [operation.weight, operation.bias]) {
      if (constant === undefined || constant.name in constants) continue;
      const { data, shape } = constant.read();
      // A bias goes along the channels of an image.
      const isBias = constant === operation.bias && operation.kind === "conv2d";
      constants[constant.name] = numpy.array(data as Float32Array, { shape: isBias ? [1, shape[0], 1, 1] : shape });
    }
  }
  const network = jax.jit((x: JaxArray, weights: Constants): JaxArray => {
    const values = new Map([[graph.inputs[0].name, x]]);
    for (const node of graph.nodes) {
      const inputs = node.inputs.map(({ name }, i) => (isLast(node, i) ? values.get(name)! : values.get(name)!.ref));
      values.set(node.output.name, compute(jax, node, inputs, weights));
    }
    return values.get(graph.outputs[0].name)!;
  });
  return {
    layout: "nchw",
    run: (x) => {
      const weights = Object.fromEntries(Object.entries(constants).map(([key, array]) => [key, array.ref]));
      return network(numpy.array(x, { shape: job.input }), weights).data();
    },
  };
}

function compute(jax: Jax, { operation, inputs: values }: Node, [x, ...more]: readonly JaxArray[], weights: Constants): JaxArray {
  const { lax, numpy } = jax;
  switch (operation.kind) {
    case "conv2d": {
      const { stride, padding, dilation, groups, weight, bias, epilogue } = operation;
      if (epilogue?.biasLast === true) throw new Error("jax-js: a gate before the bias is not written for this benchmark");
      const pads = padding.map((n) => [n, n]);
      let y = lax.convGeneralDilated(x, weights[weight.name].ref, stride, pads, { rhsDilation: dilation, featureGroupCount: groups });
      if (bias !== undefined) y = y.add(weights[bias.name].ref);
      if (epilogue?.gate === true) y = y.mul(more[0]);
      if (epilogue?.residual === true) y = y.add(more[epilogue.gate ? 1 : 0]);
      return epilogue?.activation === undefined ? y : activate(jax, y, epilogue.activation);
    }
    case "linear": {
      const y = numpy.matmul(x, weights[operation.weight.name].ref.transpose());
      return operation.bias === undefined ? y : y.add(weights[operation.bias.name].ref);
    }
    case "activation":
      return activate(jax, x, operation);
    case "global_pool":
      return numpy[operation.by](x, [2, 3], { keepdims: true });
    case "max_pool": {
      const { kernel, stride, padding } = operation;
      const pads = [[0, 0], [0, 0], ...padding.map((n) => [n, n])];
      return lax.reduceWindow(numpy.pad(x, pads, { constantValues: -3e38 }), (window) => numpy.max(window), kernel, stride);
    }
    case "add":
      return x.add(more[0]);
    case "scale":
      return x.mul(more[0]);
    case "concat":
      return numpy.concatenate([x, ...more], 1);
    case "flatten": {
      const [batch, ...rest] = values[0].shape;
      return x.reshape([batch, rest.reduce((a, b) => a * b, 1)]);
    }
    default:
      throw new Error(`jax-js: ${operation.kind} is not written for this benchmark`);
  }
}

function activate({ nn, numpy }: Jax, x: JaxArray, { activation, slope, offset }: Activation): JaxArray {
  switch (activation) {
    case "relu": return nn.relu(x);
    case "relu6": return nn.relu6(x);
    case "leaky_relu": return nn.leakyRelu(x, slope);
    case "sigmoid": return nn.sigmoid(x);
    case "hard_sigmoid": return numpy.clip(x.mul(slope).add(offset), 0, 1);
    case "silu": return x.ref.mul(nn.sigmoid(x));
    case "hard_swish": return x.ref.mul(numpy.clip(x.mul(1 / 6).add(0.5), 0, 1));
    case "tanh": return numpy.tanh(x);
    case "gelu":
    case "gelu_tanh": throw new Error(`jax-js: ${activation} is not written for this benchmark`);
  }
}

/**
 * Are the kernels right on this host? Before a session uses them, one of each kind computes something small, and the plain kernels the
 * same; a kind that differs is never used. (Engines have had wrong instructions: see kernels/wasm/probe/probe.ts.)
 */
import type { InferenceKernels } from "../../../../../kernels/contract.ts";
import type { Activation, Constant, Graph, Node, Operation, Value } from "../../../../graph/graph.ts";
import { Tensor, sizeOf } from "../../../../tensor.ts";
import type { Shape } from "../../../../tensor.ts";
import { checkValues } from "./values.ts";
import { PlainConstants, plainProgram } from "../../plain/program.ts";
import type { Arithmetic } from "../../numerics.ts";
import type { Program } from "../../program.ts";
import type { WasmProgramOptions } from "../program.ts";

/** Of the largest value of a result. */
const TOLERANCE = 1e-4;

const CHANNELS = 20;

/** What kernels tell apart: the operation's kind, for convolutions also which of their kernels, for activations which function. */
type Label = string;

function labelOf(operation: Operation): Label {
  switch (operation.kind) {
    case "conv2d": return operation.groups > 1 ? "conv2d in groups" : operation.kernel.some((size) => size > 1) ? "conv2d of places" : "conv2d of pixels";
    case "activation": return `activation ${operation.activation}`;
    case "global_pool": return `global_pool ${operation.by}`;
    case "upsample": return `upsample ${operation.method}`;
    default: return operation.kind;
  }
}

/** What a graph needs to be right. */
export function labelsOf(graph: Graph): Set<Label> {
  const labels = new Set<Label>();
  for (const { operation } of graph.nodes) {
    labels.add(labelOf(operation));
    const within = operation.kind === "conv2d" ? operation.epilogue?.activation : operation.kind === "batch_norm" ? operation.activation : undefined;
    if (within !== undefined) labels.add(labelOf({ ...within, kind: "activation" }));
  }
  return labels;
}

/** A graph with nodes for these labels as far as they have kernels, each on the graph's inputs; some have others where there are many channels. */
function graphOf(labels: ReadonlySet<Label>, { winograd, strassen }: Arithmetic): Graph {
  const next = checkValues(1);
  const draw = (shape: Shape): Tensor => {
    const tensor = Tensor.zeros(shape);
    for (let i = 0; i < tensor.size; i++) tensor.data[i] = next();
    return tensor;
  };
  let constants = 0;
  const constant = (shape: Shape, positive = false): Constant => {
    const tensor = draw(shape);
    if (positive) tensor.data.forEach((value, i) => (tensor.data[i] = 0.5 + Math.abs(value)));
    return { name: `constant ${constants++}`, read: () => tensor };
  };
  const [x, other, gate, row, few, many] = [
    [2, CHANNELS, 8, 7], [2, CHANNELS, 8, 7], [2, CHANNELS, 1, 1], [2, CHANNELS], [1, 128, 8, 4], [1, 128, 14, 14],
  ].map((shape, i) => ({ name: `input ${i}`, shape }));
  const nodes: Node[] = [];
  const add = (operation: Operation, inputs: readonly Value[], shape: Shape): void => {
    if (labels.has(labelOf(operation))) nodes.push({ operation, inputs, output: { name: `node ${nodes.length}`, shape } });
  };
  const relu: Activation = { activation: "relu", slope: 0, offset: 0 };
  const conv = (kernel: number, stride: number, groups: number, inputs: readonly Value[], gated: boolean): void => {
    const padding = (kernel - 1) / 2;
    const residual = inputs.length > (gated ? 2 : 1);
    const [, channels, height, width] = inputs[0].shape;
    add({
      kind: "conv2d", kernel: [kernel, kernel], stride: [stride, stride], padding: [padding, padding], dilation: [1, 1], groups,
      weight: constant([channels, channels / groups, kernel, kernel]), bias: constant([channels]),
      epilogue: { gate: gated, residual, activation: relu, biasLast: gated && groups > 1 },
    }, inputs, [inputs[0].shape[0], channels, Math.ceil(height / stride), Math.ceil(width / stride)]);
  };
  conv(1, 1, 1, [x, gate, other], true);
  conv(3, 1, 1, [x, other], false);
  conv(3, 2, 1, [x], false);
  conv(3, 1, CHANNELS, [x], false);
  conv(5, 2, CHANNELS, [x, gate], true);
  // Few pixels of many channels: weights transformed in the run; and the least that Strassen's method takes.
  if (winograd) conv(3, 1, 1, [few], false);
  if (strassen !== undefined) conv(1, 1, 1, [many], false);
  for (const activation of ["relu", "relu6", "leaky_relu", "sigmoid", "hard_sigmoid", "silu", "hard_swish", "tanh"] as const) {
    add({ kind: "activation", activation, slope: 0.2, offset: 0.5 }, [x], x.shape);
  }
  for (const by of ["mean", "max"] as const) add({ kind: "global_pool", by }, [x], gate.shape);
  const window = { kernel: [3, 3], stride: [2, 2], padding: [1, 1], ceilMode: false } as const;
  add({ kind: "max_pool", ...window }, [x], [2, CHANNELS, 4, 4]);
  add({ kind: "average_pool", ...window, countPadding: false }, [x], [2, CHANNELS, 4, 4]);
  add({ kind: "adaptive_average_pool", size: [3, 2] }, [x], [2, CHANNELS, 3, 2]);
  add({ kind: "add" }, [x, other], x.shape);
  add({ kind: "scale" }, [x, gate], x.shape);
  add({ kind: "concat" }, [x, other], [2, 2 * CHANNELS, 8, 7]);
  add({ kind: "channel_shuffle", groups: 4 }, [x], x.shape);
  for (const method of ["nearest", "bilinear"] as const) add({ kind: "upsample", method, factor: 2, alignCorners: false }, [x], [2, CHANNELS, 16, 14]);
  add({ kind: "flatten" }, [x], [2, CHANNELS * 56]);
  add({ kind: "linear", weight: constant([9, CHANNELS]), bias: constant([9]) }, [row], [2, 9]);
  const [gamma, beta, mean] = [1, 2, 3].map(() => constant([CHANNELS]));
  add({ kind: "batch_norm", epsilon: 1e-5, gamma, beta, mean, variance: constant([CHANNELS], true), activation: relu }, [x], x.shape);
  return { inputs: [x, other, gate, row, few, many], nodes, outputs: nodes.map(({ output }) => output) };
}

/** What the program of a check is made of. */
export type Check = Omit<WasmProgramOptions, "host">;

/** A check of what these labels name. @param plain knows the right answers */
export function checkOf(labels: ReadonlySet<Label>, plain: InferenceKernels, arithmetic: Arithmetic): Check {
  return { graph: graphOf(labels, arithmetic), plain, kept: new Set<string>(), constants: new PlainConstants(), overrides: new Map<string, undefined>() };
}

/** The kinds for which a check's program on other kernels does not compute what the plain kernels compute; with what went wrong. */
export function wrongKinds(check: Check, program: Program): Map<Operation["kind"], string> {
  const { graph } = check;
  const next = checkValues(2);
  const programs = [plainProgram(check), program];
  graph.inputs.forEach((value, i) => {
    const data = Float32Array.from({ length: sizeOf(value.shape) }, next);
    for (const program of programs) program.setInput(i, data);
  });
  for (const program of programs) program.run();
  const wrong = new Map<Operation["kind"], string>();
  for (const { operation, output } of graph.nodes) {
    const [expected, actual] = programs.map((program) => {
      const data = new Float32Array(sizeOf(output.shape));
      program.read(output, data);
      return data;
    });
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const error = expected.reduce((most, value, i) => {
      const off = Math.abs(value - actual[i]);
      // What is no number is as wrong as can be.
      return off >= 0 ? Math.max(most, off) : Infinity;
    }, 0);
    if (!(error <= TOLERANCE * largest)) wrong.set(operation.kind, `off by ${(error / largest).toExponential(0)}`);
  }
  return wrong;
}

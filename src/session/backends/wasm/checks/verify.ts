/**
 * Are the kernels right on this host? Before a session uses them, one of each kind computes something small, and the plain kernels the
 * same; a kind that differs is never used. (Engines have had wrong instructions: see kernels/wasm/probe/probe.ts.)
 */
import type { Activation, Constant, Graph, Kind, Node, Operation } from "../../../../graph/graph.ts";
import { Tensor, sizeOf } from "../../../../tensor.ts";
import type { Shape } from "../../../../tensor.ts";
import { hasActivation } from "../../../../operations/elementwise/activation.ts";
import type { CheckBench, Computation } from "../../../../operations/record.ts";
import { checkValues } from "./values.ts";
import { PlainConstants, plainProgram } from "../../plain/program.ts";
import type { Arithmetic } from "../../numerics.ts";
import { computationOf, lacking } from "../../operations.ts";
import type { Operations, PlainOperations } from "../../operations.ts";
import type { Program } from "../../backend.ts";
import type { WasmProgramOptions } from "../program.ts";

/** Of the largest value of a result. */
const TOLERANCE = 1e-4;

const CHANNELS = 20;

/**
 * What kernels tell apart: the operation's kind, or what its record makes of it (for convolutions which of their kernels, for activations
 * which function).
 */
type Label = string;

function labelOf({ computations }: PlainOperations, operation: Operation): Label {
  return (computations[operation.kind] as Computation<Kind> | undefined)?.label?.(operation) ?? operation.kind;
}

/** The one that an operation is, or has after it. */
function activationOf(operation: Operation): Activation | undefined {
  if (operation.kind === "activation") return operation;
  return operation.kind === "conv2d" ? operation.epilogue?.activation : "activation" in operation ? operation.activation : undefined;
}

/** What a graph needs to be right. @throws RangeError where it has an operation that these are without */
export function labelsOf(graph: Graph, operations: PlainOperations): Set<Label> {
  const labels = new Set<Label>();
  for (const node of graph.nodes) {
    const { operation } = node;
    computationOf(operations, node);
    labels.add(labelOf(operations, operation));
    const within = activationOf(operation);
    if (within === undefined) continue;
    labels.add(labelOf(operations, { ...within, kind: "activation" }));
    if (!hasActivation(operations.kernels, within)) lacking(node, within.activation);
  }
  return labels;
}

/**
 * A graph with nodes for these labels as far as they have kernels, each on the graph's inputs; some have others where there are many
 * channels.
 */
function graphOf(labels: ReadonlySet<Label>, operations: PlainOperations, { fewerProducts }: Arithmetic): Graph {
  const next = checkValues(1);
  let constants = 0;
  const constant = (shape: Shape, positive = false): Constant => {
    const tensor = Tensor.zeros(shape);
    for (let i = 0; i < tensor.size; i++) tensor.data[i] = positive ? 0.5 + Math.abs(next()) : next();
    return { name: `constant ${constants++}`, read: () => tensor };
  };
  const image = [2, CHANNELS, 8, 7];
  const inputs = [image, image, [2, 7, 8, 7], [2, CHANNELS, 1, 1], [2, CHANNELS], [1, 128, 8, 4], [1, 128, 14, 14]]
    .map((shape, i) => ({ name: `input ${i}`, shape }));
  const [x, other, fewer, gate, row, few, many] = inputs;
  const nodes: Node[] = [];
  const add: CheckBench["add"] = (operation, shape, ...inputs) => {
    const output = { name: `node ${nodes.length}`, shape };
    if (labels.has(labelOf(operations, operation))) nodes.push({ operation, inputs, output });
    return output;
  };
  const bench: CheckBench = { x, other, fewer, gate, row, few, many, fewerProducts: fewerProducts !== undefined, constant, add };
  for (const { check } of Object.values(operations.computations)) check?.(bench);
  return { inputs, nodes, outputs: nodes.map(({ output }) => output) };
}

/** What the program of a check is made of. */
export type Check = Omit<WasmProgramOptions, "executor">;

/** A check of what these labels name. @param operations know the right answers */
export function checkOf(labels: ReadonlySet<Label>, operations: Operations, arithmetic: Arithmetic): Check {
  return {
    graph: graphOf(labels, operations, arithmetic), operations, kept: new Set<string>(), constants: new PlainConstants(),
    overrides: new Map<string, undefined>(),
  };
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

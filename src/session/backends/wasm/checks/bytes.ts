/**
 * Are the kernels of bytes right on this host? Before a session uses them, one of each kind computes something small, and the plain kernels
 * the same: every bit must agree, and a kind that differs is never used.
 */
import type { Graph, Node, Operation, Value } from "../../../../graph/graph.ts";
import { sizeOf } from "../../../../tensor.ts";
import type { Shape } from "../../../../tensor.ts";
import { byteOperations } from "../bytes.ts";
import type { Making } from "../../making.ts";
import type { Operations } from "../../operations.ts";
import { plainProgram, PlainConstants } from "../../plain/program.ts";
import type { WasmExecutor } from "../executor.ts";
import { makeWasmProgram } from "../program.ts";
import { checkValues } from "./values.ts";
import { wrongKernels } from "./checked.ts";

const CHANNELS = 20;

/** Operations on bytes, each on inputs of its own, and float32 of what they make. */
class Cases {
  readonly inputs: Value[] = [];
  readonly nodes: Node[] = [];
  /** What is compared, and which kind it is of. */
  readonly outputs = new Map<Value, Operation["kind"]>();
  readonly #next = checkValues(4);

  number(): number {
    return this.#next() / 2;
  }

  floats(count: number, scale: number, offset: number): Float32Array {
    return Float32Array.from({ length: count }, () => offset + scale * this.number());
  }

  input(shape: Shape): Value {
    const value = { name: `input ${this.inputs.length}`, shape };
    this.inputs.push(value);
    return value;
  }

  #make(operation: Operation, output: Value, ...inputs: readonly Value[]): Value {
    this.nodes.push({ operation, inputs, output });
    return output;
  }

  /** Bytes from 0 to 127 of numbers from -2 to 2. */
  bytes(shape: Shape): Value {
    const scale = new Float32Array(shape[1]).fill(1 / 30);
    const value: Value = { name: `bytes ${this.nodes.length}`, shape, dtype: "u7" };
    return this.#make({ kind: "quantise", to: { scale, zero: 60 }, factor: scale.map((each) => 1 / each) }, value, this.input(shape));
  }

  /** An operation that makes bytes. */
  add(operation: Operation, shape: Shape, ...inputs: readonly Value[]): void {
    const made = this.#make(operation, { name: `made ${this.nodes.length}`, shape, dtype: "u7" }, ...inputs);
    const y: Value = { name: `y ${this.nodes.length}`, shape };
    this.#make({ kind: "dequantise", from: { scale: new Float32Array(shape[1]).fill(1), zero: 0 } }, y, made);
    this.outputs.set(y, operation.kind);
  }

  /** An operation that makes float32. */
  addFloat(operation: Operation, shape: Shape, ...inputs: readonly Value[]): void {
    this.outputs.set(this.#make(operation, { name: `made ${this.nodes.length}`, shape }, ...inputs), operation.kind);
  }

  get graph(): Graph {
    return { inputs: this.inputs, nodes: this.nodes, outputs: [...this.outputs.keys()] };
  }
}

function whole(cases: Cases, count: number, most: number): Int8Array {
  return Int8Array.from({ length: count }, () => Math.round(most * cases.number()));
}

/** Of all kinds, convolutions of each kind of kernel among them. */
function allCases(): Cases {
  const cases = new Cases();
  const shape = [2, CHANNELS, 8, 7];
  const bounds = { least: 2, most: 125 };
  const conv = (kernel: number, stride: number, depthwise: boolean, gated: boolean): void => {
    const [groups, padding, taps] = [depthwise ? CHANNELS : 1, (kernel - 1) / 2, depthwise ? kernel * kernel : CHANNELS * kernel * kernel];
    const output = [2, CHANNELS, Math.ceil(8 / stride), Math.ceil(7 / stride)];
    const multiplier = 0.02 / Math.sqrt(taps);
    cases.add({
      kind: "quantised_conv2d", kernel: [kernel, kernel], stride: [stride, stride], padding: [padding, padding, padding, padding],
      dilation: [1, 1], groups, zero: 60, gate: false, residual: gated,
      weight: {
        name: `weight ${cases.nodes.length}`, shape: [CHANNELS, CHANNELS / groups, kernel, kernel],
        data: whole(cases, CHANNELS * taps, 127),
      },
      bias: Int32Array.from({ length: CHANNELS }, () => Math.round(1000 * cases.number())),
      epilogue: {
        ...bounds, multiplier: cases.floats(CHANNELS, multiplier / 2, multiplier), offset: cases.floats(CHANNELS, 10, 50),
        residualMultiplier: gated ? Math.fround(0.3) : 0,
        hardSwish: gated ? undefined : { factor: cases.floats(CHANNELS, 0.1, 1), zero: 11 },
      },
    }, output, cases.bytes(shape), ...(gated ? [cases.bytes(output)] : []));
  };
  for (const gated of [false, true]) {
    conv(1, 1, false, gated);
    conv(3, 2, false, gated);
    conv(3, 1, true, gated);
  }
  const gate = [2, CHANNELS, 1, 1];
  const add = { ...bounds, multiplierA: Math.fround(0.7), multiplierB: Math.fround(0.4), offset: Math.fround(-3.1) };
  cases.add({ kind: "quantised_add", by: add }, shape, cases.bytes(shape), cases.bytes(shape));
  const twice = [2, 2 * CHANNELS, 8, 7];
  const concat = { multiplier: cases.floats(2 * CHANNELS, 0.2, 1), offset: cases.floats(2 * CHANNELS, 5, 0) };
  cases.add({ kind: "quantised_concat", by: concat }, twice, cases.bytes(shape), cases.bytes(shape));
  cases.add({ kind: "quantised_channel_shuffle", groups: 5 }, shape, cases.bytes(shape));
  const scale = { ...bounds, zero: 60, multiplier: Math.fround(0.8), offset: 30 };
  cases.add({ kind: "quantised_scale", by: scale }, shape, cases.bytes(shape), cases.input(gate));
  const affine = { ...bounds, multiplier: cases.floats(CHANNELS, 0.3, 1), offset: cases.floats(CHANNELS, 9, 1) };
  cases.add({ kind: "quantised_affine", by: affine }, shape, cases.bytes(shape));
  const entries = Uint8Array.from({ length: 128 }, (_, i) => (89 * i + 3) % 128);
  cases.add({ kind: "quantised_table", entries }, shape, cases.bytes(shape));
  const mean = { factor: cases.floats(CHANNELS, 0.01, 0.03), offset: cases.floats(CHANNELS, 1, 0) };
  cases.addFloat({ kind: "quantised_mean", by: mean }, gate, cases.bytes(shape));
  const window = { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], ceilMode: false } as const;
  cases.add({ kind: "quantised_max_pool", ...window }, [2, CHANNELS, 4, 4], cases.bytes(shape));
  const by = { multiplier: Math.fround(0.9), offset: Math.fround(4.1), padding: undefined };
  cases.add({ kind: "quantised_average_pool", ...window, by }, [2, CHANNELS, 4, 4], cases.bytes(shape));
  for (const activation of ["relu", "sigmoid", "silu", "hard_sigmoid", "hard_swish"] as const) {
    cases.addFloat({
      kind: "quantised_linear", activation: { activation, slope: 0.2, offset: 0.5 },
      weight: { name: `weight ${cases.nodes.length}`, shape: [CHANNELS + 3, CHANNELS], data: whole(cases, CHANNELS * (CHANNELS + 3), 127) },
      scale: cases.floats(CHANNELS + 3, 0.01, 0.02), bias: cases.floats(CHANNELS + 3, 1, 0),
    }, [2, CHANNELS + 3, 1, 1], cases.input(gate));
  }
  return cases;
}

/** The kinds of these that are wrong here, with how: of bytes by their bits, of float32 as verify.ts has it. */
export function* checkBytes(
  labels: ReadonlySet<string>, executor: WasmExecutor, operations: Operations,
): Making<ReadonlyMap<string, string>> {
  const wrong = new Map<string, string>();
  const isByte = (label: string): boolean => /quantise/.test(label);
  const floats = new Set([...labels].filter((label) => !isByte(label)));
  if (floats.size > 0) {
    const found = yield* wrongKernels(floats, executor, operations);
    for (const [kind, how] of found) wrong.set(kind, how);
  }
  if (![...labels].some(isByte)) return wrong;
  const { graph, outputs } = allCases();
  const options = {
    graph, operations: byteOperations, kept: new Set<string>(), constants: new PlainConstants(), overrides: new Map<string, undefined>(),
  };
  const program = yield* makeWasmProgram({ ...options, executor });
  const programs = [plainProgram(options), program];
  const next = checkValues(5);
  graph.inputs.forEach(({ shape }, i) => {
    const data = Float32Array.from({ length: sizeOf(shape) }, next);
    for (const each of programs) each.setInput(i, data);
  });
  for (const each of programs) each.run();
  for (const [value, kind] of outputs) {
    const [expected, actual] = programs.map((each) => {
      const data = new Float32Array(sizeOf(value.shape));
      each.read(value, data);
      return data;
    });
    const at = expected.findIndex((each, i) => !Object.is(each, actual[i]));
    if (at >= 0) wrong.set(kind, `${actual[at]} instead of ${expected[at]}`);
  }
  return wrong;
}

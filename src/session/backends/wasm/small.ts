/**
 * Sessions of float32 whose weights are held as halves or as bytes, and expanded some panels at a time: what `weights` of `compile` is.
 * Sums, activations and all else are as ever; only the weights are rounded, each output channel by its own scale.
 */
import type { SmallFormat } from "../../../../kernels/wasm/convolution/small/panels.ts";
import type { Constant, Graph, Node, Operation } from "../../../graph/graph.ts";
import { Tensor, sizeOf } from "../../../tensor.ts";
import type { Shape } from "../../../tensor.ts";
import type { Making } from "../making.ts";
import type { Capabilities, OwnSessions } from "../capabilities.ts";
import type { Operations } from "../operations.ts";
import { PlainConstants } from "../plain/program.ts";
import { smallBindings } from "./bindings/small.ts";
import { checkValues } from "./checks/values.ts";
import { wrongKernels } from "./checks/checked.ts";
import { wrongKinds } from "./checks/verify.ts";
import type { Check } from "./checks/verify.ts";
import type { WasmExecutor } from "./executor.ts";
import { makeWasmProgram } from "./program.ts";

export const smallFormats: readonly SmallFormat[] = ["f16", "int8"];

/** @param all what sessions have else */
export function smallSessions(all: Capabilities, format: SmallFormat): OwnSessions {
  const operations: Operations = { ...all.operations, bindings: { ...all.operations.bindings, ...smallBindings(format) } };
  // Modules from files have kernels of their own.
  const { modules: _, ...rest } = all;
  const named = format === "f16" ? { halfWeights: true } as const : { byteWeights: true } as const;
  return {
    capabilities: {
      ...rest, operations,
      pace: (arithmetic, asked) => ({ ...(all.pace?.(arithmetic, asked) ?? arithmetic), ...named }),
    },
    *check(labels, executor, { computations, bindings }) {
      const usual = { ...all.operations, computations, bindings: { ...bindings, ...all.operations.bindings } };
      const wrong = yield* wrongKernels(labels, executor, usual);
      const small = yield* checkSmall(operations, executor);
      return new Map([...wrong, ...small]);
    },
  };
}

/** A convolution and a linear layer whose weights are the same when they are small: of one panel and a narrower one. */
function* checkSmall(operations: Operations, executor: WasmExecutor): Making<ReadonlyMap<string, string>> {
  const [inputs, outputs] = [150, 28];
  const next = checkValues(6);
  const constant = (name: string, shape: Shape): Constant => {
    const tensor = Tensor.zeros(shape);
    const row = sizeOf(shape) / outputs;
    // Whole numbers, the largest of each channel 127.
    for (let i = 0; i < tensor.size; i++) tensor.data[i] = i % row === 3 && row > 3 ? -127 : Math.round(60 * next());
    return { name, read: () => tensor };
  };
  const pixels = 6;
  const graph: Graph = {
    inputs: [{ name: "image", shape: [1, inputs, pixels, pixels] }, { name: "row", shape: [2, inputs] }], nodes: [], outputs: [],
  };
  const [image, row] = graph.inputs;
  const made = (operation: Operation, input: Node["output"], shape: Shape): Node => (
    { operation, inputs: [input], output: { name: `${operation.kind} output`, shape } });
  const nodes = [
    made({
      kind: "conv2d", kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1,
      weight: constant("conv weight", [outputs, inputs, 1, 1]), bias: constant("conv bias", [outputs]),
    }, image, [1, outputs, pixels, pixels]),
    made({
      kind: "linear", weight: constant("linear weight", [outputs, inputs]), bias: constant("linear bias", [outputs]),
    }, row, [2, outputs]),
  ];
  const check: Check = {
    graph: { ...graph, nodes, outputs: nodes.map(({ output }) => output) }, operations, kept: new Set<string>(),
    constants: new PlainConstants(), overrides: new Map<string, undefined>(),
  };
  const program = yield* makeWasmProgram({ ...check, executor });
  return wrongKinds(check, program);
}

/** What saveQuantised adds for sessions of few bytes (index.ts): the graph, the tables, and the answer to an example. */
import type { Graph, Value } from "../../graph/graph.ts";
import { compileSyncWith } from "../../session/compile.ts";
import { Tensor, sizeOf } from "../../tensor.ts";
import type { QuantisedNetwork } from "../network.ts";
import { leanBindings } from "./bindings.ts";
import { answerHash, examplePixels } from "./file.ts";
import type { StoredGraph } from "./file.ts";

export interface LeanParts {
  readonly metadata: Readonly<Record<string, string>>;
  /** By the names of their values. */
  readonly tables: ReadonlyMap<string, Uint8Array>;
}

function stored({ inputs, nodes, outputs }: Graph): StoredGraph {
  const all = [...inputs, ...nodes.map(({ output }) => output)];
  const name = (value: Value): string => value.name;
  return {
    values: Object.fromEntries(all.map((value) => [value.name, value.shape])), inputs: inputs.map(name), outputs: outputs.map(name),
    // What reads a constant is a function, and JSON leaves it out.
    nodes: nodes.map(({ operation, inputs: from, output }) => [operation, from.map(name), output.name]),
  };
}

/** Undefined where something of the network is float32, so that it wants more than kernels of bytes. */
export function leanParts(network: QuantisedNetwork): LeanParts | undefined {
  const { input, inputs: [{ name }], sessions } = network;
  const graph = network.lower({ [name]: input });
  const kinds = new Set(graph.nodes.map(({ operation }) => operation.kind));
  const one = graph.inputs.length === 1 && graph.outputs.length === 1;
  if (!one || [...kinds].some((kind) => !Object.hasOwn(leanBindings, kind))) return undefined;
  const tables = new Map(graph.nodes.flatMap(({ operation, output }) => (
    operation.kind === "quantised_table" ? [[output.name, operation.entries] as const] : [])));
  const { capabilities, ...own } = sessions;
  const session = compileSyncWith(capabilities, network, { input, ...own });
  try {
    const { data } = session.run(new Tensor(examplePixels(sizeOf(input)), input));
    return { tables, metadata: { "senet.int8.graph": JSON.stringify(stored(network.prepared())), "senet.int8.answer": answerHash(data) } };
  } finally {
    session.close();
  }
}


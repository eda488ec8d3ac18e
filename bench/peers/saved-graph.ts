/**
 * senet's optimised graph as JSON, its constants beside it: what an engine without a file format runs. It is written once in the
 * parent, so that a contender's process holds nothing of senet but this reader.
 */
import type { Constant, Graph, Node } from "../../src/graph/graph.ts";
import { decodeUtf8 } from "../../src/io/bytes/utf8.ts";
import { parseSafetensors, writeSafetensors } from "../../src/io/weights/safetensors.ts";
import type { Tensor } from "../../src/tensor.ts";
import type { Host, ModelFiles } from "./contender.ts";

interface SavedConstant {
  readonly constant: string;
}

/** @returns its JSON, and a safetensors file of the constants */
export function saveGraph(graph: Graph): readonly [json: string, constants: Uint8Array] {
  const constants = new Map<string, Tensor>();
  const json = JSON.stringify(graph, (_key, value: unknown) => {
    if (typeof value !== "object" || value === null || !("read" in value)) return value;
    const { name, read } = value as Constant;
    if (!constants.has(name)) constants.set(name, read());
    return { constant: name } satisfies SavedConstant;
  });
  return [json, writeSafetensors(constants)];
}

export async function readGraph(files: ModelFiles, host: Host): Promise<Graph> {
  const { tensors } = parseSafetensors(await host.read(files.constants), { share: true });
  return JSON.parse(decodeUtf8(await host.read(files.graph), "saved graph"), (_key, value: unknown) => {
    if (typeof value !== "object" || value === null || !("constant" in value)) return value;
    const { constant } = value as SavedConstant;
    return { name: constant, read: () => tensors.get(constant)! } satisfies Constant;
  }) as Graph;
}

/** Does nothing after `node` use its input `i`? Then its memory can go. */
export function lastUses(graph: Graph): (node: Node, i: number) => boolean {
  const last = new Map<string, Node>();
  for (const node of graph.nodes) for (const { name } of node.inputs) last.set(name, node);
  const outputs = new Set(graph.outputs.map((value) => value.name));
  return (node, i) => {
    const { name } = node.inputs[i];
    return !outputs.has(name) && last.get(name) === node && node.inputs.every((value, j) => j <= i || value.name !== name);
  };
}

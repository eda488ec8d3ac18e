/** From the nodes of a file to a graph, once the shapes of the inputs are known. */
import { UnsupportedError, show } from "../../../errors.ts";
import type { Graph, OperationSet } from "../../../graph/graph.ts";
import type { Shapes } from "../../../graph/network.ts";
import { Known, stored } from "../constants/known.ts";
import type { OnnxModel, OnnxNode } from "../read/model.ts";
import type { Item } from "./nodes.ts";
import { Site } from "./site.ts";
import type { Lowering } from "./site.ts";
import { Unsupported } from "./unsupported.ts";
import type { Weights } from "./weights.ts";

/** What a file gives to every graph of it. */
export interface Source {
  readonly model: OnnxModel;
  readonly weights: Weights;
  /** That are read, and what to do about others. */
  readonly operators: Readonly<Record<string, object>>;
  readonly advice?: string;
  /** What sessions want to be brought for its graphs. */
  readonly operations?: OperationSet | undefined;
  /** Inputs that are known, whatever is run. */
  readonly given: ReadonlyMap<string, Known>;
  /** What follows from weights alone, by node: computed once. */
  readonly settled: Map<OnnxNode, readonly (Item | undefined)[]>;
  readonly mostConstants: number;
  /** For people: what the file says and is not done. */
  readonly notes: Set<string>;
}

export interface Missing {
  readonly node: OnnxNode;
  readonly reason: string;
}

function some(texts: readonly string[], most: number): string {
  return texts.slice(0, most).join(", ") + (texts.length > most ? ` and ${texts.length - most} more` : "");
}

/** One line for all that is missing, with nodes and opset. @param more what belongs to no node */
export function unsupported(
  { model: { opset }, advice = "" }: Source, missing: readonly Missing[], more: readonly string[] = [],
): UnsupportedError {
  const groups = new Map<string, string[]>();
  for (const { node: { type, title }, reason } of missing) {
    const key = `${type} ${reason}`.trim();
    const titles = groups.get(key);
    if (titles === undefined) groups.set(key, [show(title)]);
    else titles.push(show(title));
  }
  const texts = [...groups].map(([key, nodes]) => `${show(key).slice(1, -1)} (node${nodes.length > 1 ? "s" : ""} ${some(nodes, 3)})`);
  const all = some([...texts, ...more], 24);
  return new UnsupportedError(`importOnnx: not supported (opset ${opset}): ${all}${advice}`, [...groups.keys(), ...more]);
}

/** @param missing receives what is not supported; what stands there already is left out */
export function lowerModel(source: Source, shapes: Shapes, missing: Missing[] = []): Graph {
  const { model, given, settled } = source;
  const site = new Site(model.producer, source.weights, source.mostConstants, source.notes);
  const items = new Map<string, Item>(given);
  for (const { name, type } of model.inputs) if (!given.has(name)) items.set(name, site.flow(site.input(name, shapes[name]), type));
  for (const [name, tensor] of model.weights) if (!items.has(name)) items.set(name, stored(tensor));
  /** Outputs of nodes that are not supported: what follows from them is not looked at. */
  const lost = new Set<string>();
  const out = new Set(missing.map(({ node }) => node));
  for (const node of model.nodes) {
    if (out.has(node) || node.inputs.some((name) => lost.has(name))) {
      for (const name of node.outputs) lost.add(name);
      continue;
    }
    const inputs = node.inputs.map((name) => (name === "" ? undefined : (items.get(name) ?? unknown(node, name))));
    let outputs = settled.get(node);
    if (outputs === undefined) {
      site.at(node.outputs[0] ?? node.title, whatOf(node));
      try {
        const result = site.lower(node, node.type.includes(":") ? 1 : model.opset, inputs, source.operators[node.type] as Lowering);
        outputs = Array.isArray(result) ? (result as readonly (Item | undefined)[]) : [result as Item];
      } catch (error) {
        if (!(error instanceof Unsupported)) throw error;
        missing.push({ node, reason: error.message });
        for (const name of node.outputs) lost.add(name);
        continue;
      }
      if (
        inputs.every((item) => item === undefined || (item instanceof Known && item.stable)) && outputs.every(
          (item) => item instanceof Known,
        )
      ) {
        outputs = (outputs as readonly Known[]).map((known) => known.reshaped(known.shape, { stable: true }));
        settled.set(node, outputs);
      }
    }
    node.outputs.forEach((name, i) => {
      const item = outputs[i];
      if (name === "" || item === undefined) return;
      items.set(name, item);
      site.named(name, item);
    });
  }
  if (missing.length > 0) throw unsupported(source, missing);
  site.at("output", "an output");
  try {
    return site.finish(model.outputs.map(({ name }) => site.value(items.get(name) ?? unknown(undefined, name))));
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    throw unsupported(source, [], [`an output ${error.message}`]);
  }
}

/** For messages. */
function whatOf({ type, title }: OnnxNode): string {
  return `${type} (node ${show(title)})`;
}

function unknown(node: OnnxNode | undefined, name: string): never {
  const who = node === undefined ? "the graph's output" : whatOf(node);
  throw new RangeError(`importOnnx: ${who} wants ${show(name)}, which nothing makes before it`);
}


/**
 * What a file spells out in many nodes becomes what senet has one for. Each step is a pure function from graph to graph, and changes no
 * answer beyond rounding.
 */
import type { Graph } from "../../../graph/graph.ts";
import { reachable } from "../../../graph/rewrite.ts";
import { recogniseActivations } from "./activations.ts";
import { recogniseAffine } from "./affine.ts";
import { recognisePadding } from "./padding.ts";
import { recognisePools } from "./pools.ts";
import { recogniseShuffle } from "./shuffle.ts";
import { recogniseSqueezeExcite } from "./squeeze-excite.ts";

export function recognise(graph: Graph): Graph {
  return [recognisePools, recogniseShuffle, recognisePadding, recogniseActivations, recogniseAffine, recogniseSqueezeExcite].reduce(
    (before, step) => reachable(step(before)), reachable(graph),
  );
}

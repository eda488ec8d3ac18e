/** The passes in their order. Each is a pure function from graph to graph; together they change no answer beyond rounding. */
import type { Graph } from "../../graph/graph.ts";
import { foldBatchNorm } from "./passes/fold-batch-norm.ts";
import { foldScale } from "./passes/fold-scale.ts";
import { foldSqueeze } from "./passes/fold-squeeze.ts";
import { fuseEpilogue } from "./passes/fuse-epilogue.ts";
import { reachable } from "../../graph/rewrite.ts";

/** @param kept names of values that must stay: observed or overridden ones */
export function optimise(graph: Graph, kept: ReadonlySet<string> = new Set()): Graph {
  return [foldBatchNorm, foldSqueeze, fuseEpilogue, foldScale].reduce((before, pass) => pass(before, kept), reachable(graph));
}

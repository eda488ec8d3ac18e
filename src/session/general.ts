/**
 * The operations that no module lowers to, for sessions of networks that have them. `importOnnx` brings them with each network; graphs,
 * networks and modules of one's own that have such operations are given them: `{ ...moduleNetwork(model), operations: generalOperations }`.
 */
import type { OperationSet } from "../graph/graph.ts";
import { generalComputations } from "../operations/general/index.ts";
import { generalBindings } from "./backends/wasm/bindings/general/index.ts";

/**
 * Functions of numbers (`unary`, `binary`, ...), other shapes and orders (`reshape`, `transpose`, ...), what joins an axis (`reduce`,
 * `softmax`, ...), products of matrices: all kinds of operations that modules do not lower to, with their kernels.
 * @example
 * const x: Value = { name: "x", shape: [1, 3] };
 * const node: Node = { operation: { kind: "unary", by: "exp" }, inputs: [x], output: { name: "y", shape: [1, 3] } };
 * const graph: Graph = { inputs: [x], nodes: [node], outputs: [node.output], operations: generalOperations };
 * compileSync(graph).run(Tensor.zeros([1, 3])).data   // => [1,1,1]
 */
export const generalOperations: OperationSet = { computations: generalComputations, bindings: generalBindings };

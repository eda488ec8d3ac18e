/**
 * The graph that is measured and quantised: a session's optimised graph (normalisation folded, gates and sums in the epilogues of
 * convolutions), in which functions that bytes take as a table are operations of their own again, so that what they are applied to can be
 * measured. ReLU and ReLU6 are bounds of bytes, and hard swish has a place in the epilogue of convolutions: they stay.
 */
import type { Activation, Graph, Node, Value } from "../graph/graph.ts";
import { optimise } from "../session/optimise/optimise.ts";
import { sizeOf } from "../tensor.ts";
import type { Shape } from "../tensor.ts";

/** Is it one number a channel? Such values stay float32. */
export function isPixel(shape: Shape): boolean {
  return sizeOf(shape.slice(2)) === 1;
}

/** Is it an image of more than one pixel? Only such values become bytes. */
export function isImage(shape: Shape): boolean {
  return shape.length === 4 && !isPixel(shape);
}

function stays({ activation }: Activation, kind: Node["operation"]["kind"]): boolean {
  return activation === "relu" || activation === "relu6" || (activation === "hard_swish" && kind === "conv2d");
}

/** The node without its activation, which is undefined where it has none that would go. */
function without({ operation, output }: Node): { readonly operation: Node["operation"]; readonly activation: Activation | undefined } {
  if (isImage(output.shape)) {
    if (operation.kind === "conv2d" && operation.epilogue?.activation !== undefined) {
      const { epilogue } = operation;
      const { activation } = epilogue;
      if (stays(activation!, "conv2d")) return { operation, activation: undefined };
      return { operation: { ...operation, epilogue: { ...epilogue, activation: undefined } }, activation };
    } else if ((operation.kind === "add" || operation.kind === "scale") && operation.activation !== undefined) {
      const { activation } = operation;
      if (!stays(activation, operation.kind)) return { operation: { kind: operation.kind }, activation };
    } else if (operation.kind === "batch_norm" && operation.activation !== undefined) {
      const { activation, kind, epsilon, gamma, beta, mean, variance } = operation;
      if (!stays(activation, kind)) return { operation: { kind, epsilon, gamma, beta, mean, variance }, activation };
    }
  }
  return { operation, activation: undefined };
}

/** @param graph as the network lowers it */
export function prepare(graph: Graph): Graph {
  const optimised = optimise(graph);
  const nodes = optimised.nodes.flatMap((node): Node[] => {
    const { operation, activation } = without(node);
    if (activation === undefined) return [node];
    const sum: Value = { ...node.output, name: `${node.output.name}.sum` };
    return [
      { operation, inputs: node.inputs, output: sum },
      { operation: { kind: "activation", ...activation }, inputs: [sum], output: node.output },
    ];
  });
  return { ...optimised, nodes };
}

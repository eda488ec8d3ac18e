/** What puts numbers in other places: which ones, axis by axis. */
import { takeForward } from "../../../kernels/reference/general/take.ts";
import type { TakeShape } from "../../../kernels/reference/general/take.ts";
import type { Kind } from "../../graph/graph.ts";
import type { Shape } from "../../tensor.ts";
import type { Computation, NodeOf } from "../record.ts";

export type Takes<K extends Kind> = Computation<K> & { readonly shapeOf: (node: NodeOf<K>) => TakeShape };

/** The routine of kinds that put numbers in other places, and which places these are. */
export function takes<K extends Kind>(
  places: (operation: NodeOf<K>["operation"], from: Shape, to: Shape) => readonly Int32Array[],
  value: (operation: NodeOf<K>["operation"]) => number = () => 0,
): Takes<K> {
  const shapeOf = ({ operation, inputs, output }: NodeOf<K>): TakeShape => (
    { places: places(operation, inputs[0].shape, output.shape), value: value(operation) }
  );
  return {
    shapeOf,
    routine(node, { array }) {
      const [y, x, shape] = [array(node.output), array(node.inputs[0]), shapeOf(node)];
      return () => takeForward(y, x, shape);
    },
  };
}

/** Places of an axis: for each index of the output an index of the input, or -1 for outside. */
export function axis(size: number, stride: number, from: (i: number) => number): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => {
    const at = from(i);
    return at < 0 ? -1 : at * stride;
  });
}

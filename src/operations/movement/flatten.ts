/** x [N,C,H,W] to [N,C*H*W]. */
import { sizeOf } from "../../tensor.ts";
import type { Computation, Declaration } from "../record.ts";

export const flatten: Declaration<"flatten"> = { shape: (_, [[batch, ...rest]]) => [batch, sizeOf(rest)] };

export const flattenComputation: Computation<"flatten"> = {
  routine({ inputs, output }, { array }) {
    const [y, x] = [array(output), array(inputs[0])];
    return () => y.set(x);
  },

  check({ x, add }) {
    add({ kind: "flatten" }, [x.shape[0], sizeOf(x.shape.slice(1))], x);
  },
};

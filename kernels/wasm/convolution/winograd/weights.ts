/** Winograd's transform of a panel's weights, G g G^T, in the run: of each kernel nine numbers come from memory, not 36. */
import type { Func } from "../../assembler/handles.ts";
import type { VectorArithmetic } from "../../shared/arithmetic.ts";
import { repeat } from "../../shared/loops.ts";
import type { ModuleBuilder } from "../../assembler/module-builder.ts";
import { channelsAtOnce, storeVectors } from "../vectors.ts";
import { emitKernel, factors } from "./tile.ts";

export interface WeightTransform extends VectorArithmetic {
  readonly name: string;
  /** Channels of the panel: a multiple of 4. */
  readonly columns: number;
  /** Input channels. */
  readonly inputs: number;
  /** Bytes from tap to tap of the weights, and from place to place of the result. */
  readonly tapPitch: number;
  readonly placePitch: number;
}

/** The first input's first weights; where to write. */
const weightParams = { w: "i32", u: "i32" } as const;

export type WeightFunc = Func<typeof weightParams>;

/** A function (w, u) that transforms the weights of some input channels of a panel, which lies as convolution/panels.ts says. */
export function emitWeightTransform(m: ModuleBuilder, kernel: WeightTransform): WeightFunc {
  const { name, columns, inputs, tapPitch, placePitch, wide } = kernel;
  const each = channelsAtOnce(columns, wide);
  return m.func(name, { params: weightParams }, (f, { w, u }) => {
    const by = factors(f, u, kernel);
    repeat(f, (inputs * columns) / each, () => {
      const tap = (i: number, lane: number): void => {
        f.local.get(w);
        f.v128.load(i * tapPitch + 16 * lane);
      };
      emitKernel(f, each / 4, tap, by, (place, value) => storeVectors(f, u, place * placePitch, value));
      f.local.increase(w, 4 * each);
      f.local.increase(u, 4 * each);
    });
  });
}

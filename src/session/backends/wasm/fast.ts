/**
 * What fast sessions have besides fused multiply-adds and Winograd's method: a file of its own, so that who does not name it (lean.ts)
 * does not load its kernels.
 */
import { strassenConvolution } from "../../../../kernels/wasm/convolution/strassen/strassen.ts";
import { tallRow } from "../../../../kernels/wasm/convolution/tall.ts";
import { groupedWinograd } from "../../../../kernels/wasm/convolution/winograd/groups.ts";
import type { Convolution } from "../../../../kernels/wasm/convolution/choose.ts";
import type { ConvParams } from "../../../../kernels/wasm/convolution/params.ts";
import { tiles } from "../../../../kernels/wasm/probe/tiles.ts";
import type { Tile } from "../../../../kernels/wasm/probe/tiles.ts";
import { shortActivations } from "../../../../kernels/wasm/shared/short-sigmoid.ts";
import type { Arithmetic } from "../numerics.ts";
import { taken } from "./tuning.ts";

/** The arithmetic with Strassen's method, Winograd's in groups, and short activations, where the bits may differ at all. */
export function withFast(arithmetic: Arithmetic): Arithmetic {
  if (arithmetic.exact) return arithmetic;
  const fewerProducts = (params: ConvParams): Convolution | undefined => strassenConvolution(params) ?? groupedWinograd(params);
  return { ...arithmetic, fewerProducts, activations: shortActivations(arithmetic.fma) };
}

/** The arithmetic in tiles of this kind, whether its products are fused or not. */
export function withTile(arithmetic: Arithmetic, tile: Tile): Arithmetic {
  return tile === "2x16" ? arithmetic : { ...arithmetic, tall: tallRow, tuned: `${arithmetic.tuned ?? ""}, tiles of ${tile}` };
}

/** The same for sessions of this very host, with what only a measurement can choose, unless it is asked for. */
export function withFastHere(arithmetic: Arithmetic, asked?: Tile): Arithmetic {
  const fast = withFast(arithmetic);
  return withTile(fast, asked ?? (fast.fma ? taken(tiles) : "2x16"));
}

/** Cases of the Squeeze-and-Excitation page, with both biases and without. */
import type { Floats } from "../../../kernels/shapes.ts";
import type * as page from "../../../kernels/reference/squeeze-excite.ts";
import type { Case } from "../case.ts";
import { normal } from "../case.ts";

export type SqueezeExciteKernels = typeof page;

export interface SqueezeExciteCase extends Case<SqueezeExciteKernels> {
  readonly shape: page.SqueezeExciteShape;
}

function squeezeExcite(
  batch: number, channels: number, hidden: number, height: number, width: number, bias: boolean = true, large: boolean = false,
): SqueezeExciteCase {
  const shape = { batch, channels, hidden, height, width };
  return {
    shape,
    name: `squeezeExcite [${batch},${channels},${height},${width}] through ${hidden}${bias ? "" : " without biases"}`,
    kernels: ["squeezeExciteForward", "squeezeExciteBackward"],
    inputs: {
      // A mean unlike zero, so that the gates have something to decide on.
      x: normal(batch * channels * height * width, 1, 0.5),
      w1: normal(hidden * channels), w2: normal(channels * hidden),
      ...(bias ? { b1: normal(hidden), b2: normal(channels) } : {}),
    },
    by: bias ? ["x", "w1", "w2", "b1", "b2"] : ["x", "w1", "w2"],
    large,
    forward(k, { x, w1, b1, w2, b2 }, make) {
      const y = make(x.length);
      const [wide, narrow] = [batch * channels, batch * hidden];
      const rest = { z: make(wide), a: make(narrow), h: make(narrow), e: make(wide), s: make(wide) };
      k.squeezeExciteForward(y, rest.z, rest.a, rest.h, rest.e, rest.s, x, w1, b1 ?? null, w2, b2 ?? null, shape);
      return { y, rest };
    },
    backward(k, gradients, dy, { x, w1, w2 }, { rest }) {
      const [z, a, h, s] = [rest["z"], rest["a"], rest["h"], rest["s"]] as Floats[];
      // ds, de, da and dz are overwritten, so whatever they hold must not matter.
      const overwritten = (like: Floats): Floats => like.map(() => NaN);
      k.squeezeExciteBackward(
        gradients["x"], gradients["w1"], gradients["b1"] ?? null, gradients["w2"], gradients["b2"] ?? null,
        overwritten(s), overwritten(s), overwritten(a), overwritten(z),
        x, z, a, h, s, w1, w2, dy, shape,
      );
    },
  };
}

export const squeezeExciteCases: readonly SqueezeExciteCase[] = [
  squeezeExcite(1, 2, 1, 1, 2),
  squeezeExcite(2, 5, 3, 3, 4),
  squeezeExcite(3, 8, 4, 2, 2),
  squeezeExcite(2, 4, 2, 3, 3, false),
  squeezeExcite(2, 64, 4, 14, 13, true, true),
];

/** Functions of one number, and of two where either operand may be stretched. */
import { activationKernel } from "../../../../../../kernels/wasm/operations/elementwise.ts";
import type { ActivationEmitter } from "../../../../../../kernels/wasm/shared/activation.ts";
import { clipEmitter, eluEmitter, functionEmitters } from "../../../../../../kernels/wasm/shared/functions.ts";
import type { Kernel } from "../../../../../../kernels/wasm/shared/kernel.ts";
import type { Layout } from "../../../../../../kernels/wasm/shared/layout.ts";
import type { UnaryFunction } from "../../../../../graph/graph.ts";
import type { PointwiseKind } from "../../../../../operations/general/pointwise.ts";
import { onLayouts, overFirst } from "../binding.ts";
import type { Binding, Bindings } from "../binding.ts";
import { stretched } from "../pointwise.ts";

function functionKernel(output: Layout, x: Layout, name: string, emit: ActivationEmitter): Kernel {
  return activationKernel(output, x, { activation: name, slope: 0, offset: 0, emit });
}

const emitters: Readonly<Partial<Record<UnaryFunction, ActivationEmitter>>> = functionEmitters;

const unary: Binding<"unary"> = {
  bind: onLayouts((output, [x], { operation: { by } }) => {
    const emit = emitters[by];
    return emit && functionKernel(output, x, by, emit);
  }),
  over: overFirst,
};

const elu: Binding<"elu"> = {
  bind: onLayouts((output, [x], { operation: { alpha } }) => functionKernel(output, x, `elu_${alpha}`, eluEmitter(alpha))),
  over: overFirst,
};

const clip: Binding<"clip"> = {
  bind: onLayouts(
    (output, [x], { operation: { least, most } }) => functionKernel(output, x, `clip_${least}_${most}`, clipEmitter(least, most)),
  ),
  over: overFirst,
};

export const pointwiseBindings: Pick<Bindings, PointwiseKind> = {
  unary, elu, clip, binary: stretched(({ operation: { by } }) => by), select: "plain",
};

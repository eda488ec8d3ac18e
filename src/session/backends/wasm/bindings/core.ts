/** Bindings of the operations that lean sessions know, as far as these have any. */
import { activationKernel, addKernel, copyKernel, scaleKernel } from "../../../../../kernels/wasm/operations/elementwise.ts";
import { globalPoolKernel } from "../../../../../kernels/wasm/operations/global-pool.ts";
import { channelShuffleKernel, concatKernel, toPlanarKernel } from "../../../../../kernels/wasm/operations/move.ts";
import { adaptiveAveragePoolKernel, averagePoolKernel, maxPoolKernel } from "../../../../../kernels/wasm/operations/pool.ts";
import { upsampleBilinearKernel, upsampleNearestKernel } from "../../../../../kernels/wasm/operations/upsample.ts";
import type { CoreKind } from "../../../../operations/core.ts";
import { poolShape } from "../../../../operations/pooling/window-pool.ts";
import { callOf } from "../../../plan/kernel-call.ts";
import { storedFloats } from "../../../plan/places.ts";
import { emitted, onLayouts, overFirst } from "./binding.ts";
import type { Binding, Bindings } from "./binding.ts";
import { conv2dBinding, linearBinding } from "./convolution.ts";

/** Normalisation that no convolution took over: x * scale + shift, channel by channel. */
const batchNorm: Binding<"batch_norm"> = {
  bind({ operation: norm, inputs, output }, context) {
    const { image } = context;
    const [x, y] = [image(inputs[0]), image(output)];
    const floats = x.layout.channels;
    const factors = (): number[] => Array.from(
      norm.gamma.read().data, (gamma, c) => gamma / Math.sqrt(norm.variance.read().data[c] + norm.epsilon),
    );
    const scale = storedFloats(`${norm.gamma.name} scale`, floats, { fill: (into) => into.set(factors()) });
    const shift = storedFloats(`${norm.beta.name} shift`, floats, {
      fill: (into) => {
        const [beta, mean] = [norm.beta.read().data, norm.mean.read().data];
        into.set(factors().map((factor, c) => beta[c] - factor * mean[c]));
      },
    });
    const kernel = scaleKernel(y.layout, x.layout, { shift: true, activation: emitted(norm.activation, context) });
    return callOf(kernel, y.images, [y, x, scale, shift]);
  },
};

/** Windows with gaps are left to the plain kernels. */
function pooled(kernelOf: typeof maxPoolKernel): Binding<"max_pool" | "average_pool">["bind"] {
  return onLayouts((output, [x], node) => (node.operation.dilation === undefined ? kernelOf(output, x, poolShape(node)) : undefined));
}

/** Those that have none. */
type Plain = "conv_transpose2d" | "channel_conv" | "pixel_scale" | "multiply" | "dropout" | "channel_pool";

export const coreBindings: Pick<Bindings, Exclude<CoreKind, Plain>> = {
  conv2d: conv2dBinding,
  linear: linearBinding,
  batch_norm: batchNorm,
  activation: {
    bind: onLayouts((output, [x], { operation }, context) => activationKernel(output, x, emitted(operation, context)!)),
    over: overFirst,
  },
  add: {
    bind: onLayouts((output, [a, b], { operation }, context) => addKernel(output, a, b, emitted(operation.activation, context))),
    over: overFirst,
  },
  scale: {
    bind: onLayouts(
      (output, [x], { operation: { activation } }, context) => scaleKernel(output, x, { activation: emitted(activation, context) }),
    ),
    over: overFirst,
  },
  global_pool: { bind: onLayouts((_, [x], { operation }) => globalPoolKernel(x, operation.by)) },
  adaptive_average_pool: { bind: onLayouts((output, [x]) => adaptiveAveragePoolKernel(output, x)) },
  max_pool: { bind: pooled(maxPoolKernel) },
  average_pool: { bind: pooled(averagePoolKernel) },
  concat: { bind: onLayouts(concatKernel) },
  flatten: {
    // One pixel a channel: the same numbers in the same order, and mostly in the same place.
    bind: onLayouts((output, [x]) => (x.height === 1 && x.width === 1 ? copyKernel(output, x) : toPlanarKernel(x))),
    over: ({ inputs: [x] }) => (x.shape.slice(2).every((n) => n === 1) ? x : undefined),
  },
  channel_shuffle: { bind: onLayouts((output, [x], { operation: { groups } }) => channelShuffleKernel(output, x, groups)) },
  resize: {
    bind: onLayouts((output, [x], { operation: { method, alignCorners } }) =>
      method === "nearest" ? upsampleNearestKernel(output, x) : upsampleBilinearKernel(output, x, alignCorners)),
  },
};

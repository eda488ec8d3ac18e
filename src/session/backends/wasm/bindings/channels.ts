/** What joins the channels of a pixel: means and maxima, a kernel along them, rows of length 1. */
import { channelConvKernel, channelPoolKernel, l2NormaliseKernel } from "../../../../../kernels/wasm/operations/general/over-channels.ts";
import { callOf } from "../../../plan/kernel-call.ts";
import { storedFloats } from "../../../plan/places.ts";
import { numbers } from "../pack-weights.ts";
import { onLayouts, overFirst } from "./binding.ts";
import type { Binding, Bindings } from "./binding.ts";

const l2Normalise: Binding<"l2_normalise"> = {
  bind: onLayouts((output, [x]) => l2NormaliseKernel(output, x)),
  over: overFirst,
};

const channelPool: Binding<"channel_pool"> = {
  bind: onLayouts((output, [x], { operation: { by } }) => channelPoolKernel(output, x, by)),
};

const channelConv: Binding<"channel_conv"> = {
  bind({ operation: { weight }, inputs, output }, { image }) {
    const [x, y] = [image(inputs[0]), image(output)];
    const floats = numbers(weight)!.length;
    const stored = storedFloats(`${weight.name} ${floats}`, floats, { fill: (into) => into.set(numbers(weight)!) });
    return callOf(channelConvKernel(y.layout.channels, floats), y.images, [y, x, stored]);
  },
};

export const channelBindings: Pick<Bindings, "l2_normalise" | "channel_pool" | "channel_conv"> = {
  l2_normalise: l2Normalise, channel_pool: channelPool, channel_conv: channelConv,
};

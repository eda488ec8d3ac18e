/** Functions of one number, and of two where either operand may be stretched. */
import { binaryKernel, fitsBinary, hasBinaryKernel } from "../../../../../kernels/wasm/operations/general/binary.ts";
import { activationKernel } from "../../../../../kernels/wasm/operations/elementwise.ts";
import { partialAddKernel } from "../../../../../kernels/wasm/operations/partial-add.ts";
import { preluKernel } from "../../../../../kernels/wasm/operations/prelu.ts";
import type { ActivationEmitter } from "../../../../../kernels/wasm/shared/activation.ts";
import { clipEmitter, eluEmitter, functionEmitters } from "../../../../../kernels/wasm/shared/functions.ts";
import type { Kernel } from "../../../../../kernels/wasm/shared/kernel.ts";
import type { Layout } from "../../../../../kernels/wasm/shared/layout.ts";
import type { Kind, UnaryFunction } from "../../../../graph/graph.ts";
import { sizeOf } from "../../../../tensor.ts";
import { callOf } from "../../../plan/kernel-call.ts";
import { storedFloats } from "../../../plan/places.ts";
import { onLayouts, overFirst } from "./binding.ts";
import type { Binding, Bindings } from "./binding.ts";

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

const prelu: Binding<"prelu"> = {
  bind({ operation: { slope }, inputs, output }, { image }) {
    const [x, y] = [image(inputs[0]), image(output)];
    const slopes = storedFloats(`${slope.name} slopes`, y.layout.channels, { fill: (into) => into.set(slope.read().data) });
    return callOf(preluKernel(y.layout, x.layout), y.images, [y, x, slopes]);
  },
  over: overFirst,
};

/** A function of two; operands of fewer dimensions have a layout that does not fit, but for single numbers. */
function stretched<K extends Kind>(functionOf: (node: Parameters<Binding<K>["bind"]>[0]) => string): Binding<K> {
  return {
    bind(node, { image }) {
      const by = functionOf(node);
      const { inputs, output } = node;
      const [y, ...operands] = [output, ...inputs].map(image);
      const [a, b] = operands.map(({ layout }) => layout);
      const fit = hasBinaryKernel(by) && fitsBinary(y.layout, [a, b]) &&
        inputs.every(({ shape }) => shape.length === output.shape.length || sizeOf(shape) === 1);
      return fit ? callOf(binaryKernel(y.layout, a, b, by), y.images, [y, ...operands]) : undefined;
    },
    over: overFirst,
  };
}

const binary: Binding<"binary"> = stretched(({ operation: { by } }) => by);
const multiply: Binding<"multiply"> = stretched(() => "multiply");
const pixelScale: Binding<"pixel_scale"> = stretched(() => "multiply");

/** A sum over the first channels. */
const partialAdd: Binding<"partial_add"> = { bind: onLayouts((output, [a, b]) => partialAddKernel(output, a, b)), over: overFirst };

export const pointwiseBindings: Pick<
  Bindings,
  "unary" | "elu" | "clip" | "binary" | "prelu" | "multiply" | "pixel_scale" | "partial_add" | "select" | "dropout" | "fake_quantise"
> = {
  unary, elu, clip, binary, prelu, multiply, pixel_scale: pixelScale, partial_add: partialAdd,
  select: "plain", dropout: "plain", fake_quantise: "plain",
};

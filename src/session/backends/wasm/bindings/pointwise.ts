/** Products and sums, number by number, where either operand may be stretched; slopes by channel. */
import { binaryKernel, fitsBinary, hasBinaryKernel } from "../../../../../kernels/wasm/operations/general/binary.ts";
import { partialAddKernel } from "../../../../../kernels/wasm/operations/partial-add.ts";
import { preluKernel } from "../../../../../kernels/wasm/operations/prelu.ts";
import type { Kind } from "../../../../graph/graph.ts";
import { sizeOf } from "../../../../tensor.ts";
import { callOf } from "../../../plan/kernel-call.ts";
import { storedFloats } from "../../../plan/places.ts";
import { onLayouts, overFirst } from "./binding.ts";
import type { Binding, Bindings } from "./binding.ts";

const prelu: Binding<"prelu"> = {
  bind({ operation: { slope }, inputs, output }, { image }) {
    const [x, y] = [image(inputs[0]), image(output)];
    const slopes = storedFloats(`${slope.name} slopes`, y.layout.channels, { fill: (into) => into.set(slope.read().data) });
    return callOf(preluKernel(y.layout, x.layout), y.images, [y, x, slopes]);
  },
  over: overFirst,
};

/** A function of two; operands of fewer dimensions have a layout that does not fit, but for single numbers. */
export function stretched<K extends Kind>(functionOf: (node: Parameters<Binding<K>["bind"]>[0]) => string): Binding<K> {
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

const multiply: Binding<"multiply"> = stretched(() => "multiply");
const pixelScale: Binding<"pixel_scale"> = stretched(() => "multiply");

/** A sum over the first channels. */
const partialAdd: Binding<"partial_add"> = { bind: onLayouts((output, [a, b]) => partialAddKernel(output, a, b)), over: overFirst };

export const pointwiseBindings: Pick<Bindings, "prelu" | "multiply" | "pixel_scale" | "partial_add"> = {
  prelu, multiply, pixel_scale: pixelScale, partial_add: partialAdd,
};

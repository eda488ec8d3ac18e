/** Convolutions and linear layers whose weights are held small (kernels/wasm/convolution/small), over the usual bindings. */
import { expandingKernel } from "../../../../../kernels/wasm/convolution/small/expand.ts";
import type { PanelKernel } from "../../../../../kernels/wasm/convolution/small/expand.ts";
import { packSmall, smallBytes } from "../../../../../kernels/wasm/convolution/small/panels.ts";
import type { PanelWidths, SmallFormat } from "../../../../../kernels/wasm/convolution/small/panels.ts";
import { sizeOf } from "../../../../tensor.ts";
import type { Call } from "../../../plan/kernel-call.ts";
import { isStored } from "../../../plan/places.ts";
import type { Stored } from "../../../plan/places.ts";
import type { Binding, Bindings } from "./binding.ts";
import { conv2dBinding, linearBinding } from "./convolution.ts";

/** Weights below which nothing is gained: they stay float32. */
const FEW = 4096;

/** How so many output channels are cut into panels. */
function widthsOf(outputs: number, terms: number): PanelWidths {
  return { full: Math.floor(outputs / 16), restColumns: 4 * Math.ceil((outputs % 16) / 4), terms };
}

/** The call with small weights; as it is where its weights are no panels of so many numbers. */
function withSmall(call: Call, format: SmallFormat, widths: PanelWidths, args: readonly string[]): Call {
  const at = call.operands.findIndex(isStored);
  const weights = call.operands[at] as Stored;
  const { full, restColumns, terms } = widths;
  if (weights.bytes !== 4 * (terms + 1) * (16 * full + restColumns) || weights.bytes < 4 * FEW) return call;
  const inner: PanelKernel = {
    name: call.kernel.name, emit: call.kernel.emit, arguments: args, scratch: call.scratch?.bytes ?? 0,
    prepares: call.scratch !== undefined,
  };
  const kernel = expandingKernel(inner, format, widths);
  const small: Stored = {
    key: `${weights.key} ${format}`, bytes: smallBytes(format, widths),
    fill(into, place) {
      const whole = new Uint8Array(weights.bytes);
      // What helps to pack writes to the memory of the session, where there is no room for float32.
      weights.fill(whole, { ...place, packer: undefined });
      packSmall(into, new Float32Array(whole.buffer), format, widths);
    },
  };
  return {
    ...call, kernel, scratch: { bytes: kernel.scratch }, operands: call.operands.map((operand, i) => (i === at ? small : operand)),
  };
}

/** @param format of weights */
export function smallBindings(format: SmallFormat): Pick<Bindings, "conv2d" | "linear"> {
  const conv2d: Binding<"conv2d"> = {
    ...conv2dBinding,
    bind(node, context) {
      const { operation: { groups, weight, kernel }, inputs: [x] } = node;
      // Strassen's method has weights of its own, which are more of them.
      const { fewerProducts: _, ...arithmetic } = context.arithmetic;
      const call = conv2dBinding.bind(node, groups > 1 ? context : { ...context, arithmetic });
      if (groups > 1 || call === undefined) return call;
      const widths = widthsOf(weight.read().shape[0], sizeOf(kernel) * x.shape[1]);
      const args = ["x", "w", "y", "residual", "gate", "row_begin", "row_end", "panel_begin", "panel_end"];
      return withSmall(call, format, widths, args);
    },
  };
  const linear: Binding<"linear"> = {
    ...linearBinding,
    bind(node, context) {
      const call = linearBinding.bind(node, context);
      const [outputs, inputs] = node.operation.weight.read().shape;
      return call && withSmall(call, format, widthsOf(outputs, inputs), ["y", "x", "w", "begin", "end"]);
    },
  };
  return { conv2d, linear };
}

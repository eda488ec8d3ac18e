/** Weights on their way from a model's tensors into the panels of kernels, in the memory of a session. */
import { convPanels, packConvWeights } from "../../../../kernels/wasm/convolution/panels.ts";
import type { ConvParams } from "../../../../kernels/wasm/convolution/params.ts";
import { packPanelsKernel } from "../../../../kernels/wasm/convolution/pack.ts";
import { PANEL } from "../../../../kernels/wasm/convolution/tiles.ts";
import type { Constant } from "../../../graph/graph.ts";
import type { Fill, Filling } from "../../plan/places.ts";
import { STAGING } from "./memory.ts";

/** Weights below which a function to pack them is not worth compiling. */
const FEW = 32768;

/** The array of a constant; modules of a session hold float32. */
export function numbers(constant: Constant | undefined): Float32Array | null {
  return constant === undefined ? null : (constant.read().data as Float32Array);
}

/** Panels of 16 output channels that fit the staging area beside their factors. @param row weights of a channel */
function panelsAtOnce(row: number): number {
  return Math.floor(STAGING / (4 * PANEL * (row + 1)));
}

/** How to write the panels of a convolution's weights (convolution/panels.ts), and what helps with it. */
export function panelPacking(params: ConvParams, weight: Constant, bias: Constant | undefined): Filling {
  const { terms: row, full, inPerGroup } = convPanels(params);
  const source = weight.scaled?.of ?? weight;
  const factorsOf = (): Float32Array | undefined => (weight.scaled === undefined ? undefined : Float32Array.from(weight.scaled.factors()));
  if (params.groups > 1 || full * PANEL * row < FEW || panelsAtOnce(row) < 1) {
    return { fill: (into) => void packConvWeights(numbers(source)!, numbers(bias), params, into, factorsOf()) };
  }
  const fill: Fill<Float32Array> = (into, { memory, address, packer }) => {
    const weights = numbers(source)!;
    const biases = numbers(bias);
    const factors = factorsOf() ?? new Float32Array(params.output.channels).fill(1);
    const columns = full * PANEL;
    // What is no whole panel, if there is such, and all where there is no function.
    packConvWeights(weights, biases, params, into, factors, packer === undefined ? 0 : columns);
    if (packer === undefined) return;
    const floats = memory.floats;
    const staging = memory.staging;
    const each = panelsAtOnce(row);
    for (let panel = 0; panel < full; panel += each) {
      const count = Math.min(each, full - panel);
      const [first, last] = [panel * PANEL, (panel + count) * PANEL];
      floats.set(factors.subarray(first, last), staging / 4);
      floats.set(weights.subarray(first * row, last * row), staging / 4 + count * PANEL);
      packer(address + 4 * (first * (row + 1) + PANEL), staging + 4 * count * PANEL, staging, count);
    }
    for (let column = 0; column < columns; column += PANEL) {
      const at = column * (row + 1);
      if (biases === null) into.fill(0, at, at + PANEL);
      else into.set(biases.subarray(column, column + PANEL), at);
    }
  };
  return { fill, packer: packPanelsKernel(inPerGroup, row / inPerGroup) };
}

/** Which WebAssembly kernel computes a node, on which operands. A node that has none is left to the plain kernels. */
import { convolution } from "../../../../kernels/wasm/convolution/choose.ts";
import { packedConvSize } from "../../../../kernels/wasm/convolution/panels.ts";
import type { ConvParams } from "../../../../kernels/wasm/convolution/params.ts";
import { activationKernel, addKernel, copyKernel, scaleKernel } from "../../../../kernels/wasm/operations/elementwise.ts";
import { globalPoolKernel } from "../../../../kernels/wasm/operations/global-pool.ts";
import type { Kernel } from "../../../../kernels/wasm/shared/kernel.ts";
import { imagePitch, interior } from "../../../../kernels/wasm/shared/layout.ts";
import type { Layout } from "../../../../kernels/wasm/shared/layout.ts";
import { linearKernel, linearParams } from "../../../../kernels/wasm/operations/linear.ts";
import { channelShuffleKernel, concatKernel, toPlanarKernel } from "../../../../kernels/wasm/operations/move.ts";
import { adaptiveAveragePoolKernel, averagePoolKernel, maxPoolKernel } from "../../../../kernels/wasm/operations/pool.ts";
import { upsampleBilinearKernel, upsampleNearestKernel } from "../../../../kernels/wasm/operations/upsample.ts";
import { pool2dShape } from "../../../../kernels/shapes.ts";
import type { Node, Operation, Value } from "../../../graph/graph.ts";
import { sizeOf } from "../../../tensor.ts";
import type { KernelCall, Operand } from "../../plan/kernel-call.ts";
import type { Placement } from "../../plan/layouts.ts";
import type { Arithmetic } from "../numerics.ts";
import { numbers, panelPacking } from "./pack-weights.ts";
import type { WasmMemory } from "./memory.ts";

/** A call whose operands that lie in the arena are not yet addresses: those are known when all calls are. */
export interface Bound extends Omit<KernelCall, "operands" | "scratchAt"> {
  readonly operands: readonly (Value | number)[];
}

/** What nodes are bound with. */
export interface Binding {
  readonly place: (value: Value) => Omit<Placement, "offset">;
  readonly memory: WasmMemory;
  readonly arithmetic: Arithmetic;
}

type Of<K extends Operation["kind"]> = Extract<Operation, { kind: K }>;

/** Operations an element, about, of what only reads and writes. */
const ELEMENT_WORK = 4;

/** A kernel for every image. @param operands its own, outputs first, in the order of its arguments */
function everyImage(kernel: Kernel, images: number, operands: readonly (Value | number)[]): Bound {
  const largest = Math.max(...operands.map((value) => (typeof value === "number" ? 0 : sizeOf(value.shape))));
  return { kernel, images, operands, ranges: [{ count: kernel.parts, unit: 1 }], divided: 0, scratch: 0, work: ELEMENT_WORK * largest };
}

function bindConvolution(node: Node, operation: Of<"conv2d">, { place, memory, arithmetic }: Binding): Bound {
  const { inputs, output } = node;
  const { kernel: window, stride, padding, dilation, groups, weight, bias, epilogue } = operation;
  const [x] = inputs;
  const gate = epilogue?.gate === true ? inputs[1] : undefined;
  const residual = epilogue?.residual === true ? inputs[inputs.length - 1] : undefined;
  const [input, out] = [place(x).layout, place(output).layout];
  const params: ConvParams = {
    input, output: out, kernel: window, stride, padding, dilation, groups, ...arithmetic,
    epilogue: {
      gate: gate !== undefined, residual: residual === undefined ? undefined : place(residual).layout, activation: epilogue?.activation,
      biasLast: epilogue?.biasLast === true,
    },
  };
  const { kernel, packedSize, pack, scratch, rowStep, panels } = arithmetic.strassen?.(params) ?? convolution(params);
  const key = `${weight.name} ${bias?.name ?? ""} ${packedSize}`;
  const packing = panels
    ? panelPacking(params, weight, bias)
    : { fill: (into: Float32Array) => pack(numbers(weight.scaled?.of ?? weight)!, numbers(bias), into, weight.scaled?.factors()) };
  const weights = memory.constant(key, packedSize, packing.fill, packing.packer);
  // Pieces by rows read all weights again, pieces by channels all of the input.
  const byPanels = (kernel.panels >= 4 && packedSize > imagePitch(input)) || out.height < 4 || rowStep >= out.height;
  // Winograd's and Strassen's kernels transform the input for each piece.
  const panelUnit = scratch > 0 ? Math.ceil(kernel.panels / 4) : 1;
  return {
    kernel, images: place(output).images, operands: [x, weights, output, residual ?? 0, gate ?? 0],
    ranges: [{ count: out.height, unit: rowStep }, { count: kernel.panels, unit: panelUnit }], divided: byPanels ? 1 : 0, scratch: 4 * scratch,
    work: 2 * sizeOf(output.shape) * (input.channels / groups) * window[0] * window[1],
  };
}

/** All images at once: the weights are read once. */
function bindLinear(node: Node, { weight, bias }: Of<"linear">, { place, memory, arithmetic }: Binding): Bound {
  const { inputs: [x], output } = node;
  const input = place(x).layout;
  const [features] = output.shape.slice(1);
  const kernel = linearKernel(place(output).layout, input, { batch: place(output).images, fma: arithmetic.fma });
  const whole = linearParams(input, features);
  const size = packedConvSize(whole);
  const { fill, packer } = panelPacking(whole, weight, bias);
  const weights = memory.constant(`${weight.name} ${bias?.name ?? ""} ${input.channels}`, size, fill, packer);
  return { kernel, images: 1, operands: [output, x, weights], ranges: [{ count: kernel.parts, unit: 1 }], divided: 0, scratch: 0, work: 2 * size * output.shape[0] };
}

/** Normalisation that no convolution took over: x * scale + shift, channel by channel. */
function bindNorm(node: Node, norm: Of<"batch_norm">, { place, memory }: Binding): Bound {
  const { inputs: [x], output } = node;
  const { channels } = place(x).layout;
  const factors = (): number[] => Array.from(norm.gamma.read().data, (gamma, c) => gamma / Math.sqrt(norm.variance.read().data[c] + norm.epsilon));
  const scale = memory.constant(`${norm.gamma.name} scale`, channels, (into) => into.set(factors()));
  const shift = memory.constant(`${norm.beta.name} shift`, channels, (into) => {
    const [beta, mean] = [norm.beta.read().data, norm.mean.read().data];
    into.set(factors().map((factor, c) => beta[c] - factor * mean[c]));
  });
  const kernel = scaleKernel(place(output).layout, place(x).layout, { shift: true, ...(norm.activation === undefined ? {} : { activation: norm.activation }) });
  return everyImage(kernel, place(output).images, [output, x, scale, shift]);
}

/** @returns undefined where there is no kernel */
export function bindNode(node: Node, binding: Binding): Bound | undefined {
  const { operation, inputs, output } = node;
  const { place } = binding;
  const images = place(output).images;
  const out = place(output).layout;
  const layouts = inputs.map((value) => place(value).layout);
  const [input] = layouts;
  const each = (kernel: Kernel): Bound => everyImage(kernel, images, [output, ...inputs]);
  switch (operation.kind) {
    case "conv2d":
      return bindConvolution(node, operation, binding);
    case "linear":
      return bindLinear(node, operation, binding);
    case "batch_norm":
      return bindNorm(node, operation, binding);
    case "activation":
      return each(activationKernel(out, input, operation));
    case "add":
      return each(addKernel(out, input, layouts[1]));
    case "scale":
      return each(scaleKernel(out, input));
    case "global_pool":
      return each(globalPoolKernel(input, operation.by));
    case "max_pool":
    case "average_pool": {
      const shape = pool2dShape(images, input.channels, input.height, input.width, operation);
      return each((operation.kind === "max_pool" ? maxPoolKernel : averagePoolKernel)(out, input, shape));
    }
    case "adaptive_average_pool":
      return each(adaptiveAveragePoolKernel(out, input));
    case "concat":
      return each(concatKernel(out, layouts));
    case "channel_shuffle":
      return each(channelShuffleKernel(out, input, operation.groups));
    case "upsample":
      return each(operation.method === "nearest" ? upsampleNearestKernel(out, input) : upsampleBilinearKernel(out, input, operation.alignCorners));
    case "flatten":
      return each(flattenKernel(out, input));
    default:
      return undefined;
  }
}

/** One pixel a channel: the same numbers in the same order, and mostly in the same place (layouts.ts). */
function flattenKernel(output: Layout, input: Layout): Kernel {
  return input.height === 1 && input.width === 1 ? copyKernel(output, input) : toPlanarKernel(input);
}

/** The operand of a value: pixel (0, 0) of its first image. */
export function operandOf({ layout, offset }: Placement, arena: number): Operand {
  return { address: arena + offset + 4 * interior(layout), pitch: 4 * imagePitch(layout) };
}

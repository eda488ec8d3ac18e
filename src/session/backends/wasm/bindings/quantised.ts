/**
 * Operations on bytes: their kernels on WebAssembly (kernels/wasm/quantised). Sessions of quantised networks have the instructions that
 * these want; elsewhere, and where a layout is none of theirs, the plain kernels compute the same bits.
 */
import { rowActivations } from "../../../../../kernels/reference/quantised/linear.ts";
import { paddedChannels, isPadded } from "../../../../../kernels/wasm/quantised/bytes.ts";
import { byteConvKernel } from "../../../../../kernels/wasm/quantised/conv.ts";
import type { ByteConvKernel } from "../../../../../kernels/wasm/quantised/conv.ts";
import { byteDepthwiseKernel } from "../../../../../kernels/wasm/quantised/depthwise.ts";
import {
  byteAddKernel, byteAffineKernel, byteScaleKernel, byteTableKernel, dequantiseKernel, quantiseKernel,
} from "../../../../../kernels/wasm/quantised/elementwise.ts";
import { byteConcatKernel, byteShuffleKernel } from "../../../../../kernels/wasm/quantised/gather.ts";
import { ROW_NUMBERS, byteLinearKernel } from "../../../../../kernels/wasm/quantised/linear.ts";
import {
  numbersBytes, numbersShape, packDepthwise, packNumbers, packWeights, packedBytes, panelCount,
} from "../../../../../kernels/wasm/quantised/panels.ts";
import type { PanelShape } from "../../../../../kernels/wasm/quantised/panels.ts";
import { WIDEST, byteMeanKernel, bytePoolKernel } from "../../../../../kernels/wasm/quantised/pool.ts";
import type { PoolParams } from "../../../../../kernels/wasm/quantised/pool.ts";
import type { Kernel } from "../../../../../kernels/wasm/shared/kernel.ts";
import { pixelBytes } from "../../../../../kernels/wasm/shared/layout.ts";
import type { Window } from "../../../../graph/graph.ts";
import type { QuantisedKind, QuantisedWeight } from "../../../../graph/quantised.ts";
import type { NodeOf } from "../../../../operations/record.ts";
import { sizeOf } from "../../../../tensor.ts";
import { callOf } from "../../../plan/kernel-call.ts";
import type { Call } from "../../../plan/kernel-call.ts";
import type { Image, Stored } from "../../../plan/places.ts";
import type { Binding, BindingContext, Bindings } from "./binding.ts";
import { emitted } from "./binding.ts";

/** Kernels of bytes want images of whole vectors of channels. */
function padded(...images: readonly Image[]): boolean {
  return images.every(({ layout }) => isPadded(layout));
}

/** Bytes of the output from pixel to pixel. */
const pixel = ({ output }: NodeOf<QuantisedKind>): number => paddedChannels(output.shape[1]);

/** Floats, each list padded to as many. */
function storedLists(key: string, pitch: number, ...lists: readonly ArrayLike<number>[]): Stored {
  return {
    key, bytes: 4 * pitch * lists.length,
    fill: (into) => {
      const floats = new Float32Array(into.buffer, into.byteOffset, pitch * lists.length);
      lists.forEach((list, i) => floats.set(list, i * pitch));
    },
  };
}

function storedPanels({ name, data }: QuantisedWeight, shape: PanelShape): Stored {
  const bytes = packedBytes(shape);
  return {
    key: `${name} panels`, bytes, fill: (into) => packWeights(new Int8Array(into.buffer, into.byteOffset, bytes), data, shape),
  };
}

/** Undefined where the session has not the instructions. */
function onBytes<K extends QuantisedKind>(
  bind: (node: NodeOf<K>, context: BindingContext) => Call | undefined,
): (node: NodeOf<K>, context: BindingContext) => Call | undefined {
  return (node, context) => (context.arithmetic.instructions === undefined ? undefined : bind(node, context));
}

const convolution: Binding<"quantised_conv2d"> = {
  bytes: true,
  pixel,
  bind: onBytes((node, { image, arithmetic }) => {
    const { operation, inputs, output } = node;
    const { kernel: window, stride, padding: [top, left], dilation, groups, weight, bias } = operation;
    const [x, y] = [image(inputs[0]), image(output)];
    const gate = operation.gate ? image(inputs[1]) : undefined;
    const residual = operation.residual ? image(inputs[inputs.length - 1]) : undefined;
    const channels = output.shape[1];
    if (!padded(y) || (residual !== undefined && !padded(residual))) return undefined;
    // Gates are read by whole panels: those of the last image must have what comes after them.
    if (gate !== undefined && gate.images > 1 && channels % 16 !== 0) return undefined;
    const { least, most, residualMultiplier, hardSwish } = operation.epilogue;
    const shapeOfNumbers = numbersShape(bias, operation.epilogue);
    const offset = shapeOfNumbers.sameOffset ? operation.epilogue.offset[0] : undefined;
    const params = {
      input: x.layout, output: y.layout, residual: residual?.layout, kernel: window, stride, padding: [top, left] as const, dilation,
      epilogue: {
        least, most, residualMultiplier, gate: gate !== undefined, hardSwish: hardSwish && { zero: hardSwish.zero }, offset,
        noBias: shapeOfNumbers.noBias,
      },
    };
    const places = window[0] * window[1];
    const depthwise = groups > 1 && groups === x.layout.channels && channels === groups;
    const shape = { outputs: channels, inputs: x.layout.channels / groups, places, groups };
    let made: ByteConvKernel | undefined;
    let weights: Stored;
    if (depthwise) {
      if (!padded(x)) return undefined;
      const pitch = pixelBytes(x.layout);
      const bytes = pitch * places;
      made = byteDepthwiseKernel(params);
      weights = {
        key: `${weight.name} depthwise ${pitch}`, bytes,
        fill: (into) => packDepthwise(new Int8Array(into.buffer, into.byteOffset, bytes), weight.data, places, pitch),
      };
    } else {
      made = byteConvKernel({ ...params, groups, dots: arithmetic.relaxedDots === true ? "relaxed" : "wide" });
      weights = storedPanels(weight, shape);
    }
    if (made === undefined) return undefined;
    const numbers: Stored = {
      key: `${output.name} numbers`, bytes: numbersBytes(channels, shapeOfNumbers),
      fill: (into) => packNumbers(into, bias, operation.epilogue),
    };
    const byPanels = made.rows < 4 || (made.panels >= 4 && weights.bytes > pixelBytes(x.layout) * x.layout.height * x.layout.width);
    return callOf(made, y.images, [y, x, weights, numbers, residual ?? 0, gate ?? 0], {
      ranges: [{ count: made.rows, unit: 1 }, { count: made.panels, unit: 1 }], divided: byPanels ? 1 : 0, scratch: made.scratch,
      // A byte takes a quarter of what a float does.
      work: 0.5 * sizeOf(output.shape) * shape.inputs * places,
    });
  }),
  halo: ({ operation: { padding } }) => Math.max(...padding),
  border: ({ operation: { zero } }) => zero,
};

const linear: Binding<"quantised_linear"> = {
  bytes: true,
  bind: onBytes(({ operation: { weight, scale, bias, activation }, inputs, output }, { image, emitters }) => {
    if (activation !== undefined && !rowActivations.includes(activation.activation)) return undefined;
    const [x, y] = [image(inputs[0]), image(output)];
    const [inputCount, outputs] = [x.layout.channels, y.layout.channels];
    const kernel = byteLinearKernel(inputCount, outputs, emitted(activation, { emitters }));
    const weights = storedPanels(weight, { outputs, inputs: inputCount, places: 1, groups: 1 });
    const numbers: Stored = {
      key: `${output.name} numbers`, bytes: ROW_NUMBERS * panelCount(outputs),
      fill: (into) => {
        const floats = new Float32Array(into.buffer, into.byteOffset, (ROW_NUMBERS / 4) * panelCount(outputs));
        floats.fill(0);
        for (let o = 0; o < outputs; o++) {
          const at = Math.floor(o / 16) * 32 + (o % 16);
          floats[at] = scale[o];
          floats[at + 16] = bias[o];
        }
      },
    };
    return callOf(kernel, y.images, [y, x, weights, numbers], { work: 2 * inputCount * outputs * y.images });
  }),
};

/** Operands: the output, the inputs, and what is stored. */
function elementwise(kernel: Kernel, y: Image, ...others: readonly (Image | Stored)[]): Call {
  return callOf(kernel, y.images, [y, ...others]);
}

type PoolKind = "quantised_max_pool" | "quantised_average_pool";

function pool<K extends PoolKind>(meanOf: (node: NodeOf<K>) => PoolParams["mean"]): Binding<K> {
  return {
    bytes: true,
    pixel,
    bind: onBytes<K>((node, { image }) => {
      const { kernel, stride, padding: [top, left], dilation = [1, 1] } = node.operation as Window & {
        readonly dilation?: readonly [number, number];
      };
      const [x, y] = [image(node.inputs[0]), image(node.output)];
      if (!padded(x, y)) return undefined;
      return elementwise(bytePoolKernel(y.layout, x.layout, { kernel, stride, padding: [top, left], dilation, mean: meanOf(node) }), y, x);
    }),
  };
}

export const quantisedBindings: Pick<Bindings, QuantisedKind> = {
  quantise: {
    bytes: true,
    // Pictures have few channels, and what reads them takes four bytes a pixel.
    pixel: (node) => (node.output.shape[1] <= 4 ? 4 : pixel(node)),
    bind: onBytes(({ operation: { factor, to }, inputs, output }, { image }) => {
      const [x, y] = [image(inputs[0]), image(output)];
      const factors = storedLists(`${output.name} factors`, paddedChannels(factor.length), factor);
      return elementwise(quantiseKernel(y.layout, x.layout, to.zero), y, x, factors);
    }),
  },
  dequantise: {
    bytes: true,
    bind: onBytes(({ operation: { from }, inputs, output }, { image }) => {
      const [x, y] = [image(inputs[0]), image(output)];
      const scales = storedLists(`${output.name} scales`, paddedChannels(from.scale.length), from.scale);
      return elementwise(dequantiseKernel(y.layout, x.layout, from.zero), y, x, scales);
    }),
  },
  quantised_conv2d: convolution,
  quantised_linear: linear,
  quantised_add: {
    bytes: true,
    pixel,
    bind: onBytes(({ operation: { by }, inputs, output }, { image }) => {
      const [y, a, b] = [output, ...inputs].map((value) => image(value));
      return padded(y, a, b) ? elementwise(byteAddKernel(y.layout, a.layout, b.layout, by), y, a, b) : undefined;
    }),
    over: ({ inputs }) => inputs[0],
  },
  quantised_concat: {
    bytes: true,
    pixel,
    bind: onBytes(({ operation: { by }, inputs, output }, { image }) => {
      const [y, ...parts] = [output, ...inputs].map((value) => image(value));
      if (!padded(y, ...parts)) return undefined;
      let first = 0;
      const scaled = parts.map(({ layout: { channels } }) => {
        first += channels;
        return by.multiplier[first - 1] !== 1 || by.offset[first - 1] !== 0;
      });
      const numbers = scaled.includes(true) ? storedLists(`${output.name} numbers`, pixelBytes(y.layout), by.multiplier, by.offset) : 0;
      const kernel = byteConcatKernel(y.layout, parts.map(({ layout }) => layout), scaled);
      return callOf(kernel, y.images, [y, ...parts, numbers]);
    }),
  },
  quantised_channel_shuffle: {
    bytes: true,
    pixel,
    bind: onBytes(({ operation: { groups }, inputs, output }, { image }) => {
      const [y, x] = [image(output), image(inputs[0])];
      return padded(y, x) ? callOf(byteShuffleKernel(y.layout, x.layout, groups), y.images, [y, x, 0]) : undefined;
    }),
  },
  quantised_scale: {
    bytes: true,
    pixel,
    bind: onBytes(({ operation: { by }, inputs, output }, { image }) => {
      const [y, x, gate] = [output, ...inputs].map((value) => image(value));
      return padded(y, x) ? elementwise(byteScaleKernel(y.layout, x.layout, by), y, x, gate) : undefined;
    }),
    over: ({ inputs }) => inputs[0],
  },
  quantised_affine: {
    bytes: true,
    pixel,
    bind: onBytes(({ operation: { by }, inputs, output }, { image }) => {
      const [y, x] = [image(output), image(inputs[0])];
      const numbers = storedLists(`${output.name} numbers`, pixelBytes(y.layout), by.multiplier, by.offset);
      return padded(y, x) ? elementwise(byteAffineKernel(y.layout, x.layout, by), y, x, numbers) : undefined;
    }),
    over: ({ inputs }) => inputs[0],
  },
  quantised_table: {
    bytes: true,
    pixel,
    bind: onBytes(({ operation: { entries }, inputs, output }, { image }) => {
      const [y, x] = [image(output), image(inputs[0])];
      const table: Stored = { key: `${output.name} table`, bytes: 128, fill: (into) => into.set(entries) };
      return padded(y, x) ? elementwise(byteTableKernel(y.layout, x.layout), y, x, table) : undefined;
    }),
    over: ({ inputs }) => inputs[0],
  },
  quantised_mean: {
    bytes: true,
    bind: onBytes(({ operation: { by }, inputs: [from], output }, { image }) => {
      const [y, x] = [image(output), image(from)];
      if (!padded(x) || x.layout.width > WIDEST) return undefined;
      const key = `${output.name} numbers ${x.layout.height}x${x.layout.width}`;
      const lists = [by.factor, by.offset];
      const same = lists.every((list) => list.every((each) => Object.is(each, list[0])));
      const numbers = same ? storedLists(key, 1, ...lists.map(([first]) => [first]))
        : storedLists(key, paddedChannels(x.layout.channels), ...lists);
      return callOf(byteMeanKernel(x.layout, same), y.images, [y, x, numbers]);
    }),
  },
  quantised_max_pool: pool<"quantised_max_pool">(() => undefined),
  quantised_average_pool: pool<"quantised_average_pool">(({ operation: { by } }) => by),
};

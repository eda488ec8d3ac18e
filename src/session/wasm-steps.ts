/** Which WebAssembly kernel computes a node, with which arguments. A node that has none is left to the plain kernels. */
import { convolution } from "../../kernels/wasm/convolution.ts";
import type { ConvParams } from "../../kernels/wasm/conv-params.ts";
import { activationKernel, addKernel, copyKernel, scaleKernel } from "../../kernels/wasm/elementwise.ts";
import { globalPoolKernel } from "../../kernels/wasm/global-pool.ts";
import type { Kernel } from "../../kernels/wasm/kernel.ts";
import type { ModuleBuilder } from "../../kernels/wasm/module-builder.ts";
import { linearKernel, packLinearWeights, packedLinearSize } from "../../kernels/wasm/linear.ts";
import { adaptiveAveragePoolKernel, averagePoolKernel, maxPoolKernel } from "../../kernels/wasm/pool.ts";
import { pool2dShape } from "../../kernels/shapes.ts";
import type { Constant, Node, Operation, Value } from "../graph/graph.ts";
import type { Placement } from "./layouts.ts";
import type { Step } from "./plain-steps.ts";
import type { WasmMemory } from "./wasm-memory.ts";

/** An exported kernel: byte addresses and bounds. */
export type Emitted = (...values: number[]) => void;

export interface Bound {
  readonly kernel: { readonly name: string; emit(m: ModuleBuilder): unknown };
  /** @param address of pixel (0, 0) of a value's first image; @param pitch bytes from image to image */
  step(run: Emitted, address: (value: Value) => number, pitch: (value: Value) => number): Step;
}

type Place = (value: Value) => Placement;
type Of<K extends Operation["kind"]> = Extract<Operation, { kind: K }>;

/** Runs a kernel for every image. @param values its operands, outputs first, in the order of its arguments */
function everyImage(kernel: Kernel, images: number, values: readonly Value[]): Bound {
  return {
    kernel,
    step: (run, address, pitch) => {
      const starts = values.map(address);
      const pitches = values.map(pitch);
      return () => {
        for (let n = 0; n < images; n++) run(...starts.map((start, i) => start + n * pitches[i]), 0, kernel.parts);
      };
    },
  };
}

/** The array of a constant; modules of a session hold float32. */
function numbers(constant: Constant | undefined): Float32Array | null {
  return constant === undefined ? null : (constant.read().data as Float32Array);
}

function bindConvolution(node: Node, operation: Of<"conv2d">, place: Place, memory: WasmMemory): Bound {
  const { inputs, output } = node;
  const { kernel: window, stride, padding, dilation, groups, weight, bias, epilogue } = operation;
  const [x] = inputs;
  const gate = epilogue?.gate === true ? inputs[1] : undefined;
  const residual = epilogue?.residual === true ? inputs[inputs.length - 1] : undefined;
  const params: ConvParams = {
    input: place(x).layout, output: place(output).layout, kernel: window, stride, padding, dilation, groups, fma: false,
    epilogue: { gate: gate !== undefined, residual: residual === undefined ? undefined : place(residual).layout, activation: epilogue?.activation },
  };
  const { kernel, packedSize, pack } = convolution(params);
  const weights = memory.constant(`${weight.name} ${bias?.name ?? ""}`, packedSize, (into) => pack(numbers(weight)!, numbers(bias), into));
  const images = place(output).images;
  const rows = place(output).layout.height;
  return {
    kernel,
    step: (run, address, pitch) => {
      const at = (value: Value | undefined): [number, number] => (value === undefined ? [0, 0] : [address(value), pitch(value)]);
      const [[xs, xp], [ys, yp], [rs, rp], [gs, gp]] = [at(x), at(output), at(residual), at(gate)];
      return () => {
        for (let n = 0; n < images; n++) run(xs + n * xp, weights, ys + n * yp, rs + n * rp, gs + n * gp, 0, rows, 0, kernel.panels);
      };
    },
  };
}

/** All images at once: the weights are read once. */
function bindLinear(node: Node, { weight, bias }: Of<"linear">, place: Place, memory: WasmMemory): Bound {
  const { inputs: [x], output } = node;
  const input = place(x).layout;
  const [features] = output.shape.slice(1);
  const kernel = linearKernel(place(output).layout, input, { batch: place(output).images });
  const size = packedLinearSize(features, input.channels * input.height * input.width);
  const weights = memory.constant(`${weight.name} ${bias?.name ?? ""}`, size, (into) => void packLinearWeights(numbers(weight)!, numbers(bias), input, features, into));
  return {
    kernel,
    step: (run, address) => {
      const [y, from] = [address(output), address(x)];
      return () => run(y, from, weights, 0, kernel.parts);
    },
  };
}

/** @returns undefined where there is no kernel */
export function bindNode(node: Node, place: Place, memory: WasmMemory): Bound | undefined {
  const { operation, inputs, output } = node;
  const images = place(output).images;
  const out = place(output).layout;
  const [x, second] = inputs;
  switch (operation.kind) {
    case "conv2d":
      return bindConvolution(node, operation, place, memory);
    case "linear":
      return bindLinear(node, operation, place, memory);
    case "activation":
      return everyImage(activationKernel(out, place(x).layout, operation), images, [output, x]);
    case "add":
      return everyImage(addKernel(out, place(x).layout, place(second).layout), images, [output, x, second]);
    case "scale":
      return everyImage(scaleKernel(out, place(x).layout), images, [output, x, second]);
    case "global_pool":
      return everyImage(globalPoolKernel(place(x).layout, operation.by), images, [output, x]);
    case "max_pool":
    case "average_pool": {
      const { channels, height, width } = place(x).layout;
      const shape = pool2dShape(images, channels, height, width, operation);
      const make = operation.kind === "max_pool" ? maxPoolKernel : averagePoolKernel;
      return everyImage(make(out, place(x).layout, shape), images, [output, x]);
    }
    case "adaptive_average_pool":
      return everyImage(adaptiveAveragePoolKernel(out, place(x).layout), images, [output, x]);
    case "flatten":
      // One pixel a channel: the same numbers in the same order, and mostly in the same place (layouts.ts).
      return x.shape.slice(2).every((n) => n === 1) ? everyImage(copyKernel(out, { ...place(x).layout, height: 1, width: 1 }), images, [output, x]) : undefined;
    default:
      return undefined;
  }
}

/**
 * A graph as calls of the functions of kernels.ts, with places for all its values: what sessions do when they bind a graph to the plain
 * kernels, done before and written down. Values share one array, as lifetimes allow.
 */
import type { Activation, Constant, Graph, Kind, Node, Value } from "../../graph/graph.ts";
import type { TakeShape } from "../../../kernels/reference/general/take.ts";
import { expandComputation, gatherComputation, transposeComputation } from "../../operations/general/moves.ts";
import { geometry } from "../../operations/general/pointwise.ts";
import { padComputation } from "../../operations/movement/pad.ts";
import { sliceComputation } from "../../operations/movement/slice.ts";
import { perChannel, windowsOf } from "../../operations/record.ts";
import { rowsOf } from "../../operations/general/rows.ts";
import { lifetimes } from "../../session/plan/lifetimes.ts";
import { planMemory } from "../../session/plan/memory-plan.ts";
import { sizeOf } from "../../tensor.ts";
import type { Constants } from "../constants.ts";
import { formOf, passFunction } from "./convolution.ts";
import type { Form } from "./convolution.ts";
import { pointwise, stretched, texts } from "./kernels.ts";
import type { Text } from "./kernels.ts";

/** Where the numbers of a value begin, and how many there are. */
export interface Slot {
  readonly at: number;
  readonly size: number;
}

export interface PlainPlan {
  /** Functions, each after those that it calls. */
  readonly functions: readonly string[];
  /** Calls in their order. */
  readonly lines: readonly string[];
  /** Numbers of the array of values, and of that of sums in double precision. */
  readonly values: number;
  readonly sums: number;
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
}

type Numbers = number | string;

/** Collects calls, and the functions that they need. */
class Writer {
  readonly lines: string[] = [];
  readonly functions = new Map<string, string>();
  sums = 0;

  call(name: string, ...args: readonly Numbers[]): void {
    this.need(name, texts[name]);
    this.lines.push(`${name}(${args.join(", ")});`);
  }

  need(name: string, text: Text): void {
    if (this.functions.has(name)) return;
    for (const other of text.needs ?? []) this.need(other, texts[other]);
    this.functions.set(name, text.text);
  }
}

/** What a node is written with. */
interface Context {
  readonly writer: Writer;
  at(value: Value): number;
  /** Of a constant, or -1 for none. */
  constant(constant: Constant | undefined): number;
  /** Where the node's padded input lies. */
  readonly padded: number;
}

/** Names of the functions of activations that are names of functions of one number, too. */
const own: Readonly<Record<string, string>> = { sigmoid: "sigmoid_", tanh: "tanh_" };

function activate({ writer, at }: Context, output: Value, { activation, slope, offset }: Activation, input: Value = output): void {
  const given = activation === "leaky_relu" ? [slope] : activation === "hard_sigmoid" ? [slope, offset] : [];
  writer.call(own[activation] ?? activation, at(output), at(input), sizeOf(output.shape), ...given.map(String));
}

type Conv = Node & { readonly operation: Extract<Node["operation"], { kind: "conv2d" }> };

/** Is it a linear layer of one pixel? */
function isDense({ operation: { kernel, groups }, inputs: [x], output: y }: Conv): boolean {
  return groups === 1 && kernel[0] * kernel[1] === 1 && x.shape[2] * x.shape[3] === 1 && y.shape[2] * y.shape[3] === 1;
}

/** Rows and columns of an image that the windows of a convolution see, with padding where that is in them. */
function seen(node: Conv): { readonly rows: number; readonly pitch: number; readonly padded: boolean } {
  const { operation: { kernel, stride, dilation, padding: [top, left] }, inputs: [x], output: y } = node;
  const [rows, pitch] = [0, 1].map((i) => (y.shape[2 + i] - 1) * stride[i] + (kernel[i] - 1) * dilation[i] + 1);
  const padded = top > 0 || left > 0 || rows > x.shape[2] || pitch > x.shape[3];
  return padded ? { rows, pitch, padded } : { rows: x.shape[2], pitch: x.shape[3], padded };
}

/** Numbers of the padded input of a node; none where it needs no padding. */
function paddedSize(node: Node): number {
  if (node.operation.kind === "channel_conv") {
    const [batch, channels] = node.inputs[0].shape;
    return batch * (channels + sizeOf(node.operation.weight.read().shape) - 1);
  }
  if (node.operation.kind !== "conv2d" || isDense(node as Conv)) return 0;
  const { rows, pitch, padded } = seen(node as Conv);
  const [batch, channels] = node.inputs[0].shape;
  return padded ? batch * channels * rows * pitch : 0;
}

function passesOf(writer: Writer, form: Form, inputs: number): string {
  let rest = inputs;
  const used = form.inputs.filter((count) => {
    const fits = rest >= count;
    rest %= count;
    return fits;
  });
  const names = used.map((count) => {
    const [name, text] = passFunction({ ...form, inputs: count });
    writer.need(name, { text });
    return `${count}, ${name}`;
  });
  return `[${names.join(", ")}]`;
}

function convolution(node: Conv, context: Context): void {
  const { operation, inputs, output } = node;
  const { writer, at, constant, padded: scratch } = context;
  const { kernel, stride, groups, weight, bias, epilogue, padding } = operation;
  const [batch, channels, height, width] = inputs[0].shape;
  const [, outChannels, outHeight, outWidth] = output.shape;
  const late = epilogue?.biasLast === true;
  const [y, x, w, b] = [at(output), at(inputs[0]), constant(weight), late ? -1 : constant(bias)];
  const pixels = outHeight * outWidth;
  if (isDense(node)) writer.call("dense", y, x, w, b, batch, channels, outChannels);
  else {
    const [ins, outs] = [channels / groups, outChannels / groups];
    const { rows, pitch, padded } = seen(node);
    if (padded) writer.call("pad", scratch, x, batch * channels, height, width, padding[0], padding[1], rows, pitch);
    // Without rows and columns between, an image is one row.
    const flat = !padded && kernel[0] * kernel[1] * stride[0] * stride[1] === 1;
    const [down, across] = flat ? [1, pixels] : [outHeight, outWidth];
    const form = formOf(operation, ins, outs, across);
    const passes = passesOf(writer, form, ins);
    writer.sums = Math.max(writer.sums, form.outputs * down * Math.ceil(across / form.pixels) * form.pixels);
    writer.call(
      "convolve", passes, kernel[0] * kernel[1], form.outputs, form.pixels, y, padded ? scratch : x, w, b, batch, groups, ins, outs, pitch,
      rows * pitch, down, across,
    );
  }
  if (epilogue?.gate === true) writer.call("gate", y, y, at(inputs[1]), outChannels, pixels, batch);
  if (late && bias !== undefined) writer.call("bias", y, y, constant(bias), outChannels, pixels, batch);
  if (epilogue?.residual === true) writer.call("add", y, y, at(inputs[inputs.length - 1]), sizeOf(output.shape));
  if (epilogue?.activation !== undefined) activate(context, output, epilogue.activation);
}

/** Kinds that put numbers in other places: their records say where. */
const taking: Readonly<Partial<Record<Kind, { shapeOf(node: never): TakeShape }>>> = {
  transpose: transposeComputation, slice: sliceComputation, expand: expandComputation, gather: gatherComputation, pad: padComputation,
};

/** Writes the calls of a node. @returns false for what this target has not */
function write(node: Node, context: Context): boolean {
  const { operation, inputs, output } = node;
  const { writer, at, constant } = context;
  const [y, x, z] = [output, ...inputs].map(at);
  const size = sizeOf(output.shape);
  const { batch, channels, pixels } = inputs.length === 0 ? { batch: 1, channels: 1, pixels: 1 } : perChannel(node);
  const planes = batch * channels;
  const call = (name: string, ...args: readonly Numbers[]): true => {
    writer.call(name, ...args);
    return true;
  };
  const then = (activation: Activation | undefined): true => {
    if (activation !== undefined) activate(context, output, activation);
    return true;
  };
  const images = (): readonly number[] => [...inputs[0].shape.slice(2), ...output.shape.slice(2)];
  switch (operation.kind) {
    case "conv2d":
      if (operation.padding.some((side) => side < 0)) return false;
      convolution(node as Conv, context);
      return true;
    case "linear":
      return call("dense", y, x, constant(operation.weight), constant(operation.bias), batch, inputs[0].shape[1], output.shape[1]);
    case "batch_norm": {
      const [gamma, beta, mean, variance] = [operation.gamma, operation.beta, operation.mean, operation.variance].map(constant);
      call("normalise", y, x, gamma, beta, mean, variance, String(operation.epsilon), channels, pixels, batch);
      return then(operation.activation);
    }
    case "activation":
      activate(context, output, operation, inputs[0]);
      return true;
    case "prelu":
      return call("prelu", y, x, constant(operation.slope), channels, pixels, batch);
    case "l2_normalise":
      return call("length", y, x, batch, channels);
    case "global_pool":
      return call(operation.by === "mean" ? "mean" : "most", y, x, planes, pixels);
    case "channel_pool":
      return call("channels", y, x, batch, channels, pixels, Number(operation.by === "mean"));
    case "adaptive_average_pool":
      return call("adaptive", y, x, planes, ...images());
    case "max_pool":
    case "average_pool": {
      const mean = operation.kind === "max_pool" ? 0 : operation.countPadding ? 2 : 1;
      const window = windowsOf({ operation, inputs, output });
      return call(
        "pool", y, x, planes, ...images(), window.kernelHeight, window.kernelWidth, window.strideHeight, window.strideWidth,
        window.paddingTop, window.paddingLeft, window.dilationHeight, window.dilationWidth, mean, window.paddingBottom, window.paddingRight,
      );
    }
    case "add":
      call("add", y, x, z, size);
      return then(operation.activation);
    case "partial_add": {
      const added = inputs[1].shape[1] * pixels;
      call("copy", y, x, size);
      for (let n = 0; n < batch; n++) call("add", y + n * channels * pixels, x + n * channels * pixels, z + n * added, added);
      return true;
    }
    case "scale":
      call("gate", y, x, z, channels, pixels, batch);
      return then(operation.activation);
    case "pixel_scale":
      return call("pixels", y, x, z, batch, channels, pixels);
    case "multiply":
      return call("multiply", y, z, x, size);
    case "channel_conv": {
      // Channels are the rows of an image that is a pixel wide.
      const count = sizeOf(operation.weight.read().shape);
      const around = (count - 1) / 2;
      const [image, result] = [inputs[0], output].map((value) => ({ ...value, shape: [batch, 1, channels, 1] }));
      convolution({
        operation: {
          kind: "conv2d", kernel: [count, 1], stride: [1, 1], padding: [around, 0, around, 0], dilation: [1, 1], groups: 1,
          weight: operation.weight, bias: undefined,
        },
        inputs: [image], output: result,
      }, { ...context, at: ({ name }) => (name === image.name ? x : y) });
      return true;
    }
    case "concat":
    case "join": {
      const axis = operation.kind === "concat" ? 1 : operation.axis;
      const runs = inputs.flatMap((value) => [at(value), sizeOf(value.shape.slice(axis))]);
      return call("join", y, `[${runs.join(", ")}]`, sizeOf(output.shape.slice(0, axis)));
    }
    case "flatten":
    case "reshape":
      return call("copy", y, x, size);
    case "constant":
      return call("constant", y, constant(operation.value), size);
    case "channel_shuffle":
      return call("shuffle", y, x, batch, operation.groups, channels / operation.groups, pixels);
    case "resize":
      if (operation.method === "nearest") return call("nearest", y, x, planes, ...images());
      return call("bilinear", y, x, planes, ...images(), Number(operation.alignCorners));
    case "clip":
      return call("clip", y, x, size, String(operation.least), String(operation.most));
    case "elu":
      return call("elu", y, x, size, String(operation.alpha));
    case "softmax": {
      const { outer, size: count, inner } = rowsOf(inputs[0].shape, operation.axis);
      return operation.logarithm ? false : call("softmax", y, x, outer, count, inner);
    }
    case "reduce": {
      const { outer, size: count, inner } = rowsOf(inputs[0].shape, operation.axis, operation.end);
      return operation.by === "mean" && call("channels", y, x, outer, count, inner, 1);
    }
    case "unary": {
      const text = pointwise(operation.by);
      if (text === undefined) return false;
      writer.need(`${operation.by}_`, text);
      writer.lines.push(`${operation.by}_(${y}, ${x}, ${size});`);
      return true;
    }
    case "binary": {
      const text = stretched(operation.by);
      if (text === undefined) return false;
      writer.need(`${operation.by}_2`, { text: text.text.replaceAll(`${operation.by}_(`, `${operation.by}_2(`) });
      const { sizes, strides } = geometry(node);
      const lists = [sizes, ...strides].map((list) => JSON.stringify(list.length === 0 ? [0] : list));
      writer.lines.push(`${operation.by}_2(${[y, x, z, ...(sizes.length === 0 ? ["[1]", "[0]", "[0]"] : lists)].join(", ")});`);
      return true;
    }
    default: {
      const taken = taking[operation.kind]?.shapeOf(node as never);
      if (taken === undefined) return false;
      const { places, value } = taken;
      const lists = places.map((list) => `[${Array.from(list).join(",")}]`);
      return call("take", y, x, `[${lists.length === 0 ? "[0]" : lists.join(", ")}]`, String(value));
    }
  }
}

/** Numbers after the last value: passes may read so far beyond an image, for pixels that nobody wants. */
const SLACK = 64;

/** @throws RangeError naming the operations that this target has not, and where they stand */
export function planPlain(graph: Graph, constants: Constants): PlainPlan {
  const lives = lifetimes(graph, new Set());
  const values = [...lives.keys()];
  const padded = graph.nodes.map(paddedSize);
  const { offsets, total } = planMemory([
    ...lives.values(), ...padded.map((numbers, at) => ({ size: 4 * numbers, from: at, to: at })),
  ], 4);
  const places = new Map(values.map((value, i) => [value, offsets[i] / 4]));
  const writer = new Writer();
  const missing = new Map<Kind, string>();
  graph.nodes.forEach((node, i) => {
    const done = [...node.inputs, node.output].every(({ dtype = "f32" }) => dtype === "f32") && write(node, {
      writer, at: (value) => places.get(value)!, constant: (constant) => (constant === undefined ? -1 : constants.of(constant).at),
      padded: offsets[values.length + i] / 4,
    });
    if (!done) missing.set(node.operation.kind, missing.get(node.operation.kind) ?? node.output.name);
  });
  if (missing.size > 0) {
    const list = [...missing].map(([kind, name]) => `${kind} (${name})`).join(", ");
    throw new RangeError(`bundle: target plain has no kernel for ${list}`);
  }
  const slot = (value: Value): Slot => ({ at: places.get(value)!, size: sizeOf(value.shape) });
  return {
    functions: [...writer.functions.values()], lines: writer.lines, values: total / 4 + SLACK, sums: writer.sums,
    inputs: graph.inputs.map(slot), outputs: graph.outputs.map(slot),
  };
}

/**
 * Operations on bytes as ONNX: the same in float32, between DequantizeLinear and QuantizeLinear ("QDQ"), which runtimes turn into their own
 * integer arithmetic. Bytes are uint8 with the scales and zero points that they have here; QuantizeLinear cuts them at 255, hence the Clip
 * behind it, whose lower end is ReLU too. A runtime's answers differ by its roundings: mostly none, now and then a step.
 */
import type { Value } from "../../../graph/graph.ts";
import type { QuantisedKind } from "../../../graph/quantised.ts";
import { Tensor } from "../../../tensor.ts";
import { elementwiseWriters, perChannel } from "./elementwise.ts";
import { movementWriters } from "./movement.ts";
import { poolingWriters } from "./pooling.ts";
import type { NodeSink, Writers } from "./writer.ts";

/** Bytes between which a result is cut. */
interface Bounds {
  readonly least: number;
  readonly most: number;
}

const all: Bounds = { least: 0, most: 127 };
/** Of values whose channels have scales of their own, in steps instead of real numbers: those went into the weights beside them. */
const steps = 1;

/** @throws RangeError for bytes that no quantisation made */
function meaningOf({ name, meaning }: Value): NonNullable<Value["meaning"]> {
  if (meaning === undefined) throw new RangeError(`writeOnnx: ${name} has bytes that nothing says the meaning of (scale and zero point)`);
  return meaning;
}

/** Names of scale and zero point, and the axis where each channel has its own. @param scale in place of the value's */
function constantsOf(sink: NodeSink, value: Value, scale?: number): [readonly string[], { readonly axis?: number }] {
  const { scale: own, zero } = meaningOf(value);
  if (scale === undefined && own.length > 1) {
    const channels = own.length;
    const zeros = sink.whole(`${value.name}/zero_points`, new Uint8Array(channels).fill(zero), [channels]);
    return [[sink.floats(`${value.name}/scales`, new Tensor(own, [channels])), zeros], { axis: 1 }];
  }
  const name = scale === undefined ? `${value.name}/scale` : `${value.name}/step`;
  const zeroPoint = sink.whole(`${value.name}/zero_point`, Uint8Array.of(zero), []);
  return [[sink.floats(name, Tensor.of([scale ?? own[0]], [])), zeroPoint], {}];
}

/** The real numbers of bytes, for one reader. */
function reals(sink: NodeSink, value: Value, name: string, scale?: number): string {
  const [constants, axis] = constantsOf(sink, value, scale);
  sink.node("DequantizeLinear", [value.name, ...constants], name, axis);
  return name;
}

/** Real numbers as the bytes of a value. */
function toBytes(sink: NodeSink, real: string, value: Value, { least, most }: Bounds, scale?: number): void {
  const [constants, axis] = constantsOf(sink, value, scale);
  sink.node("QuantizeLinear", [real, ...constants], `${value.name}/uncut`, axis);
  const ends = [least, most].map((end) => sink.whole(`byte/${end}`, Uint8Array.of(end), []));
  sink.node("Clip", [`${value.name}/uncut`, ...ends], value.name);
}

export const quantisedWriters: Pick<Writers, QuantisedKind> = {
  quantise: (sink, { output, names: [x] }) => toBytes(sink, x, output, all),

  dequantise: (sink, { inputs: [x], name }) => void reals(sink, x, name),

  quantised_conv2d(sink, { operation, inputs, output, names, name }) {
    const { epilogue, weight, bias, zero, gate, residual, kernel, stride, padding, dilation, groups } = operation;
    const { multiplier, offset, hardSwish, residualMultiplier } = epilogue;
    const [x, last] = [inputs[0], inputs[inputs.length - 1]];
    const [from, to] = [meaningOf(x), meaningOf(output)];
    const [fromSteps, toSteps] = [from.scale.length > 1, to.scale.length > 1 && hardSwish === undefined];
    const xScale = fromSteps ? steps : from.scale[0];
    // What one of the sum's steps is in the result, and of that the weight's part.
    const unit = toSteps || hardSwish !== undefined ? 1 : to.scale[0];
    const sumScale = Float32Array.from(multiplier, (each) => each * unit);
    const channels = sumScale.length;
    const row = weight.data.length / channels;
    const weightScale = sink.floats(`${name}/weight_scale`, new Tensor(sumScale.map((each) => each / xScale), [channels]));
    const zeros = sink.whole(`${weight.name}/zero_point`, new Int8Array(channels), [channels]);
    sink.node("DequantizeLinear", [sink.whole(weight.name, weight.data, weight.shape), weightScale, zeros], `${name}/weight`, { axis: 0 });
    // Without what stands for the zero point of x.
    const real = bias.map((each, o) => each + zero * weight.data.subarray(o * row, (o + 1) * row).reduce((sum, w) => sum + w, 0));
    const read = [reals(sink, x, `${name}/x`, fromSteps ? steps : undefined), `${name}/weight`];
    if (real.some((each) => each !== 0)) {
      const biasScale = sink.floats(`${name}/bias_scale`, new Tensor(sumScale, [channels]));
      sink.node("DequantizeLinear", [sink.whole(`${name}/bias_steps`, real, [channels]), biasScale], `${name}/bias`, { axis: 0 });
      read.push(`${name}/bias`);
    }
    let result = `${name}/sum`;
    const then = (type: string, what: string, ...others: readonly string[]): void => {
      sink.node(type, [result, ...others], `${name}/${what}`);
      result = `${name}/${what}`;
    };
    const attributes = { kernel_shape: kernel, strides: stride, pads: padding, dilations: dilation, group: groups };
    sink.node("Conv", read, result, attributes);
    if (gate) then("Mul", "gated", names[1]);
    if (residual) then("Add", "joined", reals(sink, last, `${name}/residual`));
    // A bias that comes after the gate is in the offset, beside zero points.
    const zeroPoints = Math.fround((hardSwish === undefined ? to.zero : 0) - (residual ? meaningOf(last).zero : 0) * residualMultiplier);
    const late = offset.map((each) => (each - zeroPoints) * unit);
    if (late.some((each) => each !== 0)) then("Add", "shifted", perChannel(sink, `${name}/shift`, late));
    if (hardSwish !== undefined) then("HardSwish", "swish");
    toBytes(sink, result, output, epilogue, toSteps ? steps : undefined);
  },

  quantised_linear(sink, { operation: { weight, scale, bias, activation }, inputs: [x], output, names, name }) {
    const [outputs, row] = weight.shape;
    const [matrix, before] = [x.shape.length === 2, activation === undefined ? name : `${name}/sum`];
    // A convolution, and a layer behind it, may share weights.
    const stored = sink.whole(`${weight.name}/${matrix ? "matrix" : "pixel"}`, weight.data, matrix ? [outputs, row] : [outputs, row, 1, 1]);
    const weightScale = sink.floats(`${name}/weight_scale`, new Tensor(scale, [outputs]));
    const zeros = sink.whole(`${weight.name}/zero_point`, new Int8Array(outputs), [outputs]);
    sink.node("DequantizeLinear", [stored, weightScale, zeros], `${name}/weight`, { axis: 0 });
    const read = [...names, `${name}/weight`, sink.floats(`${name}/bias`, new Tensor(bias, [outputs]))];
    if (matrix) sink.node("Gemm", read, before, { transB: 1 });
    else sink.node("Conv", read, before, { kernel_shape: [1, 1] });
    if (activation === undefined) return;
    elementwiseWriters.activation(sink, { operation: { kind: "activation", ...activation }, inputs: [x], output, names: [before], name });
  },

  quantised_add(sink, { operation: { by }, inputs: [a, b], output, name }) {
    sink.node("Add", [reals(sink, a, `${name}/a`), reals(sink, b, `${name}/b`)], `${name}/sum`);
    toBytes(sink, `${name}/sum`, output, by);
  },

  quantised_concat(sink, { inputs, output, name }) {
    sink.node("Concat", inputs.map((x, i) => reals(sink, x, `${name}/x${i}`)), `${name}/joined`, { axis: 1 });
    toBytes(sink, `${name}/joined`, output, all);
  },

  quantised_channel_shuffle(sink, { operation: { groups }, inputs, output, name }) {
    const names = [reals(sink, inputs[0], `${name}/x`)];
    movementWriters.channel_shuffle(sink, { operation: { kind: "channel_shuffle", groups }, inputs, output, names, name: `${name}/real` });
    toBytes(sink, `${name}/real`, output, all);
  },

  quantised_scale(sink, { operation: { by }, inputs: [x], output, names: [, gate], name }) {
    sink.node("Mul", [reals(sink, x, `${name}/x`), gate], `${name}/product`);
    toBytes(sink, `${name}/product`, output, by);
  },

  quantised_affine(sink, { operation: { by }, inputs: [x], output, name }) {
    const [from, to] = [meaningOf(x), meaningOf(output)];
    const shift = by.multiplier.map((each, c) => to.scale[0] * (by.offset[c] - to.zero + each * from.zero));
    const factor = by.multiplier.map((each) => (each * to.scale[0]) / from.scale[0]);
    sink.node("Mul", [reals(sink, x, `${name}/x`), perChannel(sink, `${name}/factor`, factor)], `${name}/product`);
    sink.node("Add", [`${name}/product`, perChannel(sink, `${name}/shift`, shift)], `${name}/sum`);
    toBytes(sink, `${name}/sum`, output, by);
  },

  quantised_table(sink, { operation: { entries, of }, inputs: [x], output, name }) {
    if (of === undefined) {
      sink.node("Cast", [x.name], `${name}/places`, { to: 6 });
      sink.node("Gather", [sink.whole(`${name}/entries`, entries, [entries.length]), `${name}/places`], name, { axis: 0 });
      return;
    }
    const names = [reals(sink, x, `${name}/x`)];
    elementwiseWriters.activation(sink, { operation: { kind: "activation", ...of }, inputs: [x], output, names, name: `${name}/real` });
    toBytes(sink, `${name}/real`, output, all);
  },

  quantised_mean: (sink, { inputs: [x], name }) => sink.node("GlobalAveragePool", [reals(sink, x, `${name}/x`)], name),

  quantised_max_pool(sink, { operation, inputs, output, name }) {
    const names = [reals(sink, inputs[0], `${name}/x`)];
    poolingWriters.max_pool(sink, { operation: { ...operation, kind: "max_pool" }, inputs, output, names, name: `${name}/real` });
    toBytes(sink, `${name}/real`, output, all);
  },

  quantised_average_pool(sink, { operation, inputs, output, name }) {
    const [names, countPadding] = [[reals(sink, inputs[0], `${name}/x`)], operation.by.padding !== undefined];
    const pool = { ...operation, kind: "average_pool", countPadding } as const;
    poolingWriters.average_pool(sink, { operation: pool, inputs, output, names, name: `${name}/real` });
    toBytes(sink, `${name}/real`, output, all);
  },
};

/** Operations on bytes (docs/int8.md): shapes, and steps on plain kernels, which have the bits of the reference. */
import { conv2d, convWork } from "../../../kernels/plain/quantised/conv2d.ts";
import {
  add, affine, averagePool, concat, dequantise, linear, maxPool, mean, quantise, scale, shuffle, table,
} from "../../../kernels/reference/quantised/index.ts";
import { conv2dShape, pool2dShape } from "../../../kernels/shapes.ts";
import type { Node, Of } from "../../graph/graph.ts";
import type { QuantisedKind } from "../../graph/quantised.ts";
import type { Shape } from "../../tensor.ts";
import { channelShuffle } from "../movement/channel-shuffle.ts";
import { concat as concatDeclaration } from "../movement/concat.ts";
import { checkImage, checkShape, perChannel, sameShape, windowsOf } from "../record.ts";
import type { Computations, Declarations, NodeOf, RoutineContext } from "../record.ts";

type PoolKind = "quantised_max_pool" | "quantised_average_pool";

function pooled(operation: Of<PoolKind>, [x]: readonly Shape[]): Shape {
  const [batch, channels, height, width] = checkImage(operation.kind, x);
  const { outHeight, outWidth } = pool2dShape(batch, channels, height, width, operation);
  return [batch, channels, outHeight, outWidth];
}

function likeBoth(kind: QuantisedKind): (operation: unknown, inputs: readonly Shape[]) => Shape {
  return (_, [a, b]) => checkShape(kind, b, a);
}

export const quantisedDeclarations: Pick<Declarations, QuantisedKind> = {
  quantise: { shape: sameShape },
  dequantise: { shape: sameShape },
  quantised_conv2d: {
    shape(operation, [x]) {
      const [batch, channels, height, width] = checkImage("quantised_conv2d", x);
      const [outChannels] = operation.weight.shape;
      const { outHeight, outWidth } = conv2dShape(batch, channels, height, width, outChannels, operation);
      return [batch, outChannels, outHeight, outWidth];
    },
  },
  quantised_linear: {
    shape({ weight: { shape: [outputs, inputs] } }, [x]) {
      const ones = x.slice(2).map(() => 1);
      checkShape("quantised_linear", x, [x[0], inputs, ...ones]);
      return [x[0], outputs, ...ones];
    },
  },
  quantised_add: { shape: likeBoth("quantised_add") },
  quantised_concat: { shape: (_, inputs) => concatDeclaration.shape({ kind: "concat" }, inputs) },
  quantised_channel_shuffle: { shape: ({ groups }, inputs) => channelShuffle.shape({ kind: "channel_shuffle", groups }, inputs) },
  quantised_scale: { shape: sameShape },
  quantised_affine: { shape: sameShape },
  quantised_table: { shape: sameShape },
  quantised_mean: {
    shape(_, [x]) {
      const [batch, channels] = checkImage("quantised_mean", x);
      return [batch, channels, 1, 1];
    },
  },
  quantised_max_pool: { shape: pooled },
  quantised_average_pool: { shape: pooled },
};

/** The bytes of a value. */
function bytesOf({ array }: RoutineContext, value: Node["output"]): Uint8Array {
  return array(value) as unknown as Uint8Array;
}

function poolShape(node: NodeOf<PoolKind>) {
  return { ...windowsOf(node), channels: node.inputs[0].shape[1] };
}

export const quantisedComputations: Pick<Computations, QuantisedKind> = {
  quantise: {
    routine(node, context) {
      const { operation: { factor, to }, inputs, output } = node;
      const [q, x, shape] = [bytesOf(context, output), context.array(inputs[0]), perChannel(node)];
      return () => quantise(q, x, shape, factor, to.zero);
    },
  },
  dequantise: {
    routine(node, context) {
      const { operation: { from }, inputs, output } = node;
      const [x, q, shape] = [context.array(output), bytesOf(context, inputs[0]), perChannel(node)];
      return () => dequantise(x, q, shape, from);
    },
  },
  quantised_conv2d: {
    routine(node, context) {
      const { operation, inputs, output } = node;
      const shape = { ...windowsOf(node), inChannels: inputs[0].shape[1], outChannels: output.shape[1], groups: operation.groups };
      const [y, x] = [bytesOf(context, output), bytesOf(context, inputs[0])];
      const gate = operation.gate ? context.array(inputs[1]) : null;
      const residual = operation.residual ? bytesOf(context, inputs[inputs.length - 1]) : null;
      const work = convWork(shape, operation.weight.data);
      return () => conv2d(y, x, operation, shape, operation.epilogue, gate, residual, work);
    },
  },
  quantised_linear: {
    routine({ operation, inputs: [from], output }, context) {
      const [y, x] = [context.array(output), context.array(from)];
      const { weight, scale: factors, bias, activation } = operation;
      const shape = { batch: from.shape[0], inputs: from.shape[1], outputs: output.shape[1], activation };
      return () => linear(y, x, weight.data, factors, bias, shape);
    },
  },
  quantised_add: {
    routine({ operation: { by }, inputs: [a, b], output }, context) {
      const [y, left, right] = [output, a, b].map((value) => bytesOf(context, value));
      return () => add(y, left, right, by);
    },
  },
  quantised_concat: {
    routine(node, context) {
      const { operation: { by }, inputs, output } = node;
      const [y, ...parts] = [output, ...inputs].map((value) => bytesOf(context, value));
      const shape = { ...perChannel(node), channels: inputs.map((value) => value.shape[1]), outChannels: output.shape[1] };
      return () => concat(y, parts, shape, by);
    },
  },
  quantised_channel_shuffle: {
    routine(node, context) {
      const [y, x] = [node.output, node.inputs[0]].map((value) => bytesOf(context, value));
      const shape = { ...perChannel(node), groups: node.operation.groups };
      return () => shuffle(y, x, shape);
    },
  },
  quantised_scale: {
    routine(node, context) {
      const { operation: { by }, inputs: [from, by1], output } = node;
      const [y, x, gate, shape] = [bytesOf(context, output), bytesOf(context, from), context.array(by1), perChannel(node)];
      return () => scale(y, x, gate, shape, by);
    },
  },
  quantised_affine: {
    routine(node, context) {
      const [y, x, shape] = [bytesOf(context, node.output), bytesOf(context, node.inputs[0]), perChannel(node)];
      return () => affine(y, x, shape, node.operation.by);
    },
  },
  quantised_table: {
    routine({ operation: { entries }, inputs, output }, context) {
      const [y, x] = [bytesOf(context, output), bytesOf(context, inputs[0])];
      return () => table(y, x, entries);
    },
  },
  quantised_mean: {
    routine(node, context) {
      const [y, x, shape] = [context.array(node.output), bytesOf(context, node.inputs[0]), perChannel(node)];
      return () => mean(y, x, shape, node.operation.by);
    },
  },
  quantised_max_pool: {
    routine(node, context) {
      const [y, x, shape] = [bytesOf(context, node.output), bytesOf(context, node.inputs[0]), poolShape(node)];
      return () => maxPool(y, x, shape);
    },
  },
  quantised_average_pool: {
    routine(node, context) {
      const [y, x, shape] = [bytesOf(context, node.output), bytesOf(context, node.inputs[0]), poolShape(node)];
      return () => averagePool(y, x, shape, node.operation.by);
    },
  },
};

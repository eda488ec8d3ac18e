/**
 * Normalisation by running statistics is an affine map of each channel, and so folds into the convolution before it:
 * with k = gamma / sqrt(variance + epsilon), weight' = k weight and bias' = k (bias - mean) + beta.
 */
import type { Constant, Graph, Node, Operation } from "../../../graph/graph.ts";
import { Tensor } from "../../../tensor.ts";
import { Uses, exchange } from "../../../graph/rewrite.ts";
import type { Conv } from "../../../graph/rewrite.ts";

type Norm = Extract<Operation, { kind: "batch_norm" }>;

/** In double precision, rounded once. */
function factors(norm: Norm): Float64Array {
  const gamma = norm.gamma.read().data;
  const variance = norm.variance.read().data;
  return Float64Array.from(gamma, (value, c) => value / Math.sqrt(variance[c] + norm.epsilon));
}

function foldedWeight(conv: Conv, norm: Norm): Constant {
  return {
    name: conv.weight.name,
    scaled: { of: conv.weight, factors: () => factors(norm) },
    read: () => {
      const weight = conv.weight.read();
      const k = factors(norm);
      const out = new Float32Array(weight.size);
      const perChannel = weight.size / k.length;
      for (let channel = 0, i = 0; channel < k.length; channel++) {
        for (const end = i + perChannel; i < end; i++) out[i] = weight.data[i] * k[channel];
      }
      return new Tensor(out, weight.shape);
    },
  };
}

function foldedBias(conv: Conv, norm: Norm): Constant {
  return {
    name: norm.beta.name,
    read: () => {
      const k = factors(norm);
      const bias = conv.bias?.read().data;
      const mean = norm.mean.read().data;
      const beta = norm.beta.read().data;
      const out = Float32Array.from(k, (factor, c) => factor * ((bias?.[c] ?? 0) - mean[c]) + beta[c]);
      return new Tensor(out, [out.length]);
    },
  };
}

export function foldBatchNorm(graph: Graph, kept: ReadonlySet<string>): Graph {
  const uses = new Uses(graph, kept);
  const exchanged = new Map<Node, Node | undefined>();
  for (const node of graph.nodes) {
    if (node.operation.kind !== "batch_norm") continue;
    const conv = uses.soleConv(node.inputs[0], node);
    if (conv === undefined || conv.operation.epilogue !== undefined) continue;
    const norm = node.operation;
    exchanged.set(conv, undefined);
    exchanged.set(node, {
      ...conv,
      operation: { ...conv.operation, weight: foldedWeight(conv.operation, norm), bias: foldedBias(conv.operation, norm) },
      output: node.output,
    });
  }
  return exchange(graph, exchanged);
}

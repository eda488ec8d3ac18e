/** Functions of one number, and of a row of numbers. */
import type { ActivationKind } from "../../../graph/graph.ts";
import { sizeOf } from "../../../tensor.ts";
import { Known } from "../constants/known.ts";
import type { Item } from "../lower/nodes.ts";
import { renamed } from "../lower/site.ts";
import { onChannels } from "./window.ts";
import type { Lowering, Site, Table } from "../lower/site.ts";

/** A bound of Clip: an input that is known, or an attribute; absent is none. */
function bound(site: Site, i: number, name: string, none: number): number {
  if (site.inputs[i] !== undefined) return site.known(i, "bounds").numbers[0] ?? none;
  return site.opset < 11 ? site.float(name, none) : none;
}

/** Over one axis; before opset 13 over all axes from one on, as if they were flattened. */
export function overRows(work: (site: Site, x: Item, axis: number) => Item): Lowering {
  return (site, x) => {
    const { shape } = x;
    const old = site.opset < 13;
    const axis = site.axis(Math.max(1, shape.length), site.int("axis", old ? 1 : -1));
    if (!old || axis === shape.length - 1) return work(site, x, axis);
    const rows = site.reshape(x, [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))]);
    return site.reshape(work(site, rows, 1), shape);
  };
}

/** x for x > 0, slope x below, where each channel may have its own slope. */
function prelu(site: Site, x: Item): Item {
  const { shape } = x;
  const slope = site.item(1);
  if (slope instanceof Known && slope.size === 1) return site.activation(x, "leaky_relu", slope.numbers[0]);
  const stretched = [...shape.map(() => 1), ...slope.shape].slice(-shape.length);
  if (slope instanceof Known && shape.length > 1 && stretched.every((n, i) => n === (i === 1 ? shape[1] : 1))) {
    return onChannels(site, x, { kind: "prelu", slope: site.constant(slope, "slope", { shape: [shape[1]] }) });
  }
  return site.binary("add", site.activation(x, "relu"), site.binary("multiply", site.binary("minimum", x, 0), slope));
}

/** With alpha 1, x sigmoid(alpha x) is SiLU. */
export function swish(usual: number): Lowering {
  return (site, x) => {
    const alpha = site.float("alpha", usual);
    if (alpha === 1) return site.activation(x, "silu");
    return site.binary("multiply", x, site.activation(site.binary("multiply", x, alpha), "sigmoid"));
  };
}

function softmax(logarithm: boolean): Lowering {
  return overRows((site, x, axis) => site.lying([x], (items, _, axisOf) => site.run("softmax", { axis: axisOf(axis), logarithm }, items)));
}

export const activations: Table = {
  ...renamed<ActivationKind>("Relu relu Sigmoid sigmoid Tanh tanh HardSwish hard_swish", (by) => (site, x) => site.activation(x, by)),
  LeakyRelu: (site, x) => site.activation(x, "leaky_relu", site.float("alpha", 0.01)),
  HardSigmoid: (site, x) => site.activation(x, "hard_sigmoid", site.float("alpha", 0.2), site.float("beta", 0.5)),
  PRelu: prelu,
  Elu: (site, x) => site.map(x, "elu", { alpha: site.float("alpha", 1) }),
  Clip: (site, x) => site.map(x, "clip", { least: bound(site, 1, "min", -Infinity), most: bound(site, 2, "max", Infinity) }),
  Swish: swish(1),
  Gelu: (site, x) => site.activation(x, site.text("approximate") === "tanh" ? "gelu_tanh" : "gelu"),
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
};

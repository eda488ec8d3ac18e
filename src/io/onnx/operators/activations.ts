/** Functions of one number, and of a row of numbers. */
import type { ActivationKind } from "../../../graph/graph.ts";
import { sizeOf } from "../../../tensor.ts";
import { Known, whole } from "../constants/known.ts";
import type { Item } from "../lower/nodes.ts";
import type { Lowering, Site, Table } from "../lower/site.ts";

/** By what the activation is called; of the sum with a second input, where there is one. */
function simple(activation: ActivationKind): Lowering {
  return (site, x) => site.activation(site.inputs[1] === undefined ? x : site.binary("add", x, site.item(1)), activation);
}

/** A bound of Clip: an input that is known, or an attribute; absent is none. */
function bound(site: Site, i: number, name: string, none: number): number {
  if (site.inputs[i] !== undefined) return site.known(i, "bounds").numbers[0] ?? none;
  return site.opset < 11 ? site.float(name, none) : none;
}

/** Over one axis; before opset 13 over all axes from one on, as if they were flattened. */
function overRows(work: (site: Site, x: Item, axis: number) => Item): Lowering {
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
  const given = site.item(1);
  const ones = shape.map(() => 1);
  // Before opset 7 a slope of several numbers was one for each channel.
  const slope = site.opset < 7 && given.shape.length === 1 ? site.reshape(given, [...given.shape, ...ones.slice(2)]) : given;
  if (slope instanceof Known && slope.size === 1) return site.activation(x, "leaky_relu", slope.numbers[0]);
  const stretched = [...ones, ...slope.shape].slice(-shape.length);
  if (slope instanceof Known && shape.length > 1 && stretched.every((n, i) => n === (i === 1 ? shape[1] : 1))) {
    const constant = site.constant(slope, "slope", { shape: [shape[1]] });
    const image = shape.length < 5 ? shape : [shape[0], shape[1], 1, sizeOf(shape.slice(2))];
    return site.reshape(site.operate({ kind: "prelu", slope: constant }, [site.reshape(x, image)], image), shape);
  }
  return site.binary("add", site.activation(x, "relu"), site.binary("multiply", site.binary("minimum", x, 0), slope));
}

/** With alpha 1, x sigmoid(alpha x) is SiLU. */
function swish(usual: number): Lowering {
  return (site, x) => {
    const alpha = site.float("alpha", usual);
    if (alpha === 1) return site.activation(x, "silu");
    return site.binary("multiply", x, site.activation(site.binary("multiply", x, alpha), "sigmoid"));
  };
}

export const activations: Table = {
  Relu: simple("relu"),
  Sigmoid: simple("sigmoid"),
  Tanh: simple("tanh"),
  HardSwish: simple("hard_swish"),
  LeakyRelu: (site, x) => site.activation(x, "leaky_relu", site.float("alpha", 0.01)),
  HardSigmoid: (site, x) => site.activation(x, "hard_sigmoid", site.float("alpha", 0.2), site.float("beta", 0.5)),
  PRelu: prelu,
  Elu: (site, x) => site.map(x, "elu", { alpha: site.float("alpha", 1) }),
  Selu: (site, x) => (
    site.binary("multiply", site.map(x, "elu", { alpha: site.float("alpha", 1.6732632423543772) }), site.float("gamma", 1.0507009873554805))
  ),
  // max(0, x) + min(0, alpha (exp(x / alpha) - 1)), of which one or the other is 0.
  Celu: (site, x) => {
    const alpha = site.float("alpha", 1);
    return site.binary("multiply", site.map(site.binary("divide", x, alpha), "elu", { alpha: 1 }), alpha);
  },
  ThresholdedRelu: (site, x) => site.select(site.binary("greater", x, site.float("alpha", 1)), x, site.number(0, x)),
  // What lies within lambd of 0 is 0, the rest by bias nearer to it.
  Shrink: (site, x) => {
    const [limit, bias] = [site.float("lambd", 0.5), site.float("bias", 0)];
    const above = site.select(site.binary("greater", x, limit), site.binary("subtract", x, bias), site.number(0, x));
    return site.select(site.binary("less", x, -limit), site.binary("add", x, bias), above);
  },
  Softsign: (site, x) => site.binary("divide", x, site.binary("add", site.unary("abs", x), 1)),
  Clip: (site, x) => site.map(x, "clip", { least: bound(site, 1, "min", -Infinity), most: bound(site, 2, "max", Infinity) }),
  Swish: swish(1),
  "com.microsoft:QuickGelu": swish(1.702),
  Gelu: (site, x) => simple(site.text("approximate") === "tanh" ? "gelu_tanh" : "gelu")(site, x),
  "com.microsoft:Gelu": simple("gelu"),
  "com.microsoft:BiasGelu": simple("gelu"),
  "com.microsoft:FastGelu": simple("gelu_tanh"),
  Erf: (site, x) => site.unary("erf", x),
  Mish: (site, x) => site.unary("mish", x),
  Softplus: (site, x) => site.unary("softplus", x),
  Softmax: overRows((site, x, axis) => site.softmax(x, axis, false)),
  LogSoftmax: overRows((site, x, axis) => site.softmax(x, axis, true)),
  // 1 where the largest is, of several the first.
  Hardmax: overRows((site, x, axis) => {
    const places = whole(Array.from({ length: x.shape[axis] }, (_, i) => i), x.shape.map((n, i) => (i === axis ? n : 1)));
    return site.cast(site.binary("equal", site.argMax(x, axis), places), x.type);
  }),
};

/** Functions of one number, and of a row of numbers. */
import type { ActivationKind } from "../../../graph/graph.ts";
import { sizeOf } from "../../../tensor.ts";
import { Known } from "../constants/known.ts";
import { shapeOf } from "../lower/nodes.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site } from "../lower/site.ts";
import type { Lowering, Table } from "./table.ts";

function simple(activation: ActivationKind, slope: (site: Site) => number = () => 0, offset: (site: Site) => number = () => 0): Lowering {
  return (site) => site.activation(site.item(0), activation, slope(site), offset(site));
}

/** A bound of Clip: an input that is known, or an attribute; absent is none. */
function bound(site: Site, i: number, name: string, none: number): number {
  if (site.has(i)) return site.known(i, "bounds").numbers[0] ?? none;
  return site.opset < 11 ? site.float(name, none) : none;
}

/** Over one axis; before opset 13 over all axes from one on, as if they were flattened. */
function softmax(log: boolean): Lowering {
  return (site) => {
    const shape = site.shape(0);
    const old = site.opset < 13;
    const axis = site.axis(Math.max(1, shape.length), site.int("axis", old ? 1 : -1));
    if (!old || axis === shape.length - 1) return site.softmax(site.item(0), axis, log);
    const rows = site.reshape(site.item(0), [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))]);
    return site.reshape(site.softmax(rows, 1, log), shape);
  };
}

/** x for x > 0, slope x below, where each channel may have its own slope. */
function prelu(site: Site): Item {
  const x = site.item(0);
  // Before opset 7 a slope of several numbers was one for each channel.
  const given = site.item(1);
  const channels = site.opset < 7 && shapeOf(given).length === 1 && shapeOf(x).length > 2;
  const slope = channels ? site.reshape(given, [...shapeOf(given), ...shapeOf(x).slice(2).map(() => 1)]) : given;
  if (slope instanceof Known && slope.size === 1) {
    return site.activation(x, "leaky_relu", slope.numbers[0]);
  }
  const shape = shapeOf(x);
  const stretched = [...shape.map(() => 1), ...slope instanceof Known ? slope.shape : [0]].slice(-shape.length);
  if (slope instanceof Known && shape.length > 1 && stretched.every((n, i) => n === (i === 1 ? shape[1] : 1))) {
    const constant = site.constant(slope, { shape: [shape[1]] }, "slope");
    const image = shape.length < 5 ? shape : [shape[0], shape[1], 1, sizeOf(shape.slice(2))];
    const value = site.add({ kind: "prelu", slope: constant }, [site.value(site.reshape(x, image))], image);
    return site.reshape(site.flow(value, x.type), shape);
  }
  const below = site.binary("multiply", site.binary("minimum", x, site.scalar(0, x.type)), slope);
  return site.binary("add", site.activation(x, "relu"), below);
}

function scaled(site: Site, x: Item, factor: number): Item {
  return site.binary("multiply", x, site.scalar(factor, x.type));
}

/** With alpha 1, x sigmoid(alpha x) is SiLU. */
function swish(site: Site): Item {
  const [x, alpha] = [site.item(0), site.float("alpha", site.node.type === "Swish" ? 1 : 1.702)];
  if (alpha === 1) return site.activation(x, "silu");
  return site.binary(
    "multiply", x,
    site.activation(site.binary("multiply", x, site.scalar(alpha, x.type)), "sigmoid"),
  );
}

function biased(site: Site, activation: ActivationKind): Item {
  const x = site.has(1) ? site.binary("add", site.item(0), site.item(1)) : site.item(0);
  return site.activation(x, activation);
}

export const activations: Table = {
  Relu: simple("relu"),
  LeakyRelu: simple("leaky_relu", (site) => site.float("alpha", 0.01)),
  PRelu: prelu,
  Elu: (site) => site.map(site.item(0), "elu", { alpha: site.float("alpha", 1) }),
  Selu: (site) => {
    const [alpha, gamma] = [site.float("alpha", 1.6732632423543772), site.float("gamma", 1.0507009873554805)];
    return scaled(site, site.map(site.item(0), "elu", { alpha }), gamma);
  },
  Softsign: (site) => {
    const x = site.item(0);
    return site.binary("divide", x, site.binary("add", site.unary(x, "abs"), site.scalar(1)));
  },
  Clip: (site) => site.map(
    site.item(0), "clip", { least: bound(site, 1, "min", -Infinity), most: bound(site, 2, "max", Infinity) },
  ),
  Sigmoid: simple("sigmoid"),
  Tanh: simple("tanh"),
  HardSigmoid: simple("hard_sigmoid", (site) => site.float("alpha", 0.2), (site) => site.float("beta", 0.5)),
  HardSwish: simple("hard_swish"),
  Swish: swish,
  "com.microsoft:QuickGelu": swish,
  Gelu: (site) => simple(site.text("approximate", "none") === "tanh" ? "gelu_tanh" : "gelu")(site),
  "com.microsoft:Gelu": simple("gelu"),
  "com.microsoft:BiasGelu": (site) => biased(site, "gelu"),
  "com.microsoft:FastGelu": (site) => biased(site, "gelu_tanh"),
  Erf: (site) => site.unary(site.item(0), "erf"),
  Mish: (site) => site.unary(site.item(0), "mish"),
  Softplus: (site) => site.unary(site.item(0), "softplus"),
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
};

/** Functions of one number, and of a row of numbers. */
import type { ActivationKind } from "../../../graph/graph.ts";
import { sizeOf } from "../../../tensor.ts";
import { Known } from "../constants/known.ts";
import { shapeOf } from "../lower/nodes.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site } from "../lower/site.ts";
import type { Lowering, Table } from "./table.ts";

function simple(activation: ActivationKind, slope: (site: Site) => number = () => 0, offset: (site: Site) => number = () => 0): Lowering {
  return (site) => site.build.activation(site.item(0), { activation, slope: slope(site), offset: offset(site) });
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
    const axis = site.axis(site.int("axis", old ? 1 : -1), Math.max(1, shape.length));
    if (!old || axis === shape.length - 1) return site.build.softmax(site.item(0), axis, log);
    const rows = site.build.reshape(site.item(0), [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))]);
    return site.build.reshape(site.build.softmax(rows, 1, log), shape);
  };
}

/** x for x > 0, slope x below, where each channel may have its own slope. */
function prelu(site: Site): Item {
  const { build } = site;
  const x = site.item(0);
  const slope = site.item(1);
  if (slope instanceof Known && slope.size === 1) {
    return build.activation(x, { activation: "leaky_relu", slope: slope.numbers[0], offset: 0 });
  }
  const shape = shapeOf(x);
  const stretched = [...shape.map(() => 1), ...slope instanceof Known ? slope.shape : [0]].slice(-shape.length);
  if (slope instanceof Known && shape.length > 1 && stretched.every((n, i) => n === (i === 1 ? shape[1] : 1))) {
    const constant = build.constant(slope, { shape: [shape[1]] }, "slope");
    return build.flow(build.add({ kind: "prelu", slope: constant }, [build.value(x)], shape), x.type);
  }
  const below = build.binary("multiply", build.binary("minimum", x, build.scalar(0, x.type)), slope);
  return build.binary("add", build.activation(x, { activation: "relu", slope: 0, offset: 0 }), below);
}

/** With alpha 1, x sigmoid(alpha x) is SiLU. */
function swish(site: Site): Item {
  const { build } = site;
  const [x, alpha] = [site.item(0), site.float("alpha", site.node.type === "Swish" ? 1 : 1.702)];
  if (alpha === 1) return build.activation(x, { activation: "silu", slope: 0, offset: 0 });
  return build.binary(
    "multiply", x,
    build.activation(build.binary("multiply", x, build.scalar(alpha, x.type)), { activation: "sigmoid", slope: 0, offset: 0 }),
  );
}

export const activations: Table = {
  Relu: simple("relu"),
  LeakyRelu: simple("leaky_relu", (site) => site.float("alpha", 0.01)),
  PRelu: prelu,
  Elu: (site) => site.build.elu(site.item(0), site.float("alpha", 1)),
  Clip: (site) => site.build.clip(site.item(0), bound(site, 1, "min", -Infinity), bound(site, 2, "max", Infinity)),
  Sigmoid: simple("sigmoid"),
  Tanh: simple("tanh"),
  HardSigmoid: simple("hard_sigmoid", (site) => site.float("alpha", 0.2), (site) => site.float("beta", 0.5)),
  HardSwish: simple("hard_swish"),
  Swish: swish,
  "com.microsoft:QuickGelu": swish,
  Gelu: (site) => simple(site.text("approximate", "none") === "tanh" ? "gelu_tanh" : "gelu")(site),
  "com.microsoft:Gelu": simple("gelu"),
  Erf: (site) => site.build.unary(site.item(0), "erf"),
  Mish: (site) => site.build.unary(site.item(0), "mish"),
  Softplus: (site) => site.build.unary(site.item(0), "softplus"),
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
};

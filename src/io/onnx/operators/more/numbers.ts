/** Functions of numbers that few networks have, that runtimes join from others, or that stood in ONNX before opset 7. */
import type { ActivationKind } from "../../../../graph/graph.ts";
import type { Item } from "../../lower/nodes.ts";
import type { Lowering, Site, Table } from "../../lower/site.ts";
import { INT64 } from "../../read/types.ts";
import { activations, overRows, swish } from "../activations.ts";
import { arithmetic, many } from "../arithmetic.ts";
import { largest } from "./reductions.ts";

/** The activation of the sum with a second input, where there is one. */
function biased(activation: ActivationKind): Lowering {
  return (site, x) => site.activation(site.inputs[1] === undefined ? x : site.binary("add", x, site.item(1)), activation);
}

/** Before opset 7 the second input was laid along the first one's axes from `axis` on. */
function second(site: Site, { shape: { length: rank } }: Item): Item {
  const b = site.item(1);
  if (site.opset >= 7 || site.int("broadcast") === 0) return b;
  const behind = rank - b.shape.length - (site.node.attributes.has("axis") ? site.axis(rank) : rank - b.shape.length);
  return site.reshape(b, [...b.shape, ...new Array<number>(Math.max(0, behind)).fill(1)]);
}

function laid(name: string): Lowering {
  return (site, x) => site.lower(site.node, site.opset, [x, second(site, x)], arithmetic[name]);
}

export const numbers: Table = {
  ...Object.fromEntries("Add Sub Mul Div Pow Equal Less Greater And Or".split(" ").map((name) => [name, laid(name)])),
  Xor: (site, x) => site.binary("xor", x, second(site, x)),
  Mean: (site, x) => site.binary("divide", many("add")(site, x) as Item, site.inputs.length),
  Mod: (site, x) => site.binary(site.int("fmod") === 1 ? "remainder" : "modulo", x, site.item(1)),
  // Before opset 7 a slope of several numbers was one for each channel.
  PRelu: (site, x) => {
    const slope = site.item(1);
    const old = site.opset < 7 && slope.shape.length === 1;
    const laid = old ? site.reshape(slope, [...slope.shape, ...x.shape.slice(2).map(() => 1)]) : slope;
    return site.lower(site.node, 7, [x, laid], activations.PRelu);
  },
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
  "com.microsoft:QuickGelu": swish(1.702),
  "com.microsoft:Gelu": biased("gelu"),
  "com.microsoft:BiasGelu": biased("gelu"),
  "com.microsoft:FastGelu": biased("gelu_tanh"),
  // 1 where the largest is, of several the first.
  Hardmax: overRows((site, x, axis) => {
    const places = site.computed(INT64, x.shape.map((n, i) => (i === axis ? n : 1)), (out) => out.forEach((_, i) => void (out[i] = i)));
    return site.cast(site.binary("equal", largest(site, x, axis), places), x.type);
  }),
};

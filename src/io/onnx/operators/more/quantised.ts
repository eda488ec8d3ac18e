/**
 * Quantised operators, computed in float32 as what they mean: numbers are rounded and cut where the file says so, and the products and sums
 * between are those of whole numbers, or of real ones where the file has pairs of QuantizeLinear and DequantizeLinear (QDQ). Quantisers
 * leave ReLU and its kin out where the ends of the bytes do the same, so no pair may be dropped.
 */
import { Known } from "../../constants/known.ts";
import type { Item } from "../../lower/nodes.ts";
import type { Lowering, Site, Table } from "../../lower/site.ts";
import { FLOAT, INT32 } from "../../read/types.ts";
import { matrices } from "../matrices.ts";
import { allPoolings, convolve } from "./windows.ts";

const UINT8 = 2;
/** Ends of the types, by their numbers. */
const ends: Readonly<Record<number, readonly [number, number]>> = {
  [UINT8]: [0, 255], 3: [-128, 127], 4: [0, 65535], 5: [-32768, 32767], [INT32]: [-2147483648, 2147483647],
};

/** One number for all, or one for each index of an axis, as it is stretched over x. */
function along(site: Site, item: Item, { shape }: Item, axis: number): Item {
  const real = site.cast(item, FLOAT);
  if (item.shape.length > 1) site.cannot("in blocks");
  const [count = 1] = item.shape;
  return site.reshape(real, count === 1 ? [] : shape.map((_, i) => (i === axis ? count : 1)));
}

function isZero(item: Item | undefined): boolean {
  return item === undefined || (item instanceof Known && item.numbers.every((n: number) => n === 0));
}

/** x without its zero point. */
function centred(site: Site, x: Item, zero: Item | undefined, axis = 1): Item {
  const real = site.cast(x, FLOAT);
  return isZero(zero) ? real : site.binary("subtract", real, along(site, zero!, x, axis));
}

function dequantised(site: Site, x: Item, scale: Item, zero: Item | undefined, axis = 1): Item {
  return site.binary("multiply", centred(site, x, zero, axis), along(site, scale, x, axis));
}

/** Numbers that count steps, as whole ones of a type. */
function toSteps(site: Site, steps: Item, zero: Item | undefined, axis = 1, type = zero?.type ?? UINT8): Item {
  const [least, most] = ends[type] ?? site.cannot(`to numbers of type ${type}`);
  const whole = site.unary("round", steps);
  const moved = isZero(zero) ? whole : site.binary("add", whole, along(site, zero!, steps, axis));
  return ofType(site, site.map(moved, "clip", { least, most }), type);
}

/** Whole numbers already, of which type it is said. */
function ofType(site: Site, item: Item, type: number): Item {
  return item instanceof Known ? site.cast(item, type) : { ...item, type };
}

function quantised(site: Site, x: Item, scale: Item, zero: Item | undefined, axis = 1, type?: number): Item {
  return toSteps(site, site.binary("divide", x, along(site, scale, x, axis)), zero, axis, type);
}

/** The axis of scales. */
function axisOf(site: Site, { shape: { length } }: Item): number {
  if (site.int("block_size") > 0) site.cannot("in blocks");
  return length === 0 ? 0 : site.axis(length, length === 1 ? 0 : site.int("axis", 1));
}

/** [x, scale, zero] from input i on, as real numbers. */
function real(site: Site, i: number): Item {
  return dequantised(site, site.item(i), site.item(i + 1), site.inputs[i + 2]);
}

/** A function of the real number; scale and zero point of the result come after those of x. */
function ofReal(work: (site: Site, x: Item) => Item): Lowering {
  return (site) => quantised(site, work(site, real(site, 0)), site.item(3), site.inputs[4]);
}

function ofBoth(by: "add" | "multiply"): Lowering {
  return (site) => quantised(site, site.binary(by, real(site, 0), real(site, 3)), site.item(6), site.inputs[7]);
}

/** A pool of ONNX's own. */
function pooled(type: string): Lowering {
  return ofReal((site, x) => {
    if (site.int("channels_last") === 1) site.cannot("with channels last");
    return site.lower({ ...site.node, type }, 17, [x], allPoolings[type]) as Item;
  });
}

/** What steps of a product's sum are in steps of the result. */
function ratio(site: Site, x: Item, weight: Item, y: Item): Item {
  return site.binary("divide", site.binary("multiply", site.cast(x, FLOAT), site.cast(weight, FLOAT)), site.cast(y, FLOAT));
}

/** Sums of products of whole numbers. @param bias counts their steps */
function convolved(site: Site, x: Item, weight: Item, bias: Item | undefined): Item {
  return site.lower({ ...site.node, type: "Conv" }, 17, [x, weight, bias && site.cast(bias, FLOAT)], convolve) as Item;
}

function multiplied(site: Site, a: Item, b: Item): Item {
  return site.lower({ ...site.node, type: "MatMul" }, 17, [a, b], matrices.MatMul) as Item;
}

/** Zero points of a matrix's columns. */
function columns(site: Site, b: Item, zero: Item | undefined): Item {
  return centred(site, b, zero, b.shape.length - 1);
}

/** Scale and zero point of what the network computes, from its own ends. */
function dynamic(site: Site, x: Item): readonly Item[] {
  const end = (by: "min" | "max"): Item => (
    site.binary(by === "min" ? "minimum" : "maximum", site.reshape(site.reduce(by, x, x.shape.map((_, i) => i)), []), 0));
  const [least, most] = [end("min"), end("max")];
  const scale = site.binary("maximum", site.binary("divide", site.binary("subtract", most, least), 255), 1e-30);
  const zero = toSteps(site, site.binary("divide", site.unary("negative", least), scale), undefined);
  return [quantised(site, x, scale, zero), scale, zero];
}

function gemm(site: Site, a: Item): Item {
  const across = site.int("transB") === 1;
  const b = site.item(3);
  const product = site.lower(
    { ...site.node, type: "Gemm" }, 17, [centred(site, a, site.inputs[2]), centred(site, b, site.inputs[5], across ? 0 : 1)],
    matrices.Gemm,
  ) as Item;
  const sum = site.inputs[6] === undefined ? product : site.binary("add", product, site.cast(site.item(6), FLOAT));
  const scale = site.binary("multiply", site.cast(site.item(1), FLOAT), site.cast(site.item(4), FLOAT));
  const y = site.inputs[7];
  if (y === undefined) return site.binary("multiply", sum, along(site, scale, sum, 1));
  const factor = site.binary("divide", scale, site.cast(y, FLOAT));
  return toSteps(site, site.binary("multiply", sum, along(site, factor, sum, 1)), site.inputs[8]);
}

const pair: Table = {
  QuantizeLinear: (site, x) => {
    const axis = axisOf(site, x);
    const type = site.int("output_dtype");
    return quantised(site, site.cast(x, FLOAT), site.item(1), site.inputs[2], axis, site.inputs[2]?.type ?? (type > 0 ? type : UINT8));
  },
  DequantizeLinear: (site, x) => dequantised(site, x, site.item(1), site.inputs[2], axisOf(site, x)),
};

export const quantisations: Table = {
  ...pair,
  ...Object.fromEntries(Object.entries(pair).map(([name, lowering]) => [`com.microsoft:${name}`, lowering])),
  DynamicQuantizeLinear: dynamic,
  QLinearConv: (site, x) => {
    const weight = centred(site, site.item(3), site.inputs[5], 0);
    const sum = convolved(site, centred(site, x, site.inputs[2]), weight, site.inputs[8]);
    const factor = along(site, ratio(site, site.item(1), site.item(4), site.item(6)), sum, 1);
    return toSteps(site, site.binary("multiply", sum, factor), site.inputs[7]);
  },
  ConvInteger: (site, x) => {
    const weight = centred(site, site.item(1), site.inputs[3], 0);
    return ofType(site, convolved(site, centred(site, x, site.inputs[2]), weight, undefined), INT32);
  },
  QLinearMatMul: (site, a) => {
    const sum = multiplied(site, centred(site, a, site.inputs[2], a.shape.length - 2), columns(site, site.item(3), site.inputs[5]));
    const factor = along(site, ratio(site, site.item(1), site.item(4), site.item(6)), sum, sum.shape.length - 1);
    return toSteps(site, site.binary("multiply", sum, factor), site.inputs[7]);
  },
  MatMulInteger: (site, a) => {
    const b = columns(site, site.item(1), site.inputs[3]);
    return ofType(site, multiplied(site, centred(site, a, site.inputs[2], a.shape.length - 2), b), INT32);
  },
  "com.microsoft:QLinearAdd": ofBoth("add"),
  "com.microsoft:QLinearMul": ofBoth("multiply"),
  "com.microsoft:QLinearSigmoid": ofReal((site, x) => site.activation(x, "sigmoid")),
  "com.microsoft:QLinearLeakyRelu": ofReal((site, x) => site.activation(x, "leaky_relu", site.float("alpha", 0.01))),
  "com.microsoft:QLinearGlobalAveragePool": pooled("GlobalAveragePool"),
  "com.microsoft:QLinearAveragePool": pooled("AveragePool"),
  "com.microsoft:QLinearConcat": (site, scale) => {
    const count = (site.inputs.length - 2) / 3;
    if (!(Number.isInteger(count) && count >= 1)) site.wrong(`wants three inputs for each part, got ${site.inputs.length - 2}`);
    const parts = Array.from({ length: count }, (_, i) => real(site, 2 + 3 * i));
    return quantised(site, site.concat(parts, site.axis(parts[0].shape.length)), scale, site.inputs[1]);
  },
  "com.microsoft:QGemm": gemm,
};

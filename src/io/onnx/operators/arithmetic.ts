/** Sums, products and their kin, number by number. */
import type { BinaryFunction, UnaryFunction } from "../../../graph/graph.ts";
import { elementTypes, isFloat, typeName } from "../read/types.ts";
import { Known } from "../constants/known.ts";
import { shapeOf } from "../lower/nodes.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site } from "../lower/site.ts";
import type { Lowering, Table } from "./table.ts";

/** Before opset 7 the second input was laid along the first one's axes from `axis` on. */
function second(site: Site): Item {
  const b = site.item(1);
  if (site.opset >= 7 || site.int("broadcast", 0) === 0) return b;
  const [own, rank] = [shapeOf(b), site.shape(0).length];
  const axis = site.node.attributes.has("axis") ? site.axis(rank) : rank - own.length;
  return site.reshape(b, [...own, ...new Array<number>(Math.max(0, rank - own.length - axis)).fill(1)]);
}

function both(by: BinaryFunction): Lowering {
  return (site) => {
    const [a, b] = [site.item(0), second(site)];
    if (by === "divide" && !isFloat(a.type)) {
      if (b instanceof Known && b.numbers.includes(0)) site.wrong("divides a whole number by 0");
      if (!(a instanceof Known && b instanceof Known)) return site.unary(site.binary(by, a, b), "truncate");
    }
    return site.binary(by, a, b);
  };
}

/** Of any number of inputs. */
function many(by: BinaryFunction): Lowering {
  return (site) => site.all().reduce((sum, item) => site.binary(by, sum, item));
}

function cast(site: Site, type: number): Item {
  if (elementTypes[type] === undefined) site.cannot(`to ${typeName(type)}`);
  if (elementTypes[site.item(0).type] === undefined) site.cannot(`from ${typeName(site.item(0).type)}`);
  return site.cast(site.item(0), type);
}

const units: Readonly<Record<string, UnaryFunction>> = {
  Sqrt: "sqrt", Exp: "exp", Log: "log", Abs: "abs", Neg: "negative", Reciprocal: "reciprocal", Ceil: "ceil", Floor: "floor", Round: "round",
  Sign: "sign", Not: "not",
};

const pairs: Readonly<Record<string, BinaryFunction>> = {
  Add: "add", Sub: "subtract", Mul: "multiply", Div: "divide", Pow: "power", Equal: "equal", Less: "less", LessOrEqual: "less_or_equal",
  Greater: "greater",
  GreaterOrEqual: "greater_or_equal", And: "and", Or: "or", Xor: "xor",
};

export const arithmetic: Table = {
  ...Object.fromEntries(
    Object.entries(units).map(([name, by]): [string, Lowering] => [name, (site) => site.unary(site.item(0), by)]),
  ),
  ...Object.fromEntries(Object.entries(pairs).map(([name, by]) => [name, both(by)])),
  Min: many("minimum"),
  Max: many("maximum"),
  Sum: many("add"),
  Mean: (site) => site.binary("divide", many("add")(site) as Item, site.scalar(site.inputs.length, site.item(0).type)),
  Mod: (site) => site.binary(site.int("fmod", 0) === 1 ? "remainder" : "modulo", site.item(0), site.item(1)),
  Where: (site) => site.select(site.item(0), site.item(1), site.item(2)),
  Cast: (site) => cast(site, site.int("to", 0)),
  CastLike: (site) => cast(site, site.item(1).type),
};

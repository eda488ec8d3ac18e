/** Sums, products and their kin, number by number. */
import type { BinaryFunction, UnaryFunction } from "../../../graph/graph.ts";
import { elementTypes, isFloat, typeName } from "../read/types.ts";
import { Known } from "../constants/known.ts";
import type { Item } from "../lower/nodes.ts";
import type { Lowering, Site, Table } from "../lower/site.ts";

/** Before opset 7 the second input was laid along the first one's axes from `axis` on. */
function second(site: Site, { shape: { length: rank } }: Item): Item {
  const b = site.item(1);
  if (site.opset >= 7 || site.int("broadcast") === 0) return b;
  const behind = rank - b.shape.length - (site.node.attributes.has("axis") ? site.axis(rank) : rank - b.shape.length);
  return site.reshape(b, [...b.shape, ...new Array<number>(Math.max(0, behind)).fill(1)]);
}

function both(by: BinaryFunction): Lowering {
  return (site, a) => {
    const b = second(site, a);
    const y = site.binary(by, a, b);
    if (by !== "divide" || isFloat(a.type)) return y;
    if (b instanceof Known && b.numbers.includes(0)) site.wrong("divides a whole number by 0");
    return y instanceof Known ? y : site.unary("truncate", y);
  };
}

/** Of any number of inputs. */
function many(by: BinaryFunction): Lowering {
  return (site) => site.all().reduce((sum, item) => site.binary(by, sum, item));
}

function cast(site: Site, x: Item, type: number): Item {
  for (const each of [type, x.type]) if (elementTypes[each] === undefined) site.cannot(`of ${typeName(x.type)} to ${typeName(type)}`);
  return site.cast(x, type);
}

/** Operators that are functions by another name: their names in the order of the functions'. */
function table<By>(operators: string, functions: string, lowering: (by: By) => Lowering): Table {
  const names = functions.split(" ") as By[];
  return Object.fromEntries(operators.split(" ").map((operator, i) => [operator, lowering(names[i])]));
}

export const arithmetic: Table = {
  ...table<UnaryFunction>(
    "Sqrt Exp Log Abs Neg Reciprocal Ceil Floor Round Sign Not",
    "sqrt exp log abs negative reciprocal ceil floor round sign not",
    (by) => (site, x) => site.unary(by, x),
  ),
  ...table<BinaryFunction>(
    "Add Sub Mul Div Pow Equal Less LessOrEqual Greater GreaterOrEqual And Or Xor",
    "add subtract multiply divide power equal less less_or_equal greater greater_or_equal and or xor",
    both,
  ),
  ...table<BinaryFunction>("Min Max Sum", "minimum maximum add", many),
  Mean: (site, x) => site.binary("divide", many("add")(site, x) as Item, site.inputs.length),
  Mod: (site, x) => site.binary(site.int("fmod") === 1 ? "remainder" : "modulo", x, site.item(1)),
  Where: (site, x) => site.select(x, site.item(1), site.item(2)),
  Cast: (site, x) => cast(site, x, site.int("to")),
  CastLike: (site, x) => cast(site, x, site.item(1).type),
};

/** Sums, products and their kin, number by number. */
import type { BinaryFunction, UnaryFunction } from "../../../graph/graph.ts";
import { elementTypes, isFloat, typeName } from "../read/types.ts";
import { Known } from "../constants/known.ts";
import type { Item } from "../lower/nodes.ts";
import { renamed } from "../lower/site.ts";
import type { Lowering, Site, Table } from "../lower/site.ts";

function both(by: BinaryFunction): Lowering {
  return (site, a) => {
    const b = site.item(1);
    const y = site.binary(by, a, b);
    if (by !== "divide" || isFloat(a.type)) return y;
    if (b instanceof Known && b.numbers.includes(0)) site.wrong("divides a whole number by 0");
    return y instanceof Known ? y : site.unary("truncate", y);
  };
}

/** Of any number of inputs. */
export function many(by: BinaryFunction): Lowering {
  return (site) => site.all().reduce((sum, item) => site.binary(by, sum, item));
}

function cast(site: Site, x: Item, type: number): Item {
  for (const each of [type, x.type]) if (elementTypes[each] === undefined) site.cannot(`of ${typeName(x.type)} to ${typeName(type)}`);
  return site.cast(x, type);
}

export const arithmetic: Table = {
  ...renamed<UnaryFunction>(
    "Sqrt sqrt Exp exp Log log Abs abs Neg negative Reciprocal reciprocal Ceil ceil Floor floor Round round Sign sign Not not " +
    "Erf erf Mish mish Softplus softplus",
    (by) => (site, x) => site.unary(by, x),
  ),
  ...renamed<BinaryFunction>(
    "Add add Sub subtract Mul multiply Div divide Pow power Equal equal Less less LessOrEqual less_or_equal Greater greater " +
    "GreaterOrEqual greater_or_equal And and Or or",
    both,
  ),
  ...renamed<BinaryFunction>("Min minimum Max maximum Sum add", many),
  Where: (site, x) => site.select(x, site.item(1), site.item(2)),
  Cast: (site, x) => cast(site, x, site.int("to")),
  CastLike: (site, x) => cast(site, x, site.item(1).type),
};

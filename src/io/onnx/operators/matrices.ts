/** Products of matrices. */
import { showShape, sizeOf } from "../../../tensor.ts";
import { Known } from "../constants/known.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site, Table } from "../lower/site.ts";
import { isFloat } from "../read/types.ts";

/** [rows,columns] as [columns,rows]. */
function turned(rows: number, columns: number): (numbers: ArrayLike<number>) => Float32Array {
  return (numbers) => {
    const out = new Float32Array(rows * columns);
    for (let i = 0, at = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = numbers[at++];
    return out;
  };
}

/** x [rows, in] times a known matrix, plus a known row. @param across is the matrix [out, in]? else it is [in, out] */
function linear(site: Site, x: Item, matrix: Known, across: boolean, bias?: Known): Item {
  const [rows, columns] = matrix.shape;
  const layout = across ? { shape: matrix.shape } : {
    shape: [columns, rows], suffix: "transposed", from: turned(rows, columns), back: turned(columns, rows),
  };
  const outputs = layout.shape[0];
  return site.operate({
    kind: "linear", weight: site.constant(matrix, "weight", layout), bias: bias && site.constant(bias, "bias", { shape: [outputs] }),
  }, [x], [x.shape[0], outputs]);
}

/** x times y, matrices or stacks of them. */
function product(site: Site, x: Item, y: Item): Item {
  const inner = x.shape[x.shape.length - 1];
  if (inner !== y.shape[y.shape.length - 2]) site.wrong(`multiplies ${showShape(x.shape)} by ${showShape(y.shape)}`);
  return site.run("matrix_product", {}, [x, y]);
}

/** Has a kernel of its own: x times a matrix of the file. */
function isLinear(x: Item, y: Item): y is Known {
  return y instanceof Known && y.shape.length === 2 && isFloat(y.type) && !(x instanceof Known);
}

function gemm(site: Site, x: Item): Item {
  const [alpha, beta] = [site.float("alpha", 1), site.float("beta", 1)];
  const across = site.int("transB") === 1;
  const matrix = site.item(1);
  site.rank(x, 2);
  const [rows, columns] = site.rank(matrix, 2);
  const a = site.int("transA") === 1 ? site.transpose(x, [1, 0]) : x;
  const outputs = across ? rows : columns;
  // In a node of its own: of weights that are stored otherwise than they stand in the file, gradients would be others too.
  const scaled = (item: Item, factor: number): Item => (
    factor === 1 ? item : site.operate({ kind: "binary", by: "multiply" }, [item, site.number(factor, item)], item.shape)
  );
  const c = beta === 0 ? undefined : site.inputs[2];
  const fits = isLinear(a, matrix) && a.shape[1] === (across ? columns : rows);
  const row = fits && beta === 1 && c instanceof Known && c.size === outputs && c.shape.at(-1) === outputs ? c : undefined;
  const y = fits
    ? linear(site, scaled(a, alpha), matrix, across, row)
    : product(site, scaled(a, alpha), across ? site.transpose(matrix, [1, 0]) : matrix);
  return c === undefined || row !== undefined ? y : site.binary("add", y, scaled(c, beta));
}

export function matmul(site: Site, x: Item, y: Item): Item {
  // Rows without matrices: a dimension comes and goes.
  const [row, column] = [x.shape.length === 1, y.shape.length === 1];
  const a = row ? site.reshape(x, [1, ...x.shape]) : x;
  const b = column ? site.reshape(y, [...y.shape, 1]) : y;
  const [front, inner] = [a.shape.slice(0, -1), a.shape[a.shape.length - 1]];
  const all = isLinear(a, b) && inner === b.shape[0]
    ? site.reshape(linear(site, site.reshape(a, [sizeOf(front), inner]), b, false), [...front, b.shape[1]])
    : product(site, a, b);
  return site.reshape(all, [...all.shape.slice(0, -2), ...(row ? [] : all.shape.slice(-2, -1)), ...(column ? [] : all.shape.slice(-1))]);
}

export const matrices: Table = {
  Gemm: gemm,
  MatMul: (site, x) => matmul(site, x, site.item(1)),
};

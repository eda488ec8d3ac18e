/** Products of matrices. */
import { showShape } from "../../../tensor.ts";
import { Known } from "../constants/known.ts";
import type { Item } from "../lower/nodes.ts";
import { shapeOf } from "../lower/nodes.ts";
import type { Site } from "../lower/site.ts";
import { FLOAT, isFloat } from "../read/types.ts";
import { withActivation } from "./convolution.ts";
import type { Table } from "./table.ts";

/** [rows,columns] as [columns,rows], every number times a factor. */
function turned(numbers: ArrayLike<number>, rows: number, columns: number, factor = 1): Float32Array {
  const out = new Float32Array(rows * columns);
  for (let i = 0, at = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = factor * numbers[at++];
  return out;
}

/** x [rows, in] times a known matrix, plus a known row. @param across is the matrix [out, in]? else it is [in, out] */
function linear(site: Site, x: Item, matrix: Known, across: boolean, bias: Known | undefined, alpha = 1, beta = 1): Item {
  const [rows, columns] = matrix.shape;
  const [outputs, inputs] = across ? [rows, columns] : [columns, rows];
  const scaled = (factor: number) => (
    factor === 1
      ? {}
      : {
        from: (n: ArrayLike<number>) => Float32Array.from(n, (v) => v * factor),
        back: (n: ArrayLike<number>) => Float32Array.from(n, (v) => v / factor),
      }
  );
  const layout = across ? scaled(alpha) : {
    suffix: "transposed", from: (n: ArrayLike<number>) => turned(n, rows, columns, alpha),
    back: (n: ArrayLike<number>) => turned(n, columns, rows, 1 / alpha),
  };
  const [batch] = shapeOf(x);
  const value = site.add(
    {
      kind: "linear", weight: site.constant(matrix, { shape: [outputs, inputs], ...layout }, "weight"),
      bias: bias && site.constant(bias, { shape: [outputs], ...scaled(beta) }, "bias"),
    },
    [site.value(x)], [batch, outputs]);
  return site.flow(value, x.type);
}

function gemm(site: Site): Item {
  const [alpha, beta] = [site.float("alpha", 1), site.float("beta", 1)];
  const across = site.int("transB", 0) === 1;
  let a = site.item(0);
  site.rank(0, 2);
  site.rank(1, 2);
  if (site.int("transA", 0) === 1) a = site.transpose(a, [1, 0]);
  const matrix = site.item(1);
  const c = site.has(2) && beta !== 0 ? site.item(2) : undefined;
  const [inputs, outputs] = across ? [shapeOf(matrix)[1], shapeOf(matrix)[0]] : shapeOf(matrix);
  if (shapeOf(a)[1] !== inputs) {
    site.wrong(`multiplies ${showShape(shapeOf(a))} by ${showShape(shapeOf(matrix))}${across ? ", transposed" : ""}`);
  }
  const known = matrix instanceof Known && isFloat(matrix.type) && !(a instanceof Known) && alpha !== 0;
  const row = c instanceof Known && c.size === outputs && c.shape.at(-1) === outputs && known ? c : undefined;
  const product = known
    ? linear(site, a, matrix, across, row, alpha, beta)
    : scale(site, site.matmul(a, across ? site.transpose(matrix, [1, 0]) : matrix), alpha);
  return c === undefined || row !== undefined ? product : site.binary("add", product, scale(site, c, beta));
}

function scale(site: Site, x: Item, factor: number): Item {
  return factor === 1 ? x : site.binary("multiply", x, site.scalar(factor, FLOAT));
}

function matmul(site: Site): Item {
  const [left, right] = [site.shape(0), site.shape(1)];
  // Rows without matrices: a dimension comes and goes.
  const a = left.length === 1 ? site.reshape(site.item(0), [1, ...left]) : site.item(0);
  const b = right.length === 1 ? site.reshape(site.item(1), [...right, 1]) : site.item(1);
  const all = product(site, a, b);
  const shape = shapeOf(all);
  const rows = left.length === 1 ? [] : shape.slice(-2, -1);
  return site.reshape(all, [...shape.slice(0, -2), ...rows, ...(right.length === 1 ? [] : shape.slice(-1))]);
}

function product(site: Site, a: Item, b: Item): Item {
  const [left, right] = [shapeOf(a), shapeOf(b)];
  const inner = left[left.length - 1];
  if (inner !== right[right.length - 2]) site.wrong(`multiplies ${showShape(left)} by ${showShape(right)}`);
  if (!(b instanceof Known && right.length === 2 && isFloat(b.type)) || a instanceof Known) return site.matmul(a, b);
  const rows = site.reshape(a, [left.slice(0, -1).reduce((n, size) => n * size, 1), inner]);
  return site.reshape(linear(site, rows, b, false, undefined), [...left.slice(0, -1), right[1]]);
}

export const matrices: Table = {
  Gemm: gemm,
  MatMul: matmul,
  "com.microsoft:FusedGemm": (site) => withActivation(site, gemm(site)),
};

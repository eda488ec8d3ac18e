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
function linear({ build }: Site, x: Item, matrix: Known, across: boolean, bias: Known | undefined, alpha = 1, beta = 1): Item {
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
  const value = build.add(
    {
      kind: "linear", weight: build.constant(matrix, { shape: [outputs, inputs], ...layout }, "weight"),
      bias: bias && build.constant(bias, { shape: [outputs], ...scaled(beta) }, "bias"),
    },
    [build.value(x)], [batch, outputs]);
  return build.flow(value, x.type);
}

function gemm(site: Site): Item {
  const { build } = site;
  const [alpha, beta] = [site.float("alpha", 1), site.float("beta", 1)];
  const across = site.int("transB", 0) === 1;
  let a = site.item(0);
  site.rank(0, 2);
  site.rank(1, 2);
  if (site.int("transA", 0) === 1) a = build.transpose(a, [1, 0]);
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
    : scale(site, build.matmul(a, across ? build.transpose(matrix, [1, 0]) : matrix), alpha);
  return c === undefined || row !== undefined ? product : build.binary("add", product, scale(site, c, beta));
}

function scale({ build }: Site, x: Item, factor: number): Item {
  return factor === 1 ? x : build.binary("multiply", x, build.scalar(factor, FLOAT));
}

function matmul(site: Site): Item {
  const { build } = site;
  const [a, b] = [site.item(0), site.item(1)];
  const [left, right] = [shapeOf(a), shapeOf(b)];
  if (left.length === 0 || right.length === 0) site.wrong(`multiplies ${showShape(left)} by ${showShape(right)}`);
  // Rows without matrices: a dimension comes and goes.
  if (left.length === 1) return build.reshape(product(site, build.reshape(a, [1, ...left]), b), right.slice(0, -2).concat(right.slice(-1)));
  if (right.length === 1) return build.reshape(product(site, a, build.reshape(b, [...right, 1])), left.slice(0, -1));
  return product(site, a, b);
}

function product(site: Site, a: Item, b: Item): Item {
  const { build } = site;
  const [left, right] = [shapeOf(a), shapeOf(b)];
  const inner = left[left.length - 1];
  if (inner !== right[right.length - 2]) site.wrong(`multiplies ${showShape(left)} by ${showShape(right)}`);
  if (!(b instanceof Known && right.length === 2 && isFloat(b.type)) || a instanceof Known) return build.matmul(a, b);
  const rows = build.reshape(a, [left.slice(0, -1).reduce((n, size) => n * size, 1), inner]);
  return build.reshape(linear(site, rows, b, false, undefined), [...left.slice(0, -1), right[1]]);
}

export const matrices: Table = {
  Gemm: gemm,
  MatMul: matmul,
  "com.microsoft:FusedGemm": (site) => withActivation(site, gemm(site)),
};

/** Products of matrices. */
import { showShape, sizeOf } from "../../../tensor.ts";
import { Known } from "../constants/known.ts";
import type { Item } from "../lower/nodes.ts";
import type { Site, Table } from "../lower/site.ts";
import { isFloat } from "../read/types.ts";
import { withActivation } from "./convolution.ts";

/** [rows,columns] as [columns,rows], every number times a factor. */
function turned(numbers: ArrayLike<number>, rows: number, columns: number, factor: number): Float32Array {
  const out = new Float32Array(rows * columns);
  for (let i = 0, at = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = factor * numbers[at++];
  return out;
}

/** x [rows, in] times a known matrix, plus a known row. @param across is the matrix [out, in]? else it is [in, out] */
function linear(site: Site, x: Item, matrix: Known, across: boolean, bias?: Known, alpha = 1, beta = 1): Item {
  const [rows, columns] = matrix.shape;
  const scaled = (factor: number, suffix: string, [n, m]: readonly [number, number]) => (
    factor === 1 && n === 1
      ? {}
      : {
        suffix, from: (numbers: ArrayLike<number>) => turned(numbers, n, m, factor),
        back: (numbers: ArrayLike<number>) => turned(numbers, m, n, 1 / factor),
      }
  );
  // A row that is turned stays as it is.
  const layout = across ? scaled(alpha, "", [1, rows * columns]) : scaled(alpha, "transposed", [rows, columns]);
  const outputs = across ? rows : columns;
  return site.operate({
    kind: "linear", weight: site.constant(matrix, "weight", { shape: across ? matrix.shape : [columns, rows], ...layout }),
    bias: bias && site.constant(bias, "bias", { shape: [outputs], ...scaled(beta, "", [1, outputs]) }),
  }, [x], [x.shape[0], outputs]);
}

/** x times y, matrices or stacks of them. @param across is y turned? */
function product(site: Site, x: Item, y: Item, across: boolean = false): Item {
  const b = across ? site.transpose(y, [1, 0]) : y;
  const inner = x.shape[x.shape.length - 1];
  if (inner !== b.shape[b.shape.length - 2]) site.wrong(`multiplies ${showShape(x.shape)} by ${showShape(b.shape)}`);
  return site.matmul(x, b);
}

/** Has a kernel of its own: x times a matrix of the file. */
function isLinear(x: Item, y: Item): y is Known {
  return y instanceof Known && y.shape.length === 2 && isFloat(y.type) && !(x instanceof Known);
}

function gemm(site: Site, x: Item): Item {
  const [alpha, beta] = [site.float("alpha", 1), site.float("beta", 1)];
  const across = site.int("transB") === 1;
  const matrix = site.item(1);
  const c = beta === 0 ? undefined : site.inputs[2];
  site.rank(x, 2);
  const [rows, columns] = site.rank(matrix, 2);
  const a = site.int("transA") === 1 ? site.transpose(x, [1, 0]) : x;
  const outputs = across ? rows : columns;
  const fits = a.shape[1] === (across ? columns : rows) && isLinear(a, matrix) && alpha !== 0;
  const row = c instanceof Known && c.size === outputs && c.shape.at(-1) === outputs && fits ? c : undefined;
  const scaled = (item: Item, factor: number): Item => (factor === 1 ? item : site.binary("multiply", item, factor));
  const y = fits ? linear(site, a, matrix as Known, across, row, alpha, beta) : scaled(product(site, a, matrix, across), alpha);
  return c === undefined || row !== undefined ? y : site.binary("add", y, scaled(c, beta));
}

function matmul(site: Site, x: Item, y: Item): Item {
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
  "com.microsoft:FusedMatMul": (site, x) => {
    if (site.int("transBatchA") + site.int("transBatchB") > 0) site.cannot("with transposed batches");
    const turned = (item: Item, name: string): Item => {
      const order = site.axes(item.shape.length);
      const last = order.splice(-2);
      return site.transpose(item, [...order, ...site.int(name) === 0 ? last : last.reverse()]);
    };
    const alpha = site.float("alpha", 1);
    const y = matmul(site, turned(x, "transA"), turned(site.item(1), "transB"));
    return alpha === 1 ? y : site.binary("multiply", y, alpha);
  },
  "com.microsoft:FusedGemm": (site, x) => withActivation(site, gemm(site, x)),
};

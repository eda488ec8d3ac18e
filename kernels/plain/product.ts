/**
 * A matrix product on tiles (tile.ts): out[i, j] = start[i] + sum over k of a[i, k] * b[j, k], or out += it. Each matrix says
 * how far apart its rows and its elements lie, so that transposing costs nothing but the packing.
 */
import { COLUMNS, DEPTH } from "../scratch.ts";
import type { Floats } from "../shapes.ts";
import { tile } from "./tile.ts";

export interface Matrix {
  readonly data: Floats;
  readonly row: number;
  readonly step: number;
}

/** Doubles in a block of columns. */
const BLOCK = 131072;

/** `depth` is at most DEPTH. Without `start`, out accumulates. */
export function product(
  out: Matrix, a: Matrix, b: Matrix, rows: number, columns: number, depth: number, start: Floats | null, accumulate: boolean,
): void {
  const room = Math.min(COLUMNS, 3 * Math.floor(DEPTH / depth), Math.max(48, 3 * Math.floor(BLOCK / depth / 3)));
  const block = 3 * Math.ceil(columns / Math.ceil(columns / room) / 3);
  for (let first = 0; first < columns; first += block) {
    const some = Math.min(block, columns - first);
    for (let j = 0; j < some; j += 3) {
      const j0 = first + j;
      const j1 = Math.min(j0 + 1, columns - 1);
      const j2 = Math.min(j0 + 2, columns - 1);
      tile.setColumn(j, j0 * out.step, 0);
      tile.setColumn(j + 1, j1 * out.step, 0);
      tile.setColumn(j + 2, j2 * out.step, 0);
      tile.packB(b.data, j0 * b.row, j1 * b.row, j2 * b.row, b.step, (j / 3) * depth, depth);
    }
    for (let i0 = 0; i0 < rows; i0 += 3) {
      const i1 = Math.min(i0 + 1, rows - 1);
      const i2 = Math.min(i0 + 2, rows - 1);
      tile.packA(a.data, i0 * a.row, i1 * a.row, i2 * a.row, a.step, 0, depth);
      if (start === null) tile.startFrom(0, 0, 0);
      else tile.startFrom(start[i0], start[i1], start[i2]);
      for (let j = 0, q = 0; j < some; j += 3, q += depth) {
        tile.multiply(q, depth);
        if (accumulate) tile.add(out.data, i0 * out.row, i1 * out.row, i2 * out.row, j);
        else tile.put(out.data, i0 * out.row, i1 * out.row, i2 * out.row, j);
      }
    }
  }
}

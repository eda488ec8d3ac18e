/**
 * The inner loop of everything dense: C += A * B, three rows by three columns at a time, from operands that lie packed in a
 * store of this module's own; and the functions that pack into it and take results out.
 *
 *   A0 A1 A2   three rows of A, each `depth` long
 *   B0 B1 B2   columns of B in panels of three: column 3 * panel + i is at Bi[panel * depth ...]
 *   D          a piece of an image as doubles, with its padding written out as zeros
 *   T          nine sums a tile starts from, then nine that came out, row by row
 *   offsets    where each column of the packed block belongs in the output; origins: where it comes from
 *
 * What makes it fast, all measured on Node 20 (V8 11.3), inner loop alone, best of many, in GFLOP/s:
 * - Rows and columns in arrays of their own, one index for each three: 2 bounds checks for 6 loads, not 6.
 * - The arrays are constants of a closure: V8 then knows address and length. Passed as arguments (4.7), exported, or turned into
 *   a `var` by a bundler, they cost checks of map and length and a sum of two addresses at every access. Each function
 *   binds them to variables of its own outside its loops; inside, V8 may see too late that they are constant (packing took 3.6
 *   times as long).
 * - `| 0` on every number that a loop moves: otherwise it can stay a tagged number, shifted back and forth in every round.
 * - No more sums than registers. V8 before 13 puts all loads of a straight piece of code first, then all products, then all
 *   sums, and a sum that lives in memory costs 12 cycles a round. A tile of 3x2 fits as it is: 7.4; of 3x3 and 4x4: 4.1 and
 *   3.9. Two exits that are never taken cut 3x3 into pieces that fit: 8.1 (Node 24: 8.6 against 8.2 for 3x2; Bun: 10.7
 *   against 9.3). 2x4 in two pieces: 7.1; 3x4: 6.3; unrolled twice: 5 and less.
 * - Sums in double: Math.fround after each operation takes 2.2.
 *
 * A tile that hangs over the edge repeats its last row or column: it computes and writes the same number twice, and nothing
 * needs to know how many are real.
 */
import { COLUMNS, DEPTH, PATCH } from "../scratch.ts";
import type { Scratch } from "../scratch.ts";
import type { Floats } from "../shapes.ts";

export interface Tile {
  /** T[9..17] = T[0..8] + the first `depth` of the rows in A times the panel that begins at `panel` in B. */
  multiply(panel: number, depth: number): void;
  /** What each row's sums start from. */
  startFrom(row0: number, row1: number, row2: number): void;
  /** Sums that go on from where `keepSums` left them. */
  resumeSums(scratch: Scratch, at: number): void;
  keepSums(scratch: Scratch, at: number): void;
  /** y = the tile, whose rows begin at row0, row1, row2 and whose columns' offsets begin at `column`. */
  put(y: Floats, row0: number, row1: number, row2: number, column: number): void;
  /** y += the tile. All loads come before all stores: a repeated row or column must not be added twice. */
  add(y: Floats, row0: number, row1: number, row2: number, column: number): void;
  setColumn(column: number, offset: number, origin: number): void;
  repeatColumn(column: number): void;
  /** A[q + k] = x[row + k * step] for k below `count`, for the three rows. */
  packA(x: Floats, row0: number, row1: number, row2: number, step: number, q: number, count: number): void;
  /** The three rows of A from weights: channel by channel, tap row by tap row, tap by tap, each so many elements apart. */
  packTaps(
    x: Floats, row0: number, row1: number, row2: number, channels: number, plane: number, rows: number, rowStep: number, taps: number,
    step: number,
  ): void;
  /** B[q + k] = x[column + k * step] for k below `count`, for three columns. */
  packB(x: Floats, column0: number, column1: number, column2: number, step: number, q: number, count: number): void;
  /** The panel at q from windows of one pixel: x[origin + c * plane] for three columns. */
  packPoints(x: Floats, column: number, q: number, channels: number, plane: number): void;
  /** D[d ...] = `zeros` zeros, `count` values of x from `from` on, and zeros up to `width`: one row of a padded image. */
  packRow(x: Floats, d: number, from: number, zeros: number, count: number, width: number): void;
  /**
   * Three columns of B from the windows of D that begin at their origins: channel by channel (`plane` apart), tap row by tap
   * row (`rowStep` apart), tap by tap (`step` apart).
   */
  packWindows(q: number, column: number, channels: number, plane: number, rows: number, rowStep: number, taps: number, step: number): void;
  /**
   * Three columns of B from D: column i is made of `rows` runs, `rowStep` apart, of `count` values, `step` apart, and begins at
   * its origin moved by `move`.
   */
  packRuns(q: number, column: number, move: number, rows: number, rowStep: number, count: number, step: number): void;
}

function createTile(): Tile {
  // Staggered by a few cache lines, so that one index does not fall on one cache set in all of them.
  const pitch = DEPTH * 8 + 704;
  const store = new ArrayBuffer(6 * pitch);
  const A0 = new Float64Array(store, 0, DEPTH);
  const A1 = new Float64Array(store, pitch, DEPTH);
  const A2 = new Float64Array(store, 2 * pitch, DEPTH);
  const B0 = new Float64Array(store, 3 * pitch, DEPTH);
  const B1 = new Float64Array(store, 4 * pitch, DEPTH);
  const B2 = new Float64Array(store, 5 * pitch, DEPTH);
  const D = new Float64Array(PATCH);
  const T = new Float64Array(18);
  const offsets = new Int32Array(COLUMNS);
  const origins = new Int32Array(COLUMNS);

  function multiply(panel: number, depth: number): void {
    const rowA = A0;
    const rowB = A1;
    const rowC = A2;
    const columnA = B0;
    const columnB = B1;
    const columnC = B2;
    panel = panel | 0;
    depth = depth | 0;
    let c00 = T[0];
    let c01 = T[1];
    let c02 = T[2];
    let c10 = T[3];
    let c11 = T[4];
    let c12 = T[5];
    let c20 = T[6];
    let c21 = T[7];
    let c22 = T[8];
    for (let k = 0; k < depth; k = (k + 1) | 0) {
      const q = (panel + k) | 0;
      const a0 = rowA[k];
      const a1 = rowB[k];
      const a2 = rowC[k];
      const b0 = columnA[q];
      c00 += a0 * b0;
      c10 += a1 * b0;
      c20 += a2 * b0;
      // Never true; see above. (Two different questions: the compiler drops one that it has asked.)
      if (k === depth) break;
      const b1 = columnB[q];
      c01 += a0 * b1;
      c11 += a1 * b1;
      c21 += a2 * b1;
      if (k > depth) break;
      const b2 = columnC[q];
      c02 += a0 * b2;
      c12 += a1 * b2;
      c22 += a2 * b2;
    }
    T[9] = c00;
    T[10] = c01;
    T[11] = c02;
    T[12] = c10;
    T[13] = c11;
    T[14] = c12;
    T[15] = c20;
    T[16] = c21;
    T[17] = c22;
  }

  function startFrom(row0: number, row1: number, row2: number): void {
    T[0] = T[1] = T[2] = row0;
    T[3] = T[4] = T[5] = row1;
    T[6] = T[7] = T[8] = row2;
  }

  function resumeSums(scratch: Scratch, at: number): void {
    for (let i = 0; i < 9; i++) T[i] = scratch[at + i];
  }

  function keepSums(scratch: Scratch, at: number): void {
    for (let i = 0; i < 9; i++) scratch[at + i] = T[9 + i];
  }

  function put(y: Floats, row0: number, row1: number, row2: number, column: number): void {
    const d0 = offsets[column];
    const d1 = offsets[column + 1];
    const d2 = offsets[column + 2];
    y[row0 + d0] = T[9];
    y[row0 + d1] = T[10];
    y[row0 + d2] = T[11];
    y[row1 + d0] = T[12];
    y[row1 + d1] = T[13];
    y[row1 + d2] = T[14];
    y[row2 + d0] = T[15];
    y[row2 + d1] = T[16];
    y[row2 + d2] = T[17];
  }

  function add(y: Floats, row0: number, row1: number, row2: number, column: number): void {
    const d0 = offsets[column];
    const d1 = offsets[column + 1];
    const d2 = offsets[column + 2];
    const y00 = y[row0 + d0] + T[9];
    const y01 = y[row0 + d1] + T[10];
    const y02 = y[row0 + d2] + T[11];
    const y10 = y[row1 + d0] + T[12];
    const y11 = y[row1 + d1] + T[13];
    const y12 = y[row1 + d2] + T[14];
    const y20 = y[row2 + d0] + T[15];
    const y21 = y[row2 + d1] + T[16];
    const y22 = y[row2 + d2] + T[17];
    y[row0 + d0] = y00;
    y[row0 + d1] = y01;
    y[row0 + d2] = y02;
    y[row1 + d0] = y10;
    y[row1 + d1] = y11;
    y[row1 + d2] = y12;
    y[row2 + d0] = y20;
    y[row2 + d1] = y21;
    y[row2 + d2] = y22;
  }

  function setColumn(column: number, offset: number, origin: number): void {
    offsets[column] = offset;
    origins[column] = origin;
  }

  function repeatColumn(column: number): void {
    offsets[column] = offsets[column - 1];
    origins[column] = origins[column - 1];
  }

  function packA(x: Floats, row0: number, row1: number, row2: number, step: number, q: number, count: number): void {
    row0 = row0 | 0;
    row1 = row1 | 0;
    row2 = row2 | 0;
    step = step | 0;
    q = q | 0;
    const rowA = A0;
    const rowB = A1;
    const rowC = A2;
    const end = (q + count) | 0;
    for (; q < end; q = (q + 1) | 0) {
      rowA[q] = x[row0];
      rowB[q] = x[row1];
      rowC[q] = x[row2];
      row0 = (row0 + step) | 0;
      row1 = (row1 + step) | 0;
      row2 = (row2 + step) | 0;
    }
  }

  function packTaps(
    x: Floats, row0: number, row1: number, row2: number,
    channels: number, plane: number, rows: number, rowStep: number, taps: number, step: number,
  ): void {
    row0 = row0 | 0;
    row1 = row1 | 0;
    row2 = row2 | 0;
    step = step | 0;
    const rowA = A0;
    const rowB = A1;
    const rowC = A2;
    let q = 0;
    for (let c = 0; c < channels; c = (c + 1) | 0) {
      let move = Math.imul(c, plane);
      for (let i = 0; i < rows; i = (i + 1) | 0) {
        let p = move;
        for (let j = 0; j < taps; j = (j + 1) | 0) {
          rowA[q] = x[(row0 + p) | 0];
          rowB[q] = x[(row1 + p) | 0];
          rowC[q] = x[(row2 + p) | 0];
          q = (q + 1) | 0;
          p = (p + step) | 0;
        }
        move = (move + rowStep) | 0;
      }
    }
  }

  function packB(x: Floats, column0: number, column1: number, column2: number, step: number, q: number, count: number): void {
    column0 = column0 | 0;
    column1 = column1 | 0;
    column2 = column2 | 0;
    step = step | 0;
    q = q | 0;
    const columnA = B0;
    const columnB = B1;
    const columnC = B2;
    const end = (q + count) | 0;
    for (; q < end; q = (q + 1) | 0) {
      columnA[q] = x[column0];
      columnB[q] = x[column1];
      columnC[q] = x[column2];
      column0 = (column0 + step) | 0;
      column1 = (column1 + step) | 0;
      column2 = (column2 + step) | 0;
    }
  }

  function packPoints(x: Floats, column: number, q: number, channels: number, plane: number): void {
    packB(x, origins[column], origins[column + 1], origins[column + 2], plane, q, channels);
  }

  function packRow(x: Floats, d: number, from: number, zeros: number, count: number, width: number): void {
    d = d | 0;
    from = from | 0;
    const patch = D;
    let end = (d + zeros) | 0;
    const last = (d + width) | 0;
    for (; d < end; d = (d + 1) | 0) patch[d] = 0;
    end = (end + count) | 0;
    for (; d < end; d = (d + 1) | 0) {
      patch[d] = x[from];
      from = (from + 1) | 0;
    }
    for (; d < last; d = (d + 1) | 0) patch[d] = 0;
  }

  function packWindows(
    q: number, column: number, channels: number, plane: number, rows: number, rowStep: number, taps: number, step: number,
  ): void {
    q = q | 0;
    step = step | 0;
    const columnA = B0;
    const columnB = B1;
    const columnC = B2;
    const patch = D;
    const d0 = origins[column];
    const d1 = origins[column + 1];
    const d2 = origins[column + 2];
    for (let c = 0; c < channels; c = (c + 1) | 0) {
      let move = Math.imul(c, plane);
      for (let i = 0; i < rows; i = (i + 1) | 0) {
        let p0 = (d0 + move) | 0;
        let p1 = (d1 + move) | 0;
        let p2 = (d2 + move) | 0;
        for (let j = 0; j < taps; j = (j + 1) | 0) {
          columnA[q] = patch[p0];
          columnB[q] = patch[p1];
          columnC[q] = patch[p2];
          q = (q + 1) | 0;
          p0 = (p0 + step) | 0;
          p1 = (p1 + step) | 0;
          p2 = (p2 + step) | 0;
        }
        move = (move + rowStep) | 0;
      }
    }
  }

  function packRuns(q: number, column: number, move: number, rows: number, rowStep: number, count: number, step: number): void {
    q = q | 0;
    step = step | 0;
    const columnA = B0;
    const columnB = B1;
    const columnC = B2;
    const patch = D;
    let d0 = (origins[column] + move) | 0;
    let d1 = (origins[column + 1] + move) | 0;
    let d2 = (origins[column + 2] + move) | 0;
    for (let r = 0; r < rows; r = (r + 1) | 0) {
      let p0 = d0;
      let p1 = d1;
      let p2 = d2;
      for (let i = 0; i < count; i = (i + 1) | 0) {
        columnA[q] = patch[p0];
        columnB[q] = patch[p1];
        columnC[q] = patch[p2];
        q = (q + 1) | 0;
        p0 = (p0 + step) | 0;
        p1 = (p1 + step) | 0;
        p2 = (p2 + step) | 0;
      }
      d0 = (d0 + rowStep) | 0;
      d1 = (d1 + rowStep) | 0;
      d2 = (d2 + rowStep) | 0;
    }
  }

  return {
    multiply, startFrom, resumeSums, keepSums, put, add, setColumn, repeatColumn, packA, packTaps, packB, packPoints, packRow, packWindows,
    packRuns,
  };
}

export const tile: Tile = createTile();

/**
 * The two transforms around Winograd's 36 products, F(4x4, 3x3): of one tile's input, B^T d B, and of its sums, A^T m A, which become
 * the outputs. Four channels at once; along one side first, through 36 vectors of scratch, then along the other, each in a loop: V8
 * before 13 spills registers in long straight code. The points are those of winograd-pack.ts.
 */
import { activationScratch, emitActivation } from "./activation.ts";
import type { ConvEpilogue } from "./conv-params.ts";
import type { FunctionBuilder } from "./function-builder.ts";
import type { Func, Local } from "./handles.ts";
import { loadLanes, storeLanes } from "./lanes.ts";
import type { ModuleBuilder } from "./module-builder.ts";
import { IN, OUT, PLACES } from "./winograd-pack.ts";

/** Bytes of scratch: a vector for each place of a tile. */
export const TILE_SCRATCH: number = 16 * PLACES;

/** Bytes of one row of that scratch. */
const ROW = 16 * IN;

type Vector = Local<"v128">;

/** sum += factor * x for the vector on the stack; factors 1 and -1 take no multiplication. */
function plus(f: FunctionBuilder, x: Vector, factor = 1): void {
  f.local.get(x);
  if (factor === -1) return f.f32x4.sub();
  if (factor !== 1) {
    f.f32x4.const(factor);
    f.f32x4.mul();
  }
  f.f32x4.add();
}

/** left = a + b, right = a - b: in place of a and b. @param spare a local of its own */
function butterfly(f: FunctionBuilder, a: Vector, b: Vector, spare: Vector): void {
  const { local, f32x4 } = f;
  local.get(a);
  local.get(b);
  f32x4.sub();
  local.set(spare);
  local.get(a);
  local.get(b);
  f32x4.add();
  local.set(a);
  local.get(spare);
  local.set(b);
}

/** Calls `store` with each of the six results of B^T d, in a local; `d` is used up. */
function inputTransform(f: FunctionBuilder, d: readonly Vector[], a: Vector, b: Vector, spare: Vector, store: (i: number, value: Vector) => void): void {
  const { local, f32x4 } = f;
  const root = Math.SQRT2;
  // 0: d0 - 2.5 d2 + d4
  local.get(d[0]);
  plus(f, d[2], -2.5);
  plus(f, d[4]);
  local.set(a);
  store(0, a);
  // 5: d1 - 2.5 d3 + d5
  local.get(d[1]);
  plus(f, d[3], -2.5);
  plus(f, d[5]);
  local.set(a);
  store(5, a);
  // 2 and 1: (d4 - 2 d2) + and - root (d1 - d3 / 2); 4 and 3: (d4 - d2 / 2) + and - root (d1 / 2 - d3)
  for (const [even, first, third, plusAt, minusAt] of [[-2, 1, -0.5, 2, 1], [-0.5, 0.5, -1, 4, 3]]) {
    local.get(d[4]);
    plus(f, d[2], even);
    local.set(a);
    local.get(d[1]);
    if (first !== 1) {
      f32x4.const(first);
      f32x4.mul();
    }
    plus(f, d[3], third);
    f32x4.const(root);
    f32x4.mul();
    local.set(b);
    butterfly(f, a, b, spare);
    store(plusAt, a);
    store(minusAt, b);
  }
}

/** y0 to y3 of A^T m, left in m[0] to m[3]. */
function outputTransform(f: FunctionBuilder, m: readonly Vector[], spare: Vector): void {
  const { local, f32x4 } = f;
  const root = Math.SQRT2;
  // p, q = m1 + m2, m1 - m2 and u, w = m3 + m4, m3 - m4
  butterfly(f, m[1], m[2], spare);
  butterfly(f, m[3], m[4], spare);
  const [p, q, u, w] = m.slice(1);
  // y0 = m0 + p + u
  local.get(m[0]);
  plus(f, p);
  plus(f, u);
  local.set(m[0]);
  // y2 = p / 2 + 2 u, y1 = root (q / 2 + w), y3 = root (q / 4 + 2 w) + m5
  local.get(p);
  f32x4.const(0.5);
  f32x4.mul();
  plus(f, u, 2);
  local.set(spare);
  local.get(q);
  f32x4.const(0.5 * root);
  f32x4.mul();
  plus(f, w, root);
  local.set(p);
  local.get(q);
  f32x4.const(0.25 * root);
  f32x4.mul();
  plus(f, w, 2 * root);
  plus(f, m[5]);
  local.set(u);
  local.get(spare);
  local.set(q);
}

export interface InputTransform {
  readonly name: string;
  readonly channels: number;
  /** Columns of the tile's input that the padded image has; those after them are 0. */
  readonly columns: number;
  /** Bytes from row to row and from pixel to pixel of the input, and from place to place of the result. */
  readonly inRow: number;
  readonly inPixel: number;
  readonly placePitch: number;
}

/** The first value of the tile's input; where to write; scratch of TILE_SCRATCH bytes; rows of the tile's input that the padded image has. */
const inputParams = { x: "i32", v: "i32", scratch: "i32", rows: "i32" } as const;

export type InputFunc = Func<typeof inputParams>;

/** A function (x, v, scratch, rows) that transforms all channels of one tile's input; writes whole vectors. */
export function emitInputTransform(m: ModuleBuilder, kernel: InputTransform): InputFunc {
  const { name, channels, columns, inRow, inPixel, placePitch } = kernel;
  return m.func(name, { params: inputParams }, (f, { x, v, scratch, rows }) => {
    const { local, i32, f32x4, v128 } = f;
    const d = local.array("v128", "d", IN);
    const [a, b, spare] = local.array("v128", "t", 3);
    const [row, to, rowsEnd, end, channelsEnd] = ["row", "to", "rows_end", "end", "channels_end"].map((each) => local.i32(each));
    const group = (lanes: number): void => {
      local.get(x);
      local.set(row);
      local.get(scratch);
      local.set(to);
      f.doWhile(() => {
        for (let j = 0; j < IN; j++) {
          if (j < columns) loadLanes(f, row, j * inPixel, lanes);
          else f32x4.const(0);
          local.set(d[j]);
        }
        inputTransform(f, d, a, b, spare, (j, value) => {
          local.get(to);
          local.get(value);
          v128.store(16 * j);
        });
        local.increase(row, inRow);
        local.increase(to, ROW);
        local.get(to);
        local.get(rowsEnd);
        i32.ne();
      });
      f.while(() => {
        local.get(to);
        local.get(end);
        i32.ne();
      }, () => {
        local.get(to);
        f32x4.const(0);
        v128.store();
        local.increase(to, 16);
      });
      local.get(v);
      local.set(to);
      local.get(scratch);
      local.set(row);
      f.doWhile(() => {
        for (let i = 0; i < IN; i++) {
          local.get(row);
          v128.load(i * ROW);
          local.set(d[i]);
        }
        inputTransform(f, d, a, b, spare, (i, value) => {
          local.get(to);
          local.get(value);
          v128.store(i * IN * placePitch);
        });
        local.increase(to, placePitch);
        local.get(row);
        i32.const(16);
        i32.add();
        local.tee(row);
        local.get(scratch);
        i32.const(ROW);
        i32.add();
        i32.ne();
      });
    };
    local.get(scratch);
    local.get(rows);
    i32.const(ROW);
    i32.mul();
    i32.add();
    local.set(rowsEnd);
    local.get(scratch);
    i32.const(TILE_SCRATCH);
    i32.add();
    local.set(end);
    if (channels >= 4) {
      local.get(x);
      i32.const(16 * Math.floor(channels / 4));
      i32.add();
      local.set(channelsEnd);
      f.doWhile(() => {
        group(4);
        local.increase(v, 16);
        local.increase(x, 16);
        local.get(x);
        local.get(channelsEnd);
        i32.ne();
      });
    }
    if (channels % 4 > 0) group(channels % 4);
  });
}

export interface OutputTransform {
  readonly name: string;
  /** Output channels of the panel. */
  readonly valid: number;
  /** Columns of the tile that the image has. */
  readonly columns: number;
  /** Bytes from place to place of the sums, and between rows and pixels of output and residual. */
  readonly placePitch: number;
  readonly outRow: number;
  readonly outPixel: number;
  readonly residualRow: number;
  readonly epilogue: ConvEpilogue;
}

/** The tile's sums; its first pixel of output and residual; the panel's gates and biases; scratch of TILE_SCRATCH bytes; rows of the tile that the image has. */
const outputParams = { m: "i32", y: "i32", residual: "i32", gate: "i32", bias: "i32", scratch: "i32", rows: "i32" } as const;

export type OutputFunc = Func<typeof outputParams>;

/** A function (m, y, residual, gate, bias, scratch, rows) that makes one tile's outputs of a panel from its sums. */
export function emitOutputTransform(module: ModuleBuilder, kernel: OutputTransform): OutputFunc {
  const { name, valid, columns, placePitch, outRow, outPixel, residualRow, epilogue } = kernel;
  return module.func(name, { params: outputParams }, (f, p) => {
    const { local, i32, f32x4, v128 } = f;
    const m = local.array("v128", "m", IN);
    const [spare, bias, gate] = ["spare", "bias", "gates"].map((each) => local.v128(each));
    const scratchVectors = activationScratch(f);
    const [from, to, end, yRow, addedRow, panelEnd] = ["from", "to", "end", "y_row", "residual_row", "panel_end"].map((each) => local.i32(each));
    const finish = (sum: Vector, column: number, lanes: number): void => {
      local.get(sum);
      plus(f, bias);
      if (epilogue.gate) {
        local.get(gate);
        f32x4.mul();
      }
      if (epilogue.residual !== undefined) {
        loadLanes(f, addedRow, column * outPixel, lanes);
        f32x4.add();
      }
      local.set(sum);
      if (epilogue.activation !== undefined) {
        emitActivation(f, epilogue.activation, sum, scratchVectors);
        local.set(sum);
      }
      storeLanes(f, yRow, sum, column * outPixel, lanes);
    };
    const group = (lanes: number): void => {
      local.get(p.m);
      local.set(from);
      local.get(p.scratch);
      local.set(to);
      f.doWhile(() => {
        for (let i = 0; i < IN; i++) {
          local.get(from);
          v128.load(i * IN * placePitch);
          local.set(m[i]);
        }
        outputTransform(f, m, spare);
        for (let i = 0; i < OUT; i++) {
          local.get(to);
          local.get(m[i]);
          v128.store(i * ROW);
        }
        local.increase(from, placePitch);
        local.get(to);
        i32.const(16);
        i32.add();
        local.tee(to);
        local.get(p.scratch);
        i32.const(ROW);
        i32.add();
        i32.ne();
      });
      loadLanes(f, p.bias, 0, 4);
      local.set(bias);
      if (epilogue.gate) {
        loadLanes(f, p.gate, 0, lanes);
        local.set(gate);
      }
      local.get(p.scratch);
      local.set(to);
      local.get(p.y);
      local.set(yRow);
      local.get(p.residual);
      local.set(addedRow);
      f.doWhile(() => {
        for (let j = 0; j < IN; j++) {
          local.get(to);
          v128.load(16 * j);
          local.set(m[j]);
        }
        outputTransform(f, m, spare);
        for (let column = 0; column < columns; column++) finish(m[column], column, lanes);
        local.increase(yRow, outRow);
        if (epilogue.residual !== undefined) local.increase(addedRow, residualRow);
        local.increase(to, ROW);
        local.get(to);
        local.get(end);
        i32.ne();
      });
    };
    local.get(p.scratch);
    local.get(p.rows);
    i32.const(ROW);
    i32.mul();
    i32.add();
    local.set(end);
    if (valid >= 4) {
      local.get(p.m);
      i32.const(16 * Math.floor(valid / 4));
      i32.add();
      local.set(panelEnd);
      f.doWhile(() => {
        group(4);
        for (const each of [p.y, p.bias, ...(epilogue.gate ? [p.gate] : []), ...(epilogue.residual === undefined ? [] : [p.residual])]) local.increase(each, 16);
        local.get(p.m);
        i32.const(16);
        i32.add();
        local.tee(p.m);
        local.get(panelEnd);
        i32.ne();
      });
    }
    if (valid % 4 > 0) group(valid % 4);
  });
}

/** Winograd's transform of one tile's sums, A^T m A, into the outputs of a panel, with the epilogue: four channels at once (winograd-transform.ts). */
import { activationScratch, emitActivation } from "./activation.ts";
import type { ConvEpilogue } from "./conv-params.ts";
import type { Func } from "./handles.ts";
import { loadLanes, storeLanes } from "./lanes.ts";
import type { ModuleBuilder } from "./module-builder.ts";
import { IN, OUT } from "./winograd-pack.ts";
import { SCRATCH_ROW, outputTransform, plus } from "./winograd-transform.ts";
import type { Vector } from "./winograd-transform.ts";

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
          v128.store(i * SCRATCH_ROW);
        }
        local.increase(from, placePitch);
        local.get(to);
        i32.const(16);
        i32.add();
        local.tee(to);
        local.get(p.scratch);
        i32.const(SCRATCH_ROW);
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
        local.increase(to, SCRATCH_ROW);
        local.get(to);
        local.get(end);
        i32.ne();
      });
    };
    local.get(p.scratch);
    local.get(p.rows);
    i32.const(SCRATCH_ROW);
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

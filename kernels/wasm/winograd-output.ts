/** Winograd's transform of one tile's sums, A^T m A, into the outputs of a panel, with the epilogue: in two loops like winograd-input.ts. */
import { activationScratch, emitActivation } from "./activation.ts";
import type { ConvEpilogue } from "./conv-params.ts";
import type { Func, Local } from "./handles.ts";
import { loadLanes, storeLanes } from "./lanes.ts";
import { set } from "./loops.ts";
import type { ModuleBuilder } from "./module-builder.ts";
import { OUT, SIDE, channelsAtOnce, constants, emitOutput, storeVectors, vectors } from "./winograd-tile.ts";
import type { Vectors } from "./winograd-tile.ts";

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
  readonly wide: boolean;
}

/** The tile's sums; its first pixel of output and residual; the panel's gates and biases; scratch of two vectors for each place; rows of the tile that the image has. */
const outputParams = { m: "i32", y: "i32", residual: "i32", gate: "i32", bias: "i32", scratch: "i32", rows: "i32" } as const;

export type OutputFunc = Func<typeof outputParams>;

/** A function (m, y, residual, gate, bias, scratch, rows) that makes one tile's outputs of a panel from its sums. */
export function emitOutputTransform(module: ModuleBuilder, kernel: OutputTransform): OutputFunc {
  const { name, valid, columns, placePitch, outRow, outPixel, residualRow, epilogue, wide } = kernel;
  return module.func(name, { params: outputParams }, (f, p) => {
    const { local, i32, f32x4, v128 } = f;
    const scratchVectors = activationScratch(f);
    const [from, to, end, yRow, addedRow, panelEnd] = ["from", "to", "end", "y_row", "residual_row", "panel_end"].map((each) => local.i32(each));
    const constant = constants(f, p.m, wide);
    /** `count` channels: 1 to 4, or 8. */
    const group = (count: number): void => {
      const lanes = Math.ceil(count / 4);
      const valid4 = Math.min(4, count);
      const [m, y] = [vectors(f, "m", SIDE, lanes), vectors(f, "y", OUT, lanes)];
      const [bias, gate, added] = vectors(f, "epilogue", 3, lanes);
      const scratchRow = 16 * lanes * SIDE;
      /** y = A^T m, of what `at` loads. */
      const transform = (at: (place: number, lane: number) => void): void => {
        m.forEach((vector, i) => vector.forEach((each, lane) => {
          at(i, lane);
          local.set(each);
        }));
        emitOutput(f, m, y, constant);
      };
      const load = (to: Vectors, pointer: Local<"i32">, offset: number, numbers: number): void => to.forEach((each, lane) => {
        loadLanes(f, pointer, offset + 16 * lane, numbers);
        local.set(each);
      });
      const combine = (sum: Vectors, by: Vectors, operation: () => void): void => sum.forEach((each, lane) => {
        local.get(each);
        local.get(by[lane]);
        operation();
        local.set(each);
      });
      set(f, from, p.m);
      set(f, to, p.scratch);
      f.doWhile(() => {
        transform((i, lane) => {
          local.get(from);
          v128.load(i * SIDE * placePitch + 16 * lane);
        });
        y.forEach((vector, i) => storeVectors(f, to, i * scratchRow, vector));
        local.increase(from, placePitch);
        local.increase(to, 16 * lanes);
        local.get(to);
        local.get(p.scratch);
        i32.const(scratchRow);
        i32.add();
        i32.ne();
      });
      load(bias, p.bias, 0, 4);
      if (epilogue.gate) load(gate, p.gate, 0, valid4);
      set(f, to, p.scratch);
      set(f, yRow, p.y);
      set(f, addedRow, p.residual);
      local.get(p.scratch);
      local.get(p.rows);
      i32.const(scratchRow);
      i32.mul();
      i32.add();
      local.set(end);
      f.doWhile(() => {
        transform((j, lane) => {
          local.get(to);
          v128.load(16 * (lanes * j + lane));
        });
        for (let column = 0; column < columns; column++) {
          const sum = y[column];
          combine(sum, bias, () => f32x4.add());
          if (epilogue.gate) combine(sum, gate, () => f32x4.mul());
          if (epilogue.residual !== undefined) {
            load(added, addedRow, column * outPixel, valid4);
            combine(sum, added, () => f32x4.add());
          }
          const { activation } = epilogue;
          if (activation !== undefined) {
            for (const each of sum) {
              emitActivation(f, activation, each, scratchVectors);
              local.set(each);
            }
          }
          for (let lane = lanes - 1; lane >= 0; lane--) storeLanes(f, yRow, sum[lane], column * outPixel + 16 * lane, valid4);
        }
        local.increase(yRow, outRow);
        if (epilogue.residual !== undefined) local.increase(addedRow, residualRow);
        local.increase(to, scratchRow);
        local.get(to);
        local.get(end);
        i32.ne();
      });
    };
    const each = channelsAtOnce(valid, wide);
    if (valid >= each) {
      local.get(p.m);
      i32.const(4 * each * Math.floor(valid / each));
      i32.add();
      local.set(panelEnd);
      f.doWhile(() => {
        group(each);
        for (const pointer of [p.y, p.bias, ...(epilogue.gate ? [p.gate] : []), ...(epilogue.residual === undefined ? [] : [p.residual])]) local.increase(pointer, 4 * each);
        local.increase(p.m, 4 * each);
        local.get(p.m);
        local.get(panelEnd);
        i32.ne();
      });
    }
    if (valid % each > 0) group(valid % each);
  });
}

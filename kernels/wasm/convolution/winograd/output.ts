/**
 * Winograd's transform of one tile's sums, A^T m A, into the outputs of a panel, with the epilogue: in two loops like
 * convolution/winograd/input.ts.
 */
import { activationScratch } from "../../shared/activation.ts";
import type { ConvEpilogue } from "../epilogue.ts";
import type { Func, Local } from "../../assembler/handles.ts";
import { offset, set } from "../../shared/addresses.ts";
import type { ModuleBuilder } from "../../assembler/module-builder.ts";
import type { VectorArithmetic } from "../../shared/arithmetic.ts";
import { channelsAtOnce, emitEpilogue, loadVectors, storeVectors, vectors } from "../vectors.ts";
import { OUT, SIDE, emitOutput, factors } from "./tile.ts";

export interface OutputTransform extends VectorArithmetic {
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

/**
 * The tile's sums; its first pixel of output and residual; the panel's gates and biases; scratch of two vectors for each place; rows of the
 * tile that the image has.
 */
const outputParams = { m: "i32", y: "i32", residual: "i32", gate: "i32", bias: "i32", scratch: "i32", rows: "i32" } as const;

export type OutputFunc = Func<typeof outputParams>;

/** A function (m, y, residual, gate, bias, scratch, rows) that makes one tile's outputs of a panel from its sums. */
export function emitOutputTransform(module: ModuleBuilder, kernel: OutputTransform): OutputFunc {
  const { name, valid, columns, placePitch, outRow, outPixel, residualRow, epilogue, wide } = kernel;
  return module.func(name, { params: outputParams }, (f, p) => {
    const { local, i32 } = f;
    const scratchVectors = activationScratch(f);
    const [from, to, end, yRow, addedRow, panelEnd] = ["from", "to", "end", "y_row", "residual_row", "panel_end"].map(
      (each) => local.i32(each),
    );
    const by = factors(f, p.m, kernel);
    /** `count` channels: 1 to 4, or 8. */
    const group = (count: number): void => {
      const lanes = Math.ceil(count / 4);
      const [m, y] = [vectors(f, "m", SIDE, lanes), vectors(f, "y", OUT, lanes)];
      const [bias, gate, added] = vectors(f, "epilogue", 3, lanes);
      const scratchRow = 16 * lanes * SIDE;
      /** y = A^T m, whose numbers lie `pitch` bytes apart from `pointer` on. */
      const transform = (pointer: Local<"i32">, pitch: number): void => {
        m.forEach((vector, i) => loadVectors(f, vector, pointer, i * pitch));
        emitOutput(f, m, y, by);
      };
      set(f, from, p.m);
      set(f, to, p.scratch);
      f.doWhile(() => {
        transform(from, SIDE * placePitch);
        y.forEach((vector, i) => storeVectors(f, to, i * scratchRow, vector));
        local.increase(from, placePitch);
        local.increase(to, 16 * lanes);
        local.get(to);
        local.get(p.scratch);
        i32.const(scratchRow);
        i32.add();
        i32.ne();
      });
      loadVectors(f, bias, p.bias, 0);
      if (epilogue.gate) loadVectors(f, gate, p.gate, 0, count);
      set(f, to, p.scratch);
      set(f, yRow, p.y);
      set(f, addedRow, p.residual);
      offset(f, end, p.scratch, p.rows, scratchRow);
      f.doWhile(() => {
        transform(to, 16 * lanes);
        for (let column = 0; column < columns; column++) {
          const sum = y[column];
          if (epilogue.residual !== undefined) loadVectors(f, added, addedRow, column * outPixel, count);
          emitEpilogue(f, epilogue, sum, [bias, gate, added].map((each) => (lane) => local.get(each[lane])), scratchVectors);
          storeVectors(f, yRow, column * outPixel, sum, count);
        }
        local.increase(yRow, outRow);
        local.increase(addedRow, residualRow);
        local.increase(to, scratchRow);
        local.get(to);
        local.get(end);
        i32.ne();
      });
    };
    const each = channelsAtOnce(valid, wide);
    if (valid >= each) {
      set(f, panelEnd, p.m, 4 * each * Math.floor(valid / each));
      f.doWhile(() => {
        group(each);
        for (const pointer of [p.y, p.bias, p.gate, p.residual, p.m]) local.increase(pointer, 4 * each);
        local.get(p.m);
        local.get(panelEnd);
        i32.ne();
      });
    }
    if (valid % each > 0) group(valid % each);
  });
}

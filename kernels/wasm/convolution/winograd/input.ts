/**
 * Winograd's transform of one tile's input, B^T d B, for all channels: four at once, or eight where vectors are joined. Along one side
 * first, through scratch, then along the other, each in a loop: V8 before 13 spills registers in long straight code.
 */
import type { Func } from "../../assembler/handles.ts";
import { offset, set } from "../../shared/addresses.ts";
import type { ModuleBuilder } from "../../assembler/module-builder.ts";
import type { VectorArithmetic } from "../../shared/arithmetic.ts";
import { channelsAtOnce, loadVectors, storeVectors, vectors } from "../vectors.ts";
import { SIDE, emitInput, factors } from "./tile.ts";

export interface InputTransform extends VectorArithmetic {
  readonly name: string;
  readonly channels: number;
  /** Columns of the tile's input that the padded image has; those after them are 0. */
  readonly columns: number;
  /** Bytes from row to row and from pixel to pixel of the input, and from place to place of the result. */
  readonly inRow: number;
  readonly inPixel: number;
  readonly placePitch: number;
}

/**
 * The first value of the tile's input; where to write; scratch of two vectors for each place; rows of the tile's input that the padded
 * image has.
 */
const inputParams = { x: "i32", v: "i32", scratch: "i32", rows: "i32" } as const;

export type InputFunc = Func<typeof inputParams>;

/** A function (x, v, scratch, rows) that transforms all channels of one tile's input; writes whole vectors. */
export function emitInputTransform(m: ModuleBuilder, kernel: InputTransform): InputFunc {
  const { name, channels, columns, inRow, inPixel, placePitch, wide } = kernel;
  return m.func(name, { params: inputParams }, (f, { x, v, scratch, rows }) => {
    const { local, i32, f32x4, v128 } = f;
    const [row, to, rowsEnd, channelsEnd] = ["row", "to", "rows_end", "channels_end"].map((each) => local.i32(each));
    const by = factors(f, v, kernel);
    /** `count` channels: 1 to 4, or 8. */
    const group = (count: number): void => {
      const lanes = Math.ceil(count / 4);
      const d = vectors(f, "d", SIDE, lanes);
      const scratchRow = 16 * lanes * SIDE;
      const transform = (pitch: number): void => emitInput(f, d, by, (place, value) => storeVectors(f, to, place * pitch, value));
      const end = (bytes: number): void => {
        local.get(scratch);
        i32.const(bytes);
        i32.add();
      };
      set(f, row, x);
      set(f, to, scratch);
      offset(f, rowsEnd, scratch, rows, scratchRow);
      f.doWhile(() => {
        d.forEach((vector, j) => {
          if (j < columns) return loadVectors(f, vector, row, j * inPixel, count);
          for (const each of vector) {
            f32x4.const(0);
            local.set(each);
          }
        });
        transform(16 * lanes);
        local.increase(row, inRow);
        local.increase(to, scratchRow);
        local.get(to);
        local.get(rowsEnd);
        i32.ne();
      });
      f.while(() => {
        local.get(to);
        end(SIDE * scratchRow);
        i32.ne();
      }, () => {
        local.get(to);
        f32x4.const(0);
        v128.store();
        local.increase(to, 16);
      });
      set(f, to, v);
      set(f, row, scratch);
      f.doWhile(() => {
        d.forEach((vector, i) => loadVectors(f, vector, row, i * scratchRow));
        transform(SIDE * placePitch);
        local.increase(to, placePitch);
        local.increase(row, 16 * lanes);
        local.get(row);
        end(scratchRow);
        i32.ne();
      });
    };
    const each = channelsAtOnce(channels, wide);
    if (channels >= each) {
      set(f, channelsEnd, x, 4 * each * Math.floor(channels / each));
      f.doWhile(() => {
        group(each);
        local.increase(v, 4 * each);
        local.increase(x, 4 * each);
        local.get(x);
        local.get(channelsEnd);
        i32.ne();
      });
    }
    if (channels % each > 0) group(channels % each);
  });
}

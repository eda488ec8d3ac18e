/** Winograd's transform of one tile's input, B^T d B, for all channels: four at once (winograd-transform.ts). */
import type { Func } from "./handles.ts";
import { loadLanes } from "./lanes.ts";
import type { ModuleBuilder } from "./module-builder.ts";
import { IN } from "./winograd-pack.ts";
import { SCRATCH_ROW, TILE_SCRATCH, inputTransform } from "./winograd-transform.ts";

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
        local.increase(to, SCRATCH_ROW);
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
          v128.load(i * SCRATCH_ROW);
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
        i32.const(SCRATCH_ROW);
        i32.add();
        i32.ne();
      });
    };
    local.get(scratch);
    local.get(rows);
    i32.const(SCRATCH_ROW);
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

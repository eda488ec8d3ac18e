/**
 * Rows in tiles of 6 pixels by 8 channels, for engines that fuse products and sums in place: 12 sums, two vectors of weights and one
 * input fill the 15 vector registers of x64, and a step has 8 loads for its 12 products, where 2 pixels by 16 channels have 6 for 8. A
 * panel's 16 channels are computed one half after the other, from the same packed weights. A file of its own: who does not name it
 * (lean.ts) does not load it.
 */
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import { emitRow } from "./row.ts";
import { rowParams } from "./row-kernel.ts";
import type { RowFunc, RowKernel } from "./row-kernel.ts";
import { PANEL } from "./tiles.ts";

const HALF = PANEL / 2;

/** The row function of a panel of 16 columns: that of a half, called twice, or that of each half, where the last channels do not exist. */
export function tallRow(m: ModuleBuilder, kernel: RowKernel): RowFunc {
  const halfOf = (valid: number): RowFunc => emitRow(m, {
    ...kernel, tall: undefined, name: `${kernel.name}_half${valid}`, pixels: 6, columns: HALF, valid, panelColumns: PANEL,
  });
  const first = halfOf(HALF);
  const second = kernel.valid === PANEL ? first : halfOf(kernel.valid - HALF);
  return m.func(kernel.name, { params: rowParams }, (f, { x, w, y, residual, gate, pixels }) => {
    for (const [half, bytes] of [[first, 0], [second, 4 * HALF]] as const) {
      f.local.get(x);
      for (const address of [w, y, residual, gate]) {
        f.local.get(address);
        f.i32.const(bytes);
        f.i32.add();
      }
      f.local.get(pixels);
      f.call(half);
    }
  });
}

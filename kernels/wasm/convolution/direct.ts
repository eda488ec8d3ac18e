/**
 * Convolution of any kernel, stride, padding, dilation and number of groups, as a WebAssembly function for one layer.
 *
 * A call computes a part of one image: output rows rowBegin to rowEnd (exclusive), and panels of output channels (panels.ts) panelBegin to
 * panelEnd. Addresses are in bytes, of pixel (0, 0) of the image, not of its halo. `residual` and `gate` are read where the epilogue has
 * them; the residual may be the output itself. Only the outputs of that part are written, so parts can be computed in any order or at once.
 *
 * Every output is bias + x1 w1 + x2 w2 + ..., in the order (kernel row, kernel column, input channel), each product rounded first (unless
 * `fma`). Tile, panel and part change no bit of it. Padding is multiplied like any other zero, so weights must be finite; inputs need not
 * be.
 *
 * The loops, from the outside: blocks of rows whose input fits the cache, panels, rows, tiles of a row. A row of a panel is a function
 * call: engines replace code by better code between calls, not within one.
 */
import { convPanels } from "./panels.ts";
import { checkConv, convName, convPitches } from "./params.ts";
import type { ConvParams } from "./params.ts";
import { emitRow } from "./row.ts";
import type { RowFunc, Segment } from "./row-kernel.ts";
import type { Func } from "../assembler/handles.ts";
import { interiorBytes, pixelBytes, rowBytes } from "../shared/layout.ts";
import { atMost, offset } from "../shared/addresses.ts";
import { repeat, wholeOrRest } from "../shared/loops.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import { PANEL, joinedEnds, rowsPerBlock, tilePixels } from "./tiles.ts";

export const convFunctionParams = {
  x: "i32", w: "i32", y: "i32", residual: "i32", gate: "i32", rowBegin: "i32", rowEnd: "i32", panelBegin: "i32", panelEnd: "i32",
} as const;

export type ConvFunc = Func<typeof convFunctionParams>;

/** The same, of kernels that want working memory (bytes' address). */
export const scratchParams: typeof convFunctionParams & { readonly scratch: "i32" } = { ...convFunctionParams, scratch: "i32" };

export type ScratchFunc = Func<typeof scratchParams>;

export interface ConvKernel {
  /** Equal names compute the same in the same way. */
  readonly name: string;
  /** How many panels there are in all. */
  readonly panels: number;
  /** Emits the function, exported under `name`, into a module that has a memory: once a module. */
  readonly emit: (m: ModuleBuilder) => ConvFunc;
}

export interface ScratchKernel extends Omit<ConvKernel, "emit"> {
  /** Floats of working memory. */
  readonly scratch: number;
  readonly emit: (m: ModuleBuilder) => ScratchFunc;
}

/** @throws RangeError where the sizes do not belong together */
export function convKernel(params: ConvParams): ConvKernel {
  checkConv("convKernel", params);
  const tile = `${tilePixels(PANEL, params)}x${params.tall ? 8 : PANEL}`;
  const name = `f32_conv_${tile}_${convName(params)}_b${rowsPerBlock(params)}`;
  return { name, panels: convPanels(params).count, emit: (m) => emitConv(m, name, params) };
}

/** Do rows follow each other without a gap, everywhere? Then several are one long row. */
function seamless({ input, output, kernel, stride, padding, epilogue }: ConvParams): boolean {
  const touching = [input, output, ...(epilogue.residual === undefined ? [] : [epilogue.residual])]
    .every((layout) => interiorBytes(layout) === 0);
  return touching && [...kernel, ...stride].every((size) => size === 1) && padding[0] + padding[1] === 0;
}

/** Loops over the places of the kernel that do not follow each other in memory, and the floats that do. */
function segmentsOf({ input, kernel, dilation, groups }: ConvParams): { segments: Segment[]; run: number } {
  const rows = { count: kernel[0], pitch: dilation[0] * rowBytes(input) };
  const columns = { count: kernel[1], pitch: dilation[1] * pixelBytes(input) };
  const joined = groups === 1 && (dilation[1] === 1 || kernel[1] === 1);
  const run = joined ? kernel[1] * input.channels : input.channels / groups;
  return { segments: (joined ? [rows] : [rows, columns]).filter(({ count }) => count > 1), run };
}

function emitConv(m: ModuleBuilder, name: string, params: ConvParams): ConvFunc {
  const { output, groups, epilogue, fma, wide, tall } = params;
  const pitches = convPitches(params);
  const { inPerGroup, outPerGroup, terms: additions, full, rest, restColumns, perGroup, groupSize } = convPanels(params);
  // A row that is no multiple of the tile has a slow end. Joined, rows have only one; else the ends are joined, along their column, or all
  // pixels are (convolution/tiles.ts).
  const { width } = output;
  const long = seamless(params) && width % tilePixels(PANEL, params) > 0;
  const ends = long ? 0 : joinedEnds(params);
  const across = {
    ...segmentsOf(params), inPixel: pitches.inPixel, outPixel: pitches.outPixel, residualPixel: pitches.outPixel, epilogue, fma, wide, tall,
  };
  const down = { ...across, inPixel: pitches.inRow, outPixel: pitches.outRow, residualPixel: pitches.residualRow };
  const rowOf = (columns: number, valid: number): RowFunc => emitRow(m, {
    ...across, name: `${name}_row${valid}`, pixels: tilePixels(columns, params), columns, valid,
    width: long ? undefined : width - (valid === PANEL ? ends : 0),
  });
  const fullEnds = full > 0 && ends > 0
    ? emitRow(m, { ...down, name: `${name}_ends`, pixels: tilePixels(PANEL, params), columns: PANEL, valid: PANEL, width: undefined })
    : undefined;
  const fullRow = full > 0 && ends < width ? rowOf(PANEL, PANEL) : fullEnds;
  const restRow = rest > 0 ? rowOf(restColumns, rest) : undefined;
  const blockRows = rowsPerBlock(params);

  return m.func(name, { params: convFunctionParams, export: true }, (f, p) => {
    const { local, i32 } = f;
    const [xRow, yRow, residualRow, weights, gates, row, block, panel, column, channel, group] =
      "x_row y_row residual_row weights gates row block panel column channel group".split(" ").map((each) => local.i32(each));

    /** @param pixels of a row in the block: as many times its rows is what the function is told */
    const call = (func: RowFunc, pixels: number): void => {
      for (const argument of [xRow, weights, yRow, residualRow, gates]) local.get(argument);
      local.get(block);
      i32.const(pixels);
      i32.mul();
      f.call(func);
    };
    /** The rows of the block, with one panel. */
    const rows = (func: RowFunc): void => {
      if (long) return call(func, width);
      local.get(block);
      local.set(row);
      if (func === fullRow && fullEnds !== undefined) {
        repeat(f, ends, () => {
          call(fullEnds, 1);
          local.increase(xRow, pitches.inPixel);
          local.increase(yRow, pitches.outPixel);
          local.increase(residualRow, pitches.outPixel);
        });
        if (ends === width) return;
      }
      f.countDown(row, () => {
        call(func, width);
        local.increase(xRow, pitches.inRow);
        local.increase(yRow, pitches.outRow);
        local.increase(residualRow, pitches.residualRow);
      });
    };
    const onePanel = (): void => {
      // channel: the panel's first one; column: the same, where each group takes the room of its padded panels.
      local.get(panel);
      i32.const(perGroup);
      i32.div_u();
      local.set(group);
      local.get(panel);
      local.get(group);
      i32.const(perGroup);
      i32.mul();
      i32.sub();
      i32.const(PANEL);
      i32.mul();
      local.tee(column);
      local.set(channel);
      offset(f, channel, channel, group, outPerGroup);
      offset(f, xRow, p.x, group, groups === 1 ? 0 : 4 * inPerGroup);
      offset(f, weights, p.w, group, 4 * groupSize);
      offset(f, weights, weights, column, 4 * (additions + 1));
      offset(f, yRow, p.y, channel, 4);
      offset(f, residualRow, p.residual, channel, 4);
      offset(f, gates, p.gate, channel, 4);
      wholeOrRest(f, column, PANEL * full, fullRow, restRow, rows);
    };

    local.increase(p.x, pitches.start);
    offset(f, p.x, p.x, p.rowBegin, pitches.inRow);
    offset(f, p.y, p.y, p.rowBegin, pitches.outRow);
    offset(f, p.residual, p.residual, p.rowBegin, pitches.residualRow);
    f.while(() => {
      local.get(p.rowBegin);
      local.get(p.rowEnd);
      i32.lt_s();
    }, () => {
      local.get(p.rowEnd);
      local.get(p.rowBegin);
      i32.sub();
      local.set(block);
      atMost(f, block, blockRows);
      local.get(p.panelBegin);
      local.set(panel);
      f.while(() => {
        local.get(panel);
        local.get(p.panelEnd);
        i32.lt_s();
      }, () => {
        onePanel();
        local.increase(panel, 1);
      });
      offset(f, p.x, p.x, block, pitches.inRow);
      offset(f, p.y, p.y, block, pitches.outRow);
      offset(f, p.residual, p.residual, block, pitches.residualRow);
      local.increase(p.rowBegin, block);
    });
  });
}

/**
 * 3x3 convolution with stride 1 by Winograd's F(4x4, 3x3): 36 products for 16 outputs instead of 144. (Lavin and Gray, "Fast Algorithms for
 * Convolutional Neural Networks", 2015, algorithm 1.)
 *
 * The function is called like those of conv.ts, and has one argument more: working memory. Parts begin at rows that 4 divides, and end
 * there or with the image; then neither they nor the blocks below change a bit of a result. Inputs outside the padded image count as 0.
 *
 * A block of tiles is transformed for all channels; then for each panel of output channels 36 matrices are multiplied, one for each
 * place of a tile, by the row kernels of direct convolution: a tile is a pixel there. The panel's sums are still in the cache
 * when they are transformed into outputs, with the epilogue.
 *
 * Errors are larger than those of direct sums: within 1e-5 of the largest output (test/wasm/winograd.test.ts; typically a tenth of that). NaN and
 * infinity come through, but may spread to NaN over the 4x4 pixels of their tile.
 */
import { convPanels } from "./conv-pack.ts";
import { checkConv, convName, convSteps } from "./conv-params.ts";
import type { ConvParams } from "./conv-params.ts";
import { emitRow } from "./conv-row.ts";
import type { RowFunc } from "./conv-row.ts";
import { convFunctionParams } from "./conv.ts";
import type { ConvKernel } from "./conv.ts";
import type { Func, Local } from "./handles.ts";
import { rowPitch } from "./layout.ts";
import type { ModuleBuilder } from "./module-builder.ts";
import { PANEL, tilePixels, winogradBlock } from "./select.ts";
import type { WinogradBlock } from "./select.ts";
import { IN, OUT, PLACES } from "./winograd-pack.ts";
import { emitInputTransform } from "./winograd-input.ts";
import type { InputFunc } from "./winograd-input.ts";
import { emitOutputTransform } from "./winograd-output.ts";
import type { OutputFunc } from "./winograd-output.ts";
import { TILE_SCRATCH } from "./winograd-transform.ts";

export type WinogradParams = typeof convFunctionParams & { readonly scratch: "i32" };

export type WinogradFunc = Func<WinogradParams>;

const functionParams: WinogradParams = { ...convFunctionParams, scratch: "i32" };

export interface WinogradKernel extends Omit<ConvKernel, "emit"> {
  /** Floats of working memory. */
  readonly scratch: number;
  readonly emit: (m: ModuleBuilder) => WinogradFunc;
}

/** Has it a kernel of this sort? */
export function isWinograd({ kernel, stride, dilation, groups }: ConvParams): boolean {
  return groups === 1 && kernel.every((size) => size === IN - OUT + 1) && [...stride, ...dilation].every((size) => size === 1);
}

/** Bytes of the working memory: first a tile's scratch, then the transformed inputs, then sums. */
interface Room {
  /** Tiles of a block. */
  readonly tiles: number;
  /** From tile to tile, and from place to place. */
  readonly inTile: number;
  readonly inPlace: number;
  readonly sumTile: number;
  readonly sumPlace: number;
  readonly sums: number;
  readonly end: number;
}

function roomOf(params: ConvParams, tiles: number): Room {
  const inTile = 16 * Math.ceil(params.input.channels / 4);
  const sumTile = 4 * PANEL;
  // One more line of the cache between places: else all 36 of a tile would fall on the same few sets of it.
  const inPlace = tiles * inTile + 64;
  const sumPlace = tiles * sumTile + 64;
  const sums = TILE_SCRATCH + PLACES * inPlace;
  return { tiles, inTile, inPlace, sumTile, sumPlace, sums, end: sums + PLACES * sumPlace };
}

/**
 * @param block its tiles, and how many of them are multiplied at once
 * @throws RangeError where the sizes do not belong together, or the convolution is none of 3x3 with stride 1
 */
export function winogradKernel(params: ConvParams, block: WinogradBlock = winogradBlock(params)): WinogradKernel {
  const { tiles, pixels } = block;
  checkConv("winogradKernel", params);
  if (params.epilogue.biasLast === true) throw new RangeError("winogradKernel: biasLast wants a depthwise convolution");
  if (!isWinograd(params)) {
    const { kernel, stride, dilation, groups } = params;
    throw new RangeError(`winogradKernel: wants kernel 3x3, stride 1x1, dilation 1x1 and groups 1, got ${kernel.join("x")}, ${stride.join("x")}, ${dilation.join("x")} and ${groups}`);
  }
  const room = roomOf(params, tiles);
  const name = `f32_winograd4x4_${pixels}x${PANEL}_${convName(params)}x${params.output.height}_b${room.tiles}`;
  return { name, panels: convPanels(params).count, scratch: room.end / 4, emit: (m) => emitWinograd(m, name, params, room, pixels) };
}

/** The functions for one width of panel. */
interface PanelFuncs {
  readonly products: RowFunc;
  /** For whole tiles, and for those at the right edge, where they are others. */
  readonly outputs: OutputFunc;
  readonly edgeOutputs: OutputFunc;
  /** Bytes of the biases, and of the weights of one place. */
  readonly biases: number;
  readonly place: number;
}

function emitWinograd(m: ModuleBuilder, name: string, params: ConvParams, room: Room, pixels: number): WinogradFunc {
  const { input, output, epilogue, fma } = params;
  const steps = convSteps(params);
  const { full, rest, restColumns } = convPanels(params);
  const across = Math.ceil(output.width / OUT);
  const down = Math.ceil(output.height / OUT);
  const edgeColumns = output.width - OUT * (across - 1);
  const edgeRows = output.height - OUT * (down - 1);

  const inputsOf = (columns: number): InputFunc => emitInputTransform(m, {
    name: `${name}_in${columns}`, channels: input.channels, columns, inRow: 4 * rowPitch(input), inPixel: steps.inPixel, placePitch: room.inPlace,
  });
  const inputs = across > 1 || edgeColumns === OUT ? inputsOf(IN) : undefined;
  const edgeInputs = edgeColumns === OUT ? undefined : inputsOf(edgeColumns + IN - OUT);
  const panelOf = (columns: number, valid: number): PanelFuncs => {
    const outputsOf = (tileColumns: number): OutputFunc => emitOutputTransform(m, {
      name: `${name}_out${tileColumns}_${valid}`, valid, columns: tileColumns, placePitch: room.sumPlace,
      outRow: steps.outRow, outPixel: steps.outPixel, residualRow: steps.residualRow, epilogue,
    });
    const edgeOutputs = outputsOf(edgeColumns);
    return {
      products: emitRow(m, {
        name: `${name}_row${valid}`, pixels: columns === PANEL ? pixels : tilePixels(columns, params), columns, valid: columns, width: undefined, segments: [], run: input.channels, bias: false,
        inPixel: room.inTile, outPixel: room.sumTile, residualPixel: 0, epilogue: { gate: false, residual: undefined, activation: undefined }, fma,
      }),
      outputs: edgeColumns === OUT ? edgeOutputs : outputsOf(OUT), edgeOutputs, biases: 4 * columns, place: 4 * columns * input.channels,
    };
  };
  const fullPanel = full > 0 ? panelOf(PANEL, PANEL) : undefined;
  const restPanel = rest > 0 ? panelOf(restColumns, rest) : undefined;

  return m.func(name, { params: functionParams, export: true }, (f, p) => {
    const { local, i32 } = f;
    const whole = (each: string): Local<"i32"> => local.i32(each);
    /** The block: its tiles, and where it begins: row and column of tiles, and the address of its first tile in each image. */
    const [tiles, left] = [whole("tiles"), whole("left")];
    const [row, column, x, y, residual] = ["row", "column", "x_tile", "y_tile", "residual_tile"].map(whole);
    const [yBlock, residualBlock, rowBlock, columnBlock] = ["y_block", "residual_block", "row_block", "column_block"].map(whole);
    const [panel, weights, gates, at, count, place, rows] = ["panel", "weights", "gates", "at", "count", "place", "tile_rows"].map(whole);

    const copy = (from: Local<"i32">, to: Local<"i32">): void => {
      local.get(from);
      local.set(to);
    };
    /** to += factor * by */
    const advance = (to: Local<"i32">, by: Local<"i32">, factor: number): void => {
      local.get(to);
      local.get(by);
      i32.const(factor);
      i32.mul();
      i32.add();
      local.set(to);
    };
    /** Goes over the block's tiles; `images` are moved along, with their bytes to the next row and pixel. */
    const overTiles = (images: readonly (readonly [Local<"i32">, number, number])[], body: (edge: boolean) => void): void => {
      copy(tiles, count);
      f.countDown(count, () => {
        // rows = rows of this tile that the image has
        if (edgeRows === OUT) {
          i32.const(OUT);
        } else {
          i32.const(edgeRows);
          i32.const(OUT);
          local.get(row);
          i32.const(down - 1);
          i32.eq();
          f.select();
        }
        local.set(rows);
        local.get(column);
        i32.const(across - 1);
        i32.eq();
        f.if(() => {
          body(true);
          i32.const(0);
          local.set(column);
          local.increase(row, 1);
          for (const [image, nextRow, nextPixel] of images) local.increase(image, OUT * (nextRow - (across - 1) * nextPixel));
        }, () => {
          body(false);
          local.increase(column, 1);
          for (const [image, , nextPixel] of images) local.increase(image, OUT * nextPixel);
        });
      });
    };
    const inputTiles = (): void => {
      local.get(p.scratch);
      i32.const(TILE_SCRATCH);
      i32.add();
      local.set(at);
      overTiles([[x, steps.inRow, steps.inPixel]], (edge) => {
        const func = edge ? edgeInputs ?? inputs : inputs;
        // Where there is one column of tiles, all are at the edge.
        if (func === undefined) return;
        for (const argument of [x, at, p.scratch, rows]) local.get(argument);
        i32.const(IN - OUT);
        i32.add();
        f.call(func);
        local.increase(at, room.inTile);
      });
    };
    const onePanel = ({ products, outputs, edgeOutputs, biases, place: placeBytes }: PanelFuncs): void => {
      // The 36 products. No epilogue reads the residual or the gates.
      local.get(weights);
      i32.const(biases);
      i32.add();
      local.set(at);
      i32.const(0);
      local.set(place);
      f.doWhile(() => {
        const address = (start: number, pitch: number): void => {
          local.get(p.scratch);
          local.get(place);
          i32.const(pitch);
          i32.mul();
          i32.add();
          i32.const(start);
          i32.add();
        };
        address(TILE_SCRATCH, room.inPlace);
        local.get(at);
        address(room.sums, room.sumPlace);
        i32.const(0);
        i32.const(0);
        local.get(tiles);
        f.call(products);
        local.increase(at, placeBytes);
        local.increase(place, 1);
        local.get(place);
        i32.const(PLACES);
        i32.ne();
      });
      copy(rowBlock, row);
      copy(columnBlock, column);
      copy(yBlock, y);
      copy(residualBlock, residual);
      for (const image of [y, ...(epilogue.residual === undefined ? [] : [residual])]) advance(image, panel, 4 * PANEL);
      copy(p.gate, gates);
      if (epilogue.gate) advance(gates, panel, 4 * PANEL);
      local.get(p.scratch);
      i32.const(room.sums);
      i32.add();
      local.set(at);
      overTiles([[y, steps.outRow, steps.outPixel], ...(epilogue.residual === undefined ? [] : [[residual, steps.residualRow, steps.outPixel] as const])], (edge) => {
        for (const argument of [at, y, residual, gates, weights, p.scratch, rows]) local.get(argument);
        f.call(edge ? edgeOutputs : outputs);
        local.increase(at, room.sumTile);
      });
    };

    local.get(p.x);
    i32.const(steps.start);
    i32.add();
    local.set(x);
    copy(p.y, yBlock);
    copy(p.residual, residualBlock);
    advance(x, p.rowBegin, steps.inRow);
    advance(yBlock, p.rowBegin, steps.outRow);
    if (epilogue.residual !== undefined) advance(residualBlock, p.rowBegin, steps.residualRow);
    local.get(p.rowBegin);
    i32.const(OUT);
    i32.div_u();
    local.set(rowBlock);
    // left = tiles of the part
    local.get(p.rowEnd);
    i32.const(OUT - 1);
    i32.add();
    i32.const(OUT);
    i32.div_u();
    local.get(rowBlock);
    i32.sub();
    i32.const(across);
    i32.mul();
    local.set(left);
    local.get(p.panelBegin);
    local.get(p.panelEnd);
    i32.ge_s();
    f.if(() => f.return());
    f.while(() => {
      local.get(left);
      i32.const(0);
      i32.gt_s();
    }, () => {
      // tiles = min(block, left)
      local.get(left);
      i32.const(room.tiles);
      local.get(left);
      i32.const(room.tiles);
      i32.lt_s();
      f.select();
      local.set(tiles);
      copy(rowBlock, row);
      copy(columnBlock, column);
      inputTiles();
      copy(p.panelBegin, panel);
      f.doWhile(() => {
        copy(p.w, weights);
        advance(weights, panel, 4 * PANEL * (PLACES * input.channels + 1));
        if (fullPanel !== undefined && restPanel !== undefined) {
          local.get(panel);
          i32.const(full);
          i32.lt_s();
          f.if(() => onePanel(fullPanel), () => onePanel(restPanel));
        } else {
          const only = fullPanel ?? restPanel;
          if (only !== undefined) onePanel(only);
        }
        local.increase(panel, 1);
        local.get(panel);
        local.get(p.panelEnd);
        i32.ne();
      });
      // The walk over the outputs of a panel has come to where the next block begins.
      copy(row, rowBlock);
      copy(column, columnBlock);
      local.get(left);
      local.get(tiles);
      i32.sub();
      local.set(left);
      // The same for the images, without the panel.
      for (const [image, block, first] of [[y, yBlock, p.y], [residual, residualBlock, p.residual]] as const) {
        if (image === residual && epilogue.residual === undefined) continue;
        const [nextRow, nextPixel] = [image === y ? steps.outRow : steps.residualRow, steps.outPixel];
        copy(first, block);
        advance(block, row, OUT * nextRow);
        advance(block, column, OUT * nextPixel);
      }
    });
  });
}

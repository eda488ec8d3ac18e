/**
 * 3x3 convolution with stride 1 by Winograd's algorithm, F(4x4, 3x3) (winograd/tile.ts; Lavin and Gray, "Fast Algorithms for Convolutional
 * Neural Networks", 2015, algorithm 1).
 *
 * The image is cut into tiles of 4x4 outputs. A block of tiles is computed at a time, in three passes:
 *   1. the inputs of its tiles are transformed, for all channels (input.ts);
 *   2. for each panel of output channels 36 matrices are multiplied, one for each place of a tile. The row kernels of direct convolution do
 *      that: a tile is a pixel there (../row.ts);
 *   3. the panel's sums, still in the cache, are transformed into outputs, with the epilogue (output.ts).
 * The weights are those of direct convolution and are transformed in the run (weights.ts): transformed they are four times as large, and
 * reading them from memory would take longer. Small weights, which stay in the cache, are transformed when they are packed.
 *
 * The function is called like those of ../direct.ts, with one argument more: working memory. Parts begin at rows that 4 divides, and end
 * there or with the image. Parts and blocks change no bit of a result.
 *
 * Errors are larger than those of direct sums: within 1e-5 of the largest output, typically a tenth of that
 * (test/wasm/convolution/winograd.test.ts). NaN and infinity come through, but may spread to NaN over the 4x4 pixels of their tile.
 */
import { convPanels } from "../panels.ts";
import { checkConv, convName, convPitches } from "../params.ts";
import type { ConvParams } from "../params.ts";
import { emitRow } from "../row.ts";
import type { RowFunc } from "../row-kernel.ts";
import { scratchParams } from "../direct.ts";
import type { ScratchFunc, ScratchKernel } from "../direct.ts";
import type { Local } from "../../assembler/handles.ts";
import { rowBytes } from "../../shared/layout.ts";
import { address, atMost, offset, set } from "../../shared/addresses.ts";
import { repeat, wholeOrRest } from "../../shared/loops.ts";
import type { ModuleBuilder } from "../../assembler/module-builder.ts";
import { PANEL, tilePixels, winogradBlock } from "../tiles.ts";
import type { WinogradBlock } from "../tiles.ts";
import { emitInputTransform } from "./input.ts";
import type { InputFunc } from "./input.ts";
import { emitOutputTransform } from "./output.ts";
import type { OutputFunc } from "./output.ts";
import { OUT, PLACES, SIDE } from "./tile.ts";
import { emitWeightTransform } from "./weights.ts";
import type { WeightFunc } from "./weights.ts";

export interface WinogradKernel extends ScratchKernel {
  /** Are its weights those of convolution/winograd/panels.ts, not of convolution/panels.ts? */
  readonly transformed: boolean;
}

/** Has it a kernel of this sort? */
export function isWinograd({ kernel, stride, dilation, groups }: ConvParams): boolean {
  return groups === 1 && kernel.every((size) => size === 3) && [...stride, ...dilation].every((size) => size === 1);
}

/** Bytes of a group's working memory: first scratch for a tile, then the transformed inputs, then sums, then transformed weights. */
interface Room {
  /** From tile to tile, and from place to place. */
  readonly inTile: number;
  readonly inPlace: number;
  readonly sumTile: number;
  readonly sumPlace: number;
  /** Of a panel's weights. */
  readonly weightPlace: number;
  /** Where they begin. */
  readonly inputs: number;
  readonly sums: number;
  readonly weights: number;
  readonly end: number;
}

export function roomOf(params: ConvParams, { tiles, inputs: channels }: WinogradBlock): Room {
  // Two vectors for each place.
  const inputs = 32 * PLACES;
  const inTile = 16 * Math.ceil(convPanels(params).inPerGroup / 4);
  const sumTile = 4 * PANEL;
  // One more line of the cache between places: else all 36 of a tile would fall on the same few sets of it.
  const inPlace = tiles * inTile + 64;
  const sumPlace = tiles * sumTile + 64;
  const weightPlace = 4 * PANEL * channels + 64;
  const sums = inputs + PLACES * inPlace;
  const weights = sums + PLACES * sumPlace;
  const end = weights + (channels > 0 ? PLACES * weightPlace : 0);
  return { inTile, inPlace, sumTile, sumPlace, weightPlace, inputs, sums, weights, end };
}

/**
 * @param block what is computed together
 * @throws RangeError where the sizes do not belong together, or the convolution is none of 3x3 with stride 1
 */
export function winogradKernel(params: ConvParams, block: WinogradBlock = winogradBlock(params)): WinogradKernel {
  checkConv("winogradKernel", params);
  if (!isWinograd(params)) {
    throw new RangeError(`winogradKernel: wants kernel 3x3, stride 1, dilation 1 and groups 1, got ${convName(params)}`);
  }
  const { tiles, pixels, inputs } = block;
  const name = `f32_winograd4x4_${pixels}x${PANEL}_${convName(params)}x${params.output.height}_b${tiles}_${inputs}`;
  return {
    name, panels: convPanels(params).count, scratch: roomOf(params, block).end / 4, transformed: inputs === 0,
    emit: (m) => emitWinograd(m, name, params, block, true),
  };
}

/** The functions for one width of panel. */
interface PanelFuncs {
  readonly transform: WeightFunc | undefined;
  /** The products of the first input channels, and those of the others, which are added to them. */
  readonly products: RowFunc;
  readonly moreProducts: RowFunc;
  /** For whole tiles, and for those at the right edge, where they are others. */
  readonly outputs: OutputFunc;
  readonly edgeOutputs: OutputFunc;
  /** Bytes of the biases. */
  readonly biases: number;
}

/** Of one group: addresses and panels are those of its channels. @param exported may the host call it? */
export function emitWinograd(m: ModuleBuilder, name: string, params: ConvParams, block: WinogradBlock, exported: boolean): ScratchFunc {
  const { input, output, epilogue, fma, wide = false, tall } = params;
  const room = roomOf(params, block);
  const { full, rest, restColumns, inPerGroup } = convPanels(params);
  /** Input channels at once. */
  const each = block.inputs || inPerGroup;
  const times = inPerGroup / each;
  const pitches = convPitches(params);
  const across = Math.ceil(output.width / OUT);
  const down = Math.ceil(output.height / OUT);
  const edgeColumns = output.width - OUT * (across - 1);
  const edgeRows = output.height - OUT * (down - 1);

  const inputsOf = (columns: number): InputFunc => emitInputTransform(m, {
    name: `${name}_in${columns}`, channels: inPerGroup, columns, inRow: rowBytes(input), inPixel: pitches.inPixel,
    placePitch: room.inPlace, wide, fma,
  });
  const edgeInputs = inputsOf(edgeColumns + SIDE - OUT);
  const inputs = edgeColumns === OUT || across === 1 ? edgeInputs : inputsOf(SIDE);
  const panelOf = (columns: number, valid: number): PanelFuncs => {
    const outputsOf = (tileColumns: number): OutputFunc => emitOutputTransform(m, {
      name: `${name}_out${tileColumns}_${valid}`, valid, columns: tileColumns, placePitch: room.sumPlace,
      outRow: pitches.outRow, outPixel: pitches.outPixel, residualRow: pitches.residualRow, epilogue, wide, fma,
    });
    const edgeOutputs = outputsOf(edgeColumns);
    const row = (begin: "zero" | "output"): RowFunc => emitRow(m, {
      name: `${name}_row${valid}_${begin}`, pixels: columns === PANEL ? block.pixels : tilePixels(columns, params), columns,
      valid: columns, width: undefined, segments: [], run: each, begin, inPixel: room.inTile, outPixel: room.sumTile, residualPixel: 0,
      epilogue: { gate: false, residual: undefined, activation: undefined }, fma, wide, tall,
    });
    const products = row("zero");
    return {
      transform: block.inputs === 0 ? undefined : emitWeightTransform(m, {
        name: `${name}_w${valid}`, columns, inputs: each, tapPitch: 4 * columns * inPerGroup, placePitch: room.weightPlace, wide, fma,
      }),
      products, moreProducts: times > 1 ? row("output") : products,
      outputs: edgeColumns === OUT || across === 1 ? edgeOutputs : outputsOf(OUT), edgeOutputs, biases: 4 * columns,
    };
  };
  const fullPanel = full > 0 ? panelOf(PANEL, PANEL) : undefined;
  const restPanel = rest > 0 ? panelOf(restColumns, rest) : undefined;

  return m.func(name, { params: scratchParams, export: exported }, (f, p) => {
    const { local, i32 } = f;
    /**
     * The block: its tiles, and where it begins: row and column of tiles, and the address of its first tile in each image; transformed
     * weights, those that they come from, the inputs of the channels at hand.
     */
    const [tiles, left, row, column, x, y, residual, yBlock, residualBlock, rowBlock, columnBlock] =
      "tiles left row column x_tile y_tile residual_tile y_block residual_block row_block column_block"
        .split(" ").map((each) => local.i32(each));
    const [panel, weights, gates, at, count, place, rows, kernels, from, channels] =
      "panel weights gates at count place tile_rows kernels from channels".split(" ").map((each) => local.i32(each));

    const constant = (to: Local<"i32">, value: number): void => {
      i32.const(value);
      local.set(to);
    };
    /** Goes over the block's tiles; `images` are moved along, with their bytes to the next row and pixel. */
    const overTiles = (images: readonly (readonly [Local<"i32">, number, number])[], body: (edge: boolean) => void): void => {
      set(f, count, tiles);
      f.countDown(count, () => {
        // rows = rows of this tile that the image has
        i32.const(edgeRows);
        i32.const(OUT);
        local.get(row);
        i32.const(down - 1);
        i32.eq();
        f.select();
        local.set(rows);
        local.get(column);
        i32.const(across - 1);
        i32.eq();
        f.if(() => {
          body(true);
          constant(column, 0);
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
      set(f, at, p.scratch, room.inputs);
      overTiles([[x, pitches.inRow, pitches.inPixel]], (edge) => {
        for (const argument of [x, at, p.scratch, rows]) local.get(argument);
        i32.const(SIDE - OUT);
        i32.add();
        f.call(edge ? edgeInputs : inputs);
        local.increase(at, room.inTile);
      });
    };
    const onePanel = ({ transform, products, moreProducts, outputs, edgeOutputs, biases }: PanelFuncs): void => {
      set(f, from, weights, biases);
      set(f, channels, p.scratch, room.inputs);
      if (transform === undefined) set(f, kernels, from);
      else set(f, kernels, p.scratch, room.weights);
      const part = (func: RowFunc): void => {
        if (transform !== undefined) {
          local.get(from);
          local.get(kernels);
          f.call(transform);
        }
        constant(place, 0);
        f.doWhile(() => {
          address(f, channels, 0, place, room.inPlace);
          address(f, kernels, 0, place, transform === undefined ? biases * inPerGroup : room.weightPlace);
          address(f, p.scratch, room.sums, place, room.sumPlace);
          // No epilogue reads the residual or the gates.
          i32.const(0);
          i32.const(0);
          local.get(tiles);
          f.call(func);
          local.increase(place, 1);
          local.get(place);
          i32.const(PLACES);
          i32.ne();
        });
        local.increase(from, each * biases);
        local.increase(channels, 4 * each);
      };
      part(products);
      if (times > 1) repeat(f, times - 1, () => part(moreProducts));
      set(f, row, rowBlock);
      set(f, column, columnBlock);
      for (const [image, start] of [[y, yBlock], [residual, residualBlock], [gates, p.gate]]) offset(f, image, start, panel, 4 * PANEL);
      set(f, at, p.scratch, room.sums);
      overTiles([[y, pitches.outRow, pitches.outPixel], [residual, pitches.residualRow, pitches.outPixel]], (edge) => {
        for (const argument of [at, y, residual, gates, weights, p.scratch, rows]) local.get(argument);
        f.call(edge ? edgeOutputs : outputs);
        local.increase(at, room.sumTile);
      });
    };

    address(f, p.x, pitches.start, p.rowBegin, pitches.inRow);
    local.set(x);
    // Tiles of rows before the part, and those that are left of it.
    for (const [to, end] of [[rowBlock, p.rowBegin], [left, p.rowEnd]]) {
      local.get(end);
      i32.const(OUT - 1);
      i32.add();
      i32.const(OUT);
      i32.div_u();
      local.set(to);
    }
    local.decrease(left, rowBlock);
    local.get(left);
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
      set(f, tiles, left);
      atMost(f, tiles, block.tiles);
      for (const [start, image, nextRow] of [[yBlock, p.y, pitches.outRow], [residualBlock, p.residual, pitches.residualRow]] as const) {
        offset(f, start, image, rowBlock, OUT * nextRow);
        offset(f, start, start, columnBlock, OUT * pitches.outPixel);
      }
      set(f, row, rowBlock);
      set(f, column, columnBlock);
      inputTiles();
      set(f, panel, p.panelBegin);
      f.doWhile(() => {
        offset(f, weights, p.w, panel, 4 * PANEL * ((block.inputs === 0 ? PLACES : 9) * inPerGroup + 1));
        wholeOrRest(f, panel, full, fullPanel, restPanel, onePanel);
        local.increase(panel, 1);
        local.get(panel);
        local.get(p.panelEnd);
        i32.ne();
      });
      // The walk over the outputs of a panel has come to where the next block begins.
      set(f, rowBlock, row);
      set(f, columnBlock, column);
      local.decrease(left, tiles);
    });
  });
}

/**
 * Gradient of a convolution by its weights: dweight += sum over images and pixels of dy * x, of each weight over the places where it
 * was used.
 *
 * The tile is that of the forward pass: some places of the kernel (a place is a kernel row, kernel column and input channel: one term of a
 * panel) times a panel of output channels, summed in registers over a block of pixels (filter-tile.ts); the sums of blocks are added up in
 * `scratch`, which lies as packed weights do without their biases, and in the end added to dweight, which lies as weights do.
 *
 * The order of a sum: pixels of a block left to right, row by row, image by image, each product rounded first unless `fma`; then blocks in
 * order. A block is about BLOCK_PIXELS pixels of whole rows. Sums of short runs err less than one long sum: of random numbers, images of
 * 28x28, batch 128, which are 100,352 products a weight, the largest error is 9e-7 of the largest gradient.
 *
 * Parts are some tiles of one panel, over all images: so threads share no sum. Where pixels of dy lie far apart, each part copies its panel
 * of a block together first, to a place of its own behind the sums.
 *
 * Longer than 300 lines: one nest of loops, from the parts of a layer down to a tile.
 */
import type { FunctionBuilder } from "../../assembler/function-builder.ts";
import type { Local } from "../../assembler/handles.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { imageBytes, paddedBytes, pixelBytes, rowBytes } from "../../shared/layout.ts";
import { PANEL, tilePixels } from "../../convolution/tiles.ts";
import { checkGradient, gradientName } from "./phases.ts";
import type { ConvGradientParams } from "./phases.ts";
import { convPanels } from "../../convolution/panels.ts";
import type { Panels } from "../../convolution/panels.ts";
import { forwardParams } from "./panels.ts";
import { assign, blockSize, divide, offset } from "../../shared/addresses.ts";
import { range, rangeBy } from "../../shared/loops.ts";
import { emitFilterTile, emitPanelCopy } from "./filter-tile.ts";
import type { FilterTile, PixelLoop } from "./filter-tile.ts";

type I32 = Local<"i32">;

/**
 * Pixels of a block, about: 64 bytes of each of dy and x a pixel must fit the first-level cache together, and distances that are powers of
 * two let few of its sets be used. Blocks of 112, 224 and 800: 3x3 on 16 channels of 28x28 31, 29, 29 GFLOP/s; on 64 of 7x7 27, 23, 19.
 */
const BLOCK_PIXELS = 112;
/** Parts of a layer, at least, where it has tiles enough: threads have something to share. */
const PARTS = 12;
/**
 * dy is copied to where its pixels are neighbours if they lie further apart than this, and the copy serves so many tiles: lines a power of
 * two apart share few sets of the first-level cache.
 */
const NEAR_CHANNELS = 32;
const COPY_TILES = 16;

/** A width of panels: how many places a tile has, and tiles and parts of a panel. */
interface Width {
  readonly columns: number;
  readonly valid: number;
  readonly places: number;
  readonly tiles: number;
  readonly parts: number;
  /** Tiles of a part, but for the last one of a panel. */
  readonly partTiles: number;
  /** Is dy copied? */
  readonly copied: boolean;
}

function widthOf(columns: number, valid: number, { terms, count }: Panels, params: ConvGradientParams): Width {
  const places = tilePixels(columns, params);
  const tiles = Math.ceil(terms / places);
  const partTiles = Math.ceil(tiles / Math.ceil(PARTS / count));
  return {
    columns, valid, places, tiles, parts: Math.ceil(tiles / partTiles), partTiles,
    copied: params.output.channels > NEAR_CHANNELS && partTiles >= COPY_TILES,
  };
}

interface Plan {
  readonly panels: Panels;
  readonly full: Width | undefined;
  readonly rest: Width | undefined;
  /** Parts of a group. */
  readonly perGroup: number;
  /** Floats of scratch for a full panel, and for a group. */
  readonly panelSize: number;
  readonly groupSize: number;
  /** Where in scratch copies of dy begin, and floats of each part's. */
  readonly copies: number;
  readonly copySize: number;
}

function planOf(params: ConvGradientParams): Plan {
  const panels = convPanels(forwardParams(params));
  const full = panels.full > 0 ? widthOf(PANEL, PANEL, panels, params) : undefined;
  const rest = panels.rest > 0 ? widthOf(panels.restColumns, panels.rest, panels, params) : undefined;
  const size = (width: Width | undefined): number => (width === undefined ? 0 : width.tiles * width.places * width.columns);
  const groupSize = panels.full * size(full) + size(rest);
  const { images, rows } = blocksOf(params);
  const copied = full?.copied === true || rest?.copied === true;
  return {
    panels, full, rest, perGroup: panels.full * (full?.parts ?? 0) + (rest?.parts ?? 0), panelSize: size(full), groupSize,
    copies: 16 * Math.ceil((params.groups * groupSize) / 16), copySize: copied ? images * rows * params.output.width * PANEL : 0,
  };
}

/** Floats of scratch that the kernel wants, for all threads together; what is in it does not matter. */
export function convFilterScratch(params: ConvGradientParams): number {
  const { perGroup, copies, copySize } = planOf(params);
  return copies + params.groups * perGroup * copySize;
}

/** How the pixels are cut into blocks: rows of an image, or images. */
function blocksOf({ batch, output }: ConvGradientParams): { images: number; rows: number } {
  const pixels = output.height * output.width;
  if (pixels <= BLOCK_PIXELS) {
    const images = Math.min(batch, Math.floor(BLOCK_PIXELS / pixels));
    return { images: Math.ceil(batch / Math.ceil(batch / images)), rows: output.height };
  }
  const rows = Math.max(1, Math.floor(BLOCK_PIXELS / output.width));
  return { images: 1, rows: Math.ceil(output.height / Math.ceil(output.height / rows)) };
}

/**
 * The function's arguments: dweight ([outChannels][inChannels / groups][kernelHeight][kernelWidth], to be added to), scratch
 * (`convFilterScratch` floats), x, dy, begin, end. The halo of x must be zero, and at least the padding.
 *
 * @throws RangeError where the sizes do not belong together
 */
export function convFilterKernel(params: ConvGradientParams): Kernel {
  const { batch, input, output, kernel, stride, padding, dilation, groups, fma, wide } = params;
  const name = `f32_conv_filter_${gradientName(params)}`;
  checkGradient(name, params);
  const widest = Math.max(...padding, ...(params.paddingEnd ?? padding));
  if (input.halo < widest) throw new RangeError(`${name}: input halo wants at least the padding, ${widest}, got ${input.halo}`);
  const plan = planOf(params);
  const { panels, full, rest } = plan;
  const blocks = blocksOf(params);
  const run = groups === 1 && (dilation[1] === 1 || kernel[1] === 1) ? kernel[1] * input.channels : panels.inPerGroup;
  const seamless = [...kernel, ...stride].every((size) => size === 1) && input.halo + output.halo + padding[0] + padding[1] === 0;
  const flat = seamless ? blocks.images * blocks.rows * output.width : 0;
  const emit: Kernel["emit"] = (m) => {
    // Bytes between images, rows and pixels of x, dy, and the copy of dy.
    const ofX = [imageBytes(input), stride[0] * rowBytes(input), stride[1] * pixelBytes(input)];
    const ofDy = [imageBytes(output), rowBytes(output), pixelBytes(output)];
    const ofCopy = ({ columns }: Width): number[] => [output.height * output.width, output.width, 1].map((pixels) => 4 * columns * pixels);
    const loops = (x: readonly number[], dy: readonly number[]): PixelLoop[] => {
      const all = [blocks.images === 1 ? 1 : undefined, blocks.images === 1 ? undefined : output.height, output.width].map(
        (count, i) => ({ count, x: x[i], dy: dy[i] }),
      );
      return flat > 0 ? [{ ...all[2], count: undefined }] : all;
    };
    const tileOf = (width: Width): FilterTile => ({
      name: `${name}_tile${width.valid}`, places: width.places, columns: width.columns, valid: width.copied ? width.columns : width.valid,
      fma, wide,
      // Neighbours in memory, where no tile goes over the end of a run.
      together: run % width.places === 0,
      loops: loops(ofX, width.copied ? ofCopy(width) : ofDy),
    });
    const tiles = [full, rest].flatMap((width) => (width === undefined ? [] : [{
      width, func: emitFilterTile(m, tileOf(width)),
      copy: width.copied ? emitPanelCopy(
        m, `${name}_copy${width.valid}`, loops(ofCopy(width), ofDy), width.columns, width.valid,
      ) : undefined,
    }]));
    const given = { dweight: "i32", scratch: "i32", x: "i32", dy: "i32", begin: "i32", end: "i32" } as const;
    return m.func(name, { params: given, export: true }, (f, p) => {
      const { local, i32 } = f;
      const names = [
        "part", "image", "row", "count", "block_x", "block_dy", "group", "channel", "column", "sums", "tile", "tile_end", "place",
        "weights",
      ];
      const [part, image, row, count, blockX, blockDy, group, channel, column, sums, tile, tileEnd, place, weights] = names.map(
        (each) => local.i32(each),
      );
      /** Emits `body` for the parts of this call: its width; group, first channel, scratch and tiles are in their locals. */
      const overParts = (body: (index: number) => void): void => {
        assign(f, part, p.begin);
        range(f, part, p.end, () => {
          divide(f, group, column, part, plan.perGroup);
          const one = (index: number): void => {
            const { width } = tiles[index];
            if (width === full) {
              divide(f, channel, tile, column, width.parts);
            } else {
              local.get(column);
              i32.const(panels.full * (full?.parts ?? 0));
              i32.sub();
              local.set(tile);
              assign(f, channel, panels.full);
            }
            offset(f, sums, p.scratch, group, groups === 1 ? 0 : 4 * plan.groupSize);
            offset(f, sums, sums, channel, 4 * plan.panelSize);
            local.get(channel);
            i32.const(PANEL);
            i32.mul();
            local.set(channel);
            local.get(tile);
            i32.const(width.partTiles);
            i32.mul();
            local.tee(tile);
            // tileEnd = min(tile + partTiles, tiles)
            i32.const(width.partTiles);
            i32.add();
            local.set(tileEnd);
            local.get(tileEnd);
            i32.const(width.tiles);
            local.get(tileEnd);
            i32.const(width.tiles);
            i32.lt_s();
            f.select();
            local.set(tileEnd);
            offset(f, sums, sums, tile, 4 * width.places * width.columns);
            body(index);
          };
          if (tiles.length === 1) return one(0);
          local.get(column);
          i32.const(panels.full * (full?.parts ?? 0));
          i32.lt_s();
          f.if(() => one(0), () => one(1));
        });
      };

      overParts((index) => {
        const { width } = tiles[index];
        local.get(sums);
        i32.const(0);
        local.get(tileEnd);
        local.get(tile);
        i32.sub();
        i32.const(4 * width.places * width.columns);
        i32.mul();
        f.memory.fill();
      });

      const blockOfParts = (): void => overParts((index) => {
        const { width, func, copy } = tiles[index];
        const [dy, base] = [local.i32("dy_panel"), local.i32("x_group")];
        const pointers = local.array("i32", "x", width.places);
        offset(f, dy, blockDy, group, groups === 1 ? 0 : 4 * panels.outPerGroup);
        offset(f, dy, dy, channel, 4);
        offset(f, base, blockX, group, groups === 1 ? 0 : 4 * panels.inPerGroup);
        if (copy !== undefined) {
          const to = local.i32("copy");
          offset(f, to, p.scratch, part, 4 * plan.copySize);
          local.increase(to, 4 * plan.copies);
          for (const argument of [to, dy, count]) local.get(argument);
          f.call(copy);
          assign(f, dy, to);
        }
        local.get(tile);
        i32.const(width.places);
        i32.mul();
        local.set(place);
        range(f, tile, tileEnd, () => {
          const together = tileOf(width).together;
          const separate = together ? [pointers[0]] : pointers;
          separate.forEach((pointer, i) => placePointer(f, params, panels, { pointer, base, place, i }));
          for (const pointer of separate) local.get(pointer);
          for (const argument of [dy, sums, count]) local.get(argument);
          f.call(func);
          local.increase(place, width.places);
          local.increase(sums, 4 * width.places * width.columns);
        });
      });
      rangeBy(f, image, 0, batch, blocks.images, () => {
        offset(f, blockX, p.x, image, imageBytes(input));
        offset(f, blockDy, p.dy, image, imageBytes(output));
        local.increase(blockX, paddedBytes(input, padding[0], padding[1]));
        if (flat > 0 || blocks.images > 1) {
          blockSize(f, count, blocks.images, batch, image);
          if (flat > 0 && blocks.images > 1) {
            local.get(count);
            i32.const(output.height * output.width);
            i32.mul();
            local.set(count);
            return blockOfParts();
          }
          if (blocks.images > 1) return blockOfParts();
        }
        rangeBy(f, row, 0, output.height, blocks.rows, () => {
          blockSize(f, count, blocks.rows, output.height, row);
          if (flat > 0) {
            local.get(count);
            i32.const(output.width);
            i32.mul();
            local.set(count);
          }
          blockOfParts();
          local.increase(blockX, blocks.rows * stride[0] * rowBytes(input));
          local.increase(blockDy, blocks.rows * rowBytes(output));
        });
      });

      overParts((index) => {
        const { width } = tiles[index];
        local.get(tile);
        i32.const(width.places);
        i32.mul();
        local.set(place);
        local.get(tileEnd);
        i32.const(width.places);
        i32.mul();
        local.set(tileEnd);
        clamp(f, tileEnd, panels.terms);
        // Of the panel's first channel.
        offset(f, channel, channel, group, panels.outPerGroup);
        offset(f, channel, p.dweight, channel, 4 * panels.terms);
        range(f, place, tileEnd, () => {
          // Place (tap, input channel) of the scratch is (input channel, tap) in dweight.
          divide(f, weights, column, place, panels.inPerGroup);
          offset(f, weights, column, column, kernel[0] * kernel[1] - 1);
          divide(f, column, row, place, panels.inPerGroup);
          local.get(weights);
          local.get(column);
          i32.add();
          local.set(weights);
          offset(f, weights, channel, weights, 4);
          for (let j = 0; j < width.valid; j++) addFloat(f, weights, 4 * j * panels.terms, sums, 4 * j);
          local.increase(sums, 4 * width.columns);
        });
      });
    });
  };
  return { name, parts: groups * plan.perGroup, emit };
}

/** value = min(value, limit) */
function clamp(f: FunctionBuilder, value: I32, limit: number): void {
  const { local, i32 } = f;
  local.get(value);
  i32.const(limit);
  local.get(value);
  i32.const(limit);
  i32.lt_s();
  f.select();
  local.set(value);
}

/** Adds the float at `from` + `fromOffset` to that at `to` + `toOffset`. */
function addFloat(f: FunctionBuilder, to: I32, toOffset: number, from: I32, fromOffset: number): void {
  f.local.get(to);
  f.local.get(to);
  f.f32.load(toOffset);
  f.local.get(from);
  f.f32.load(fromOffset);
  f.f32.add();
  f.f32.store(toOffset);
}

interface Place {
  readonly pointer: I32;
  /** Of x under place 0, for the block's first pixel. */
  readonly base: I32;
  readonly place: I32;
  /** Places after that; what is past the last one is computed as the last one, and thrown away. */
  readonly i: number;
}

/** pointer = where x lies under a place. */
function placePointer(
  f: FunctionBuilder, { input, kernel, dilation }: ConvGradientParams, panels: Panels, { pointer, base, place, i }: Place,
): void {
  const { local, i32 } = f;
  const [tap, channel, row, column] = ["tap", "in_channel", "tap_row", "tap_column"].map((each) => local.i32(each));
  const index = local.i32("index");
  local.get(place);
  i32.const(i);
  i32.add();
  local.set(index);
  if (i > 0) clamp(f, index, panels.terms - 1);
  divide(f, tap, channel, index, panels.inPerGroup);
  divide(f, row, column, tap, kernel[1]);
  offset(f, pointer, base, row, dilation[0] * rowBytes(input));
  offset(f, pointer, pointer, column, dilation[1] * pixelBytes(input));
  offset(f, pointer, pointer, channel, 4);
}

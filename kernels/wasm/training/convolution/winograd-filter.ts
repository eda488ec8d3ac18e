/**
 * Gradient of a 3x3 convolution with stride 1 by its weights, by Winograd's method: forward was, for each tile of 4x4 outputs,
 * y = A^T [(G g G^T) * (B^T d B)] A (convolution/winograd/tile.ts), hence dg = G^T [sum over tiles of (B^T d B) * (A dy A^T)] G: 36
 * products a tile and pair of channels instead of 144.
 *
 * A unit is some input channels of one panel of output channels: so threads share no sum. It transforms a block of tiles of x and of dy,
 * adds their products to its 36 sums for each pair of channels, and in the end transforms these. Parts are units one after the other, in
 * the same working memory. With few channels each unit would transform the same x or dy again: so there units are few, and each is cut by
 * images, as often as the batch says, not the threads; a second kernel adds the sums of its cuts and transforms those.
 *
 * The order of a sum: tiles of a block, row by row, image by image, from 0; then blocks in order; then cuts in order.
 *
 * Longer than 300 lines: one nest of loops, from the units of a layer down to a tile, and what adds its sums.
 */
import type { Func } from "../../assembler/handles.ts";
import type { ModuleBuilder } from "../../assembler/module-builder.ts";
import { convPanels } from "../../convolution/panels.ts";
import { convPitches } from "../../convolution/params.ts";
import { PANEL } from "../../convolution/tiles.ts";
import { emitInputTransform } from "../../convolution/winograd/input.ts";
import { OUT, PLACES, SIDE } from "../../convolution/winograd/tile.ts";
import type { VectorArithmetic } from "../../shared/arithmetic.ts";
import { address, assign, atMost, blockSize, divide, offset, set } from "../../shared/addresses.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { imageBytes, rowBytes } from "../../shared/layout.ts";
import { overFloats, range, wholeOrRest } from "../../shared/loops.ts";
import { emitFilterTile } from "./filter-tile.ts";
import { forwardParams } from "./panels.ts";
import { checkGradient, gradientName } from "./phases.ts";
import type { ConvGradientParams } from "./phases.ts";
import { emitGradientTransform, emitSumsTransform } from "./winograd-tile.ts";

/** Units of a layer, or their cuts, at least, and parts, at most; and input channels of a unit, at most. */
const UNITS = 4;
const PARTS = 8;
const MOST_CHANNELS = 128;
/** Bytes of transformed tiles, about: they stay in the second-level cache. */
const BLOCK_BYTES = 384 << 10;

/** Sizes of a unit. Pitches are in bytes, from tile to tile and from place to place. */
interface Unit {
  /** How many there are; cuts of each by images, and images of a cut, but for the last; and parts. */
  readonly count: number;
  readonly cuts: number;
  readonly images: number;
  readonly parts: number;
  /** Input channels, rounded up to whole vectors too, and units of a panel. */
  readonly channels: number;
  readonly padded: number;
  readonly ranges: number;
  /** Of a block. */
  readonly tiles: number;
  readonly xTile: number;
  readonly xPlace: number;
  readonly dyTile: number;
  readonly dyPlace: number;
  /** Where transformed x, dy and scratch begin in a part's memory, behind the sums; and its end. */
  readonly x: number;
  readonly dy: number;
  readonly scratch: number;
  readonly end: number;
}

function unitOf(params: ConvGradientParams): Unit {
  const { input, batch } = params;
  const { count } = convPanels(forwardParams(params));
  const wanted = Math.ceil(input.channels / MOST_CHANNELS);
  let ranges = 1;
  for (let each = wanted; each <= 2 * wanted; each++) {
    if (input.channels % (4 * each) === 0) {
      ranges = each;
      break;
    }
  }
  const channels = input.channels / ranges;
  const padded = 4 * Math.ceil(channels / 4);
  const tiles = Math.min(48, Math.max(8, Math.floor(BLOCK_BYTES / (4 * PLACES * (padded + PANEL)))));
  const [xTile, dyTile] = [4 * padded, 4 * PANEL];
  const [xPlace, dyPlace] = [tiles * xTile + 64, tiles * dyTile + 64];
  const x = 4 * PLACES * padded * PANEL;
  const dy = x + PLACES * xPlace;
  const scratch = dy + PLACES * dyPlace;
  const all = count * ranges;
  const images = all >= UNITS ? batch : Math.ceil(batch / Math.min(batch, Math.ceil(UNITS / all)));
  const cuts = Math.ceil(batch / images);
  const parts = Math.ceil((cuts * all) / Math.ceil((cuts * all) / PARTS));
  return {
    count: all, cuts, images, parts, channels, padded, ranges, tiles, xTile, xPlace, dyTile, dyPlace, x, dy, scratch,
    end: scratch + 32 * PLACES,
  };
}

/** Floats of scratch, for all parts together. */
export function winogradFilterScratch(params: ConvGradientParams): number {
  const { parts, end } = unitOf(params);
  return (parts * end) / 4;
}

/** Input channels of a product: joined to 256 bits, 16 channels take half as many registers. */
function placesOf(columns: number, { wide }: VectorArithmetic): number {
  return columns > 8 && wide !== true ? 2 : 4;
}

/** The functions for one width of panel. */
interface PanelFuncs {
  readonly columns: number;
  readonly gradient: Func;
  readonly edgeGradient: Func;
  /** Input channels of a product, and it. */
  readonly places: number;
  readonly product: Func;
}

/** Adds the transformed sums of a unit to dweight. */
function emitFinish(m: ModuleBuilder, name: string, params: ConvGradientParams, unit: Unit, columns: number, valid: number): Func {
  const { input, fma, wide } = params;
  const finish = emitSumsTransform(m, {
    name: `${name}_sums${valid}`, valid, place: 4 * unit.padded * columns, channel: 4 * 9 * input.channels, fma, wide,
  });
  const given = { sums: "i32", dweight: "i32", scratch: "i32", panel: "i32", channels: "i32" } as const;
  return m.func(`${name}_finish${valid}`, { params: given }, (f, p) => {
    const { local } = f;
    const [to, from, channel] = ["to", "from", "channel"].map((each) => local.i32(each));
    offset(f, to, p.dweight, p.panel, 4 * 9 * input.channels * PANEL);
    offset(f, to, to, p.channels, 4 * 9 * unit.channels);
    set(f, from, p.sums);
    assign(f, channel, 0);
    range(f, channel, unit.channels, () => {
      for (const argument of [from, to, p.scratch]) local.get(argument);
      f.call(finish);
      local.increase(from, 4 * columns);
      local.increase(to, 4 * 9);
    });
  });
}

/**
 * The function's arguments as of convFilterKernel: dweight, scratch (`winogradFilterScratch` floats), x, dy, begin, end.
 * @throws RangeError where the sizes do not belong together
 */
export function winogradFilterKernel(params: ConvGradientParams): Kernel {
  const { batch, input, output, padding, fma, wide } = params;
  const name = `f32_winograd_filter_${gradientName(params)}`;
  checkGradient(name, params);
  const widest = Math.max(...padding, ...(params.paddingEnd ?? padding));
  if (input.halo < widest) throw new RangeError(`${name}: input halo wants at least the padding, ${widest}, got ${input.halo}`);
  const forward = forwardParams(params);
  const { full, rest, restColumns } = convPanels(forward);
  const pitches = convPitches(forward);
  const unit = unitOf(params);
  const perPart = Math.ceil((unit.count * unit.cuts) / unit.parts);
  const [across, down] = [output.width, output.height].map((size) => Math.ceil(size / OUT));
  const edgeColumns = output.width - OUT * (across - 1);
  const edgeRows = output.height - OUT * (down - 1);

  const panelOf = (m: ModuleBuilder, columns: number, valid: number): PanelFuncs => {
    const gradientOf = (tileColumns: number): Func => emitGradientTransform(m, {
      name: `${name}_dy${tileColumns}_${valid}`, valid, columns: tileColumns, row: pitches.outRow, pixel: pitches.outPixel,
      placePitch: unit.dyPlace, fma, wide,
    });
    const edgeGradient = gradientOf(edgeColumns);
    const places = placesOf(columns, params);
    return {
      columns, edgeGradient, gradient: edgeColumns === OUT || across === 1 ? edgeGradient : gradientOf(OUT), places,
      product: emitFilterTile(m, {
        name: `${name}_tile${valid}`, places, columns, valid: columns, together: true, fma, wide,
        loops: [{ count: undefined, x: unit.xTile, dy: unit.dyTile }],
      }),
    };
  };
  const emit: Kernel["emit"] = (m) => {
    const inputsOf = (columns: number): Func => emitInputTransform(m, {
      name: `${name}_in${columns}`, channels: unit.channels, columns, inRow: rowBytes(input), inPixel: pitches.inPixel,
      placePitch: unit.xPlace, wide, fma,
    });
    const edgeInputs = inputsOf(edgeColumns + SIDE - OUT);
    const inputs = edgeColumns === OUT || across === 1 ? edgeInputs : inputsOf(SIDE);
    const whole = full > 0 ? panelOf(m, PANEL, PANEL) : undefined;
    const last = rest > 0 ? panelOf(m, restColumns, rest) : undefined;
    const finishes = unit.cuts > 1 ? new Map<PanelFuncs, Func>() : new Map([[whole, PANEL, PANEL], [last, restColumns, rest]].flatMap(
      ([panel, columns, valid]) => (panel === undefined ? [] : [[
        panel as PanelFuncs, emitFinish(m, name, params, unit, columns as number, valid as number),
      ] as const]),
    ));
    const given = { dweight: "i32", scratch: "i32", x: "i32", dy: "i32", begin: "i32", end: "i32" } as const;
    return m.func(name, { params: given, export: true }, (f, p) => {
      const { local, i32 } = f;
      const [panel, channels, work, xBase, dyBase, x, dy, image, row, column] =
        "panel channels work x_base dy_base x_tile dy_tile image row column".split(" ").map((each) => local.i32(each));
      const [index, indexEnd] = ["unit", "units_end"].map((each) => local.i32(each));
      const [left, tiles, counter, rows, xTo, dyTo, scratch, place, from, sums, channel, cut] =
        "left tiles counter rows x_to dy_to tile_scratch place from sums channel cut".split(" ").map((each) => local.i32(each));

      /** Transforms the tile at hand, and goes on to the next. */
      const oneTile = ({ gradient, edgeGradient }: PanelFuncs): void => {
        i32.const(edgeRows);
        i32.const(OUT);
        local.get(row);
        i32.const(down - 1);
        i32.eq();
        f.select();
        local.set(rows);
        const transform = (input: Func, gradient: Func): void => {
          for (const argument of [x, xTo, scratch, rows]) local.get(argument);
          i32.const(SIDE - OUT);
          i32.add();
          f.call(input);
          for (const argument of [dy, dyTo, scratch, rows]) local.get(argument);
          f.call(gradient);
        };
        local.get(column);
        i32.const(across - 1);
        i32.eq();
        f.if(() => {
          transform(edgeInputs, edgeGradient);
          assign(f, column, 0);
          local.increase(row, 1);
          local.increase(x, OUT * (pitches.inRow - (across - 1) * pitches.inPixel));
          local.increase(dy, OUT * (pitches.outRow - (across - 1) * pitches.outPixel));
          local.get(row);
          i32.const(down);
          i32.eq();
          f.if(() => {
            assign(f, row, 0);
            local.increase(image, 1);
            offset(f, x, xBase, image, imageBytes(input));
            offset(f, dy, dyBase, image, imageBytes(output));
          });
        }, () => {
          transform(inputs, gradient);
          local.increase(column, 1);
          local.increase(x, OUT * pitches.inPixel);
          local.increase(dy, OUT * pitches.outPixel);
        });
        local.increase(xTo, unit.xTile);
        local.increase(dyTo, unit.dyTile);
      };

      /** 36 times the products of a block. */
      const products = ({ columns, places, product }: PanelFuncs): void => {
        set(f, sums, work);
        assign(f, place, 0);
        range(f, place, PLACES, () => {
          address(f, work, unit.x, place, unit.xPlace);
          local.set(from);
          address(f, work, unit.dy, place, unit.dyPlace);
          local.set(dyTo);
          assign(f, channel, 0);
          range(f, channel, unit.padded / places, () => {
            for (const argument of [from, dyTo, sums, tiles]) local.get(argument);
            f.call(product);
            local.increase(from, 4 * places);
            local.increase(sums, 4 * places * columns);
          });
        });
      };

      const oneUnit = (funcs: PanelFuncs): void => {
        local.get(work);
        i32.const(0);
        i32.const(4 * PLACES * unit.padded * funcs.columns);
        f.memory.fill();
        for (const each of [row, column]) assign(f, each, 0);
        local.get(cut);
        i32.const(unit.images);
        i32.mul();
        local.set(image);
        offset(f, x, xBase, image, imageBytes(input));
        offset(f, dy, dyBase, image, imageBytes(output));
        set(f, scratch, work, unit.scratch);
        blockSize(f, left, unit.images, batch, image);
        local.get(left);
        i32.const(across * down);
        i32.mul();
        local.set(left);
        f.doWhile(() => {
          set(f, tiles, left);
          atMost(f, tiles, unit.tiles);
          set(f, xTo, work, unit.x);
          set(f, dyTo, work, unit.dy);
          set(f, counter, tiles);
          f.countDown(counter, () => oneTile(funcs));
          products(funcs);
          local.decrease(left, tiles);
          local.get(left);
          i32.const(0);
          i32.ne();
        });
        const finish = finishes.get(funcs);
        if (finish === undefined) return;
        for (const argument of [work, p.dweight, scratch, panel, channels]) local.get(argument);
        f.call(finish);
      };

      range(f, p.begin, p.end, () => {
        offset(f, work, p.scratch, p.begin, unit.end);
        local.get(p.begin);
        i32.const(perPart);
        i32.mul();
        local.tee(index);
        i32.const(perPart);
        i32.add();
        local.set(indexEnd);
        atMost(f, indexEnd, unit.count * unit.cuts);
        range(f, index, indexEnd, () => {
          divide(f, panel, cut, index, unit.cuts);
          divide(f, panel, channels, panel, unit.ranges);
          offset(f, xBase, p.x, channels, 4 * unit.channels);
          local.increase(xBase, pitches.start);
          offset(f, dyBase, p.dy, panel, 4 * PANEL);
          wholeOrRest(f, panel, full, whole, last, oneUnit);
        });
      });
    });
  };
  return { name, parts: unit.parts, emit };
}

/**
 * What is to be done when winogradFilterKernel is: undefined where that does it. The function's arguments: dweight, scratch, begin, end;
 * parts are units.
 */
export function winogradFilterEndKernel(params: ConvGradientParams): Kernel | undefined {
  const unit = unitOf(params);
  if (unit.cuts === 1) return undefined;
  const name = `f32_winograd_filter_end_${gradientName(params)}`;
  const { full, rest, restColumns } = convPanels(forwardParams(params));
  const emit: Kernel["emit"] = (m) => {
    const of = (columns: number, valid: number): { columns: number; finish: Func } =>
      ({ columns, finish: emitFinish(m, name, params, unit, columns, valid) });
    const whole = full > 0 ? of(PANEL, PANEL) : undefined;
    const last = rest > 0 ? of(restColumns, rest) : undefined;
    const given = { dweight: "i32", scratch: "i32", begin: "i32", end: "i32" } as const;
    return m.func(name, { params: given, export: true }, (f, p) => {
      const { local, v128, f32x4 } = f;
      const [work, to, from, cut, panel, channels, scratch] =
        "work to from cut panel channels tile_scratch".split(" ").map((each) => local.i32(each));
      range(f, p.begin, p.end, () => {
        offset(f, work, p.scratch, p.begin, unit.cuts * unit.end);
        divide(f, panel, channels, p.begin, unit.ranges);
        wholeOrRest(f, panel, full, whole, last, ({ columns, finish }) => {
          set(f, from, work, unit.end);
          assign(f, cut, 1);
          range(f, cut, unit.cuts, () => {
            const floats = PLACES * unit.padded * columns;
            set(f, to, work);
            overFloats(f, floats, [to, from], 4, (at) => {
              local.get(to);
              local.get(to);
              v128.load(at, 4);
              local.get(from);
              v128.load(at, 4);
              f32x4.add();
              v128.store(at, 4);
            });
            local.increase(from, unit.end - 4 * floats);
          });
          set(f, scratch, work, unit.scratch);
          for (const argument of [work, p.dweight, scratch, panel, channels]) local.get(argument);
          f.call(finish);
        });
      });
    });
  };
  return { name, parts: unit.count, emit };
}

/**
 * Gradient of a convolution by its input: dx = (or, accumulating, +=) the transposed convolution of dy, phase by phase
 * (training/convolution/phases.ts), each a convolution of dy with stride 1 by the row kernel of the forward pass (convolution/row.ts),
 * written to every stride-th pixel of dx.
 *
 * Every element of dx begins at 0 and adds its products in the order (kernel row from the last, kernel column from the last, output
 * channel), each rounded first unless `fma`; then, accumulating, what was there is added. No bit depends on parts.
 *
 * Parts are blocks of rows of images; where dy has one pixel an image (a linear layer is such a convolution), images stand for pixels,
 * so that weights are read once for all of them, and parts are panels.
 */
import { emitRow } from "../../convolution/row.ts";
import type { RowFunc, RowKernel, Segment } from "../../convolution/row-kernel.ts";
import type { FunctionBuilder } from "../../assembler/function-builder.ts";
import type { Local } from "../../assembler/handles.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { imageBytes, pixelBytes, rowBytes, rowPitch } from "../../shared/layout.ts";
import type { Layout } from "../../shared/layout.ts";
import type { ModuleBuilder } from "../../assembler/module-builder.ts";
import { PANEL, rowsPerBlock, tilePixels } from "../../convolution/tiles.ts";
import { checkGradient, gradientHalo, gradientName } from "./phases.ts";
import type { ConvGradientParams } from "./phases.ts";
import { dataPhases } from "./panels.ts";
import type { DataPhase } from "./panels.ts";
import { divide, offset } from "../../shared/addresses.ts";
import { range } from "../../shared/loops.ts";

type I32 = Local<"i32">;

/** Rows of pixels of a phase, and what computes them. */
interface PhaseRows {
  readonly phase: DataPhase;
  readonly full: RowFunc | undefined;
  readonly rest: RowFunc | undefined;
}

/** How images become rows of pixels: everything that differs between images with many pixels and with one. */
interface Geometry {
  /** Are images the pixels of one row? */
  readonly batched: boolean;
  /** Do the rows of a block follow each other without a gap, so that they are one long row? */
  readonly seamless: boolean;
  /** Rows of a block, and blocks of an image; a row here is as many rows of dx as the stride. */
  readonly rows: number;
  readonly blocks: number;
}

/**
 * The function's arguments: dx, dy, packed weights (packGradientKernel), begin, end. The halo of dy must be zero and at least
 * `gradientHalo`.
 *
 * @throws RangeError where the sizes do not belong together
 */
export function convDataKernel(params: ConvGradientParams, accumulate: boolean): Kernel {
  const { batch, input, output, stride } = params;
  const name = `f32_conv_data_${accumulate ? "add_" : ""}${gradientName(params)}`;
  checkGradient(name, params);
  const halo = gradientHalo(params);
  if (output.halo < halo) throw new RangeError(`${name}: output halo wants at least ${halo}, got ${output.halo}`);
  const all = dataPhases(params);
  // Pixels with no tap at all: as many phases as there are, less those that have.
  const gaps = all.length < Math.min(stride[0], input.height) * Math.min(stride[1], input.width);
  const batched = !gaps && output.height * output.width === 1 && all.every(({ rows, columns }) => rows.count * columns.count === 1);
  // With padding dy is the wider one: its rows begin and end outside of dx.
  const seamless = !batched && all.length === 1 && [...params.kernel, ...stride].every((size) => size === 1) &&
    input.halo + output.halo === 0 && input.width === output.width;
  const most = Math.ceil(input.height / stride[0]);
  const rows = Math.min(most, ...all.map(({ conv }) => rowsPerBlock({ ...conv, output: { ...conv.output, height: most } })));
  const geometry = { batched, seamless, rows, blocks: Math.ceil(most / rows) };
  const parts = batched ? all[0]?.panels.count ?? 0 : batch * geometry.blocks;
  const emit: Kernel["emit"] = (m) => {
    const funcs = rowFunctions(m, name, params, geometry, all, accumulate);
    return m.func(name, { params: { dx: "i32", dy: "i32", w: "i32", begin: "i32", end: "i32" }, export: true }, (f, p) => {
      if (batched) return emitBatched(f, params, funcs, p);
      const [image, block, dx, dy] = ["image", "block", "dx", "dy"].map((each) => f.local.i32(each));
      range(f, p.begin, p.end, () => {
        divide(f, image, block, p.begin, geometry.blocks);
        offset(f, dx, p.dx, image, imageBytes(input));
        offset(f, dx, dx, block, rows * stride[0] * rowBytes(input));
        offset(f, dy, p.dy, image, imageBytes(output));
        offset(f, dy, dy, block, rows * rowBytes(output));
        const first = f.local.i32("first");
        offset(f, first, block, block, rows - 1);
        if (gaps && !accumulate) clearRows(f, input, dx, first, rows * stride[0], stride[0]);
        for (const each of funcs) emitPhase(f, params, geometry, each, { dx, dy, w: p.w, first });
      });
    });
  };
  return { name, parts, emit };
}

function rowFunctions(
  m: ModuleBuilder, name: string, params: ConvGradientParams, { batched, seamless }: Geometry, all: readonly DataPhase[],
  accumulate: boolean,
): PhaseRows[] {
  const { input, output, stride, groups, fma, wide } = params;
  const made = new Map<string, RowFunc>();
  return all.map((phase) => {
    const { conv, panels, columns } = phase;
    const rows: Segment = { count: conv.kernel[0], pitch: conv.dilation[0] * rowBytes(output) };
    const across: Segment = { count: conv.kernel[1], pitch: conv.dilation[1] * pixelBytes(output) };
    const joined = groups === 1 && (conv.dilation[1] === 1 || conv.kernel[1] === 1);
    const outPixel = batched ? imageBytes(input) : stride[1] * pixelBytes(input);
    const shared: Omit<RowKernel, "name" | "pixels" | "columns" | "valid"> = {
      width: batched || seamless ? undefined : columns.count,
      segments: (joined ? [rows] : [rows, across]).filter(({ count }) => count > 1),
      run: joined ? conv.kernel[1] * output.channels : panels.inPerGroup,
      inPixel: batched ? imageBytes(output) : pixelBytes(output), outPixel, residualPixel: outPixel,
      epilogue: { gate: false, activation: undefined, residual: accumulate ? input : undefined }, fma, wide,
    };
    const rowOf = (columns: number, valid: number): RowFunc | undefined => {
      if (valid === 0) return undefined;
      const key = `${name}_row${valid}_t${conv.kernel.join("x")}_w${shared.width ?? "any"}`;
      const func = made.get(key) ?? emitRow(m, { ...shared, name: key, pixels: tilePixels(columns, params), columns, valid });
      made.set(key, func);
      return func;
    };
    return { phase, full: rowOf(PANEL, panels.full > 0 ? PANEL : 0), rest: rowOf(panels.restColumns, panels.rest) };
  });
}

/** Emits zeros for `rows` rows of dx from the pointer on, or as many as there are; `first` times `stride` rows are above. */
function clearRows(f: FunctionBuilder, input: Layout, dx: I32, first: I32, rows: number, stride: number): void {
  const { local, i32 } = f;
  const [row, at] = [f.local.i32("row"), f.local.i32("cleared")];
  // From row to min(row + rows, height).
  const end = f.local.i32("rows_end");
  offset(f, row, first, first, stride - 1);
  i32.const(input.height);
  local.get(row);
  i32.const(rows);
  i32.add();
  local.tee(end);
  i32.const(input.height);
  local.get(end);
  i32.lt_s();
  f.select();
  local.set(end);
  local.get(dx);
  local.set(at);
  range(f, row, end, () => {
    local.get(at);
    i32.const(0);
    i32.const(input.width * pixelBytes(input));
    f.memory.fill();
    local.increase(at, rowBytes(input));
  });
}

interface Pointers {
  /** Of the block's first row. */
  readonly dx: I32;
  readonly dy: I32;
  readonly w: I32;
  /** That row, in strides. */
  readonly first: I32;
}

/** All panels for the rows of a block that the phase has. */
function emitPhase(
  f: FunctionBuilder, params: ConvGradientParams, geometry: Geometry, { phase, full, rest }: PhaseRows, at: Pointers,
): void {
  const { input, output, stride } = params;
  const { rows, columns, panels } = phase;
  const { local, i32 } = f;
  const [panel, count, row, x, y, w] = ["panel", "count", "row", "x", "y", "weights"].map((each) => local.i32(each));
  // count = min(geometry.rows, rows.count - first), which may leave none.
  i32.const(rows.count);
  local.get(at.first);
  i32.sub();
  local.set(count);
  i32.const(geometry.rows);
  local.get(count);
  i32.const(geometry.rows);
  local.get(count);
  i32.lt_s();
  f.select();
  local.set(count);
  const fromX = 4 * (rows.start * rowPitch(output) + columns.start * output.channels);
  const fromY = 4 * (rows.first * rowPitch(input) + columns.first * input.channels);
  local.get(count);
  i32.const(0);
  i32.gt_s();
  f.if(() => {
    i32.const(0);
    local.set(panel);
    range(f, panel, panels.count, () => {
      panelPointers(f, params, phase, panel, { x, y, w }, at);
      if (fromX !== 0) local.increase(x, fromX);
      if (fromY !== 0) local.increase(y, fromY);
      local.get(count);
      local.set(row);
      const call = (func: RowFunc): void => {
        for (const argument of [x, w, y, y, y]) local.get(argument);
        local.get(count);
        i32.const(columns.count);
        i32.mul();
        f.call(func);
      };
      eitherRow(f, phase, panel, full, rest, (func) => {
        if (geometry.seamless) return call(func);
        f.countDown(row, () => {
          call(func);
          local.increase(x, rowBytes(output));
          local.increase(y, stride[0] * rowBytes(input));
        });
      });
    });
  });
}

/** Where a panel's group and channels lie. */
function panelPointers(
  f: FunctionBuilder, { input, output, groups }: ConvGradientParams, { panels, start }: DataPhase, panel: I32,
  to: { readonly x: I32; readonly y: I32; readonly w: I32 }, from: { readonly dx: I32; readonly dy: I32; readonly w: I32 },
): void {
  const [group, column] = [f.local.i32("group"), f.local.i32("column")];
  divide(f, group, column, panel, panels.perGroup);
  offset(f, to.x, from.dy, group, groups === 1 ? 0 : 4 * (output.channels / groups));
  offset(f, to.y, from.dx, group, groups === 1 ? 0 : 4 * (input.channels / groups));
  offset(f, to.y, to.y, column, 4 * PANEL);
  offset(f, to.w, from.w, group, groups === 1 ? 0 : 4 * panels.groupSize);
  offset(f, to.w, to.w, column, 4 * PANEL * (panels.terms + 1));
  if (start > 0) f.local.increase(to.w, 4 * start);
}

/** Emits `body` for the function of a full panel, or for that of the last one of its group. */
function eitherRow(
  f: FunctionBuilder, { panels }: DataPhase, panel: I32, full: RowFunc | undefined, rest: RowFunc | undefined,
  body: (func: RowFunc) => void,
): void {
  if (full === undefined || rest === undefined) {
    const only = full ?? rest;
    if (only !== undefined) body(only);
    return;
  }
  f.local.get(panel);
  f.i32.const(panels.perGroup);
  f.i32.rem_u();
  f.i32.const(panels.full);
  f.i32.ne();
  f.if(() => body(full), () => body(rest));
}

/** Images as pixels: each phase has one. */
function emitBatched(
  f: FunctionBuilder, params: ConvGradientParams, all: readonly PhaseRows[],
  p: { readonly dx: I32; readonly dy: I32; readonly w: I32; readonly begin: I32; readonly end: I32 },
): void {
  const { batch, input, output } = params;
  const { local, i32 } = f;
  const [x, y, w] = ["x", "y", "weights"].map((each) => local.i32(each));
  range(f, p.begin, p.end, () => {
    for (const { phase, full, rest } of all) {
      const { rows, columns } = phase;
      panelPointers(f, params, phase, p.begin, { x, y, w }, p);
      local.increase(x, 4 * (rows.start * rowPitch(output) + columns.start * output.channels));
      local.increase(y, 4 * (rows.first * rowPitch(input) + columns.first * input.channels));
      eitherRow(f, phase, p.begin, full, rest, (func) => {
        for (const argument of [x, w, y, y, y]) local.get(argument);
        i32.const(batch);
        f.call(func);
      });
    }
  });
}

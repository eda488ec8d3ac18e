/**
 * Convolution of bytes, of every kernel, stride, padding, dilation and number of groups but depthwise (depthwise.ts), as a function of
 * WebAssembly for one layer: panels of 16 output channels, tiles of some pixels, the loops of ../convolution/direct.ts.
 *
 * A step is four input channels at one place of the kernel. With relaxed dots it reads four vectors of weights, copies the four bytes of
 * each pixel to all lanes, and adds 64 products a dot. For dots of 16 bits a panel's weights are widened first, once for all rows, in
 * working memory; a vector has two output channels by four inputs, and tiles compute 8 output channels and then the other 8; each output
 * then has two sums, which are added at the end. (Widened in the loop, 85 instead of 104 GOP/s: Zen 5, Node 20.)
 *
 * Longer than 300 lines: one nest of loops for both kinds of dots, whose parts share their registers.
 */
import type { Func, Local } from "../assembler/handles.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import { rowBytes, paddedBytes, pixelBytes } from "../shared/layout.ts";
import { repeat } from "../shared/loops.ts";
import type { Layout } from "../shared/layout.ts";
import { LANES, byteFunction, byteLayoutName } from "./bytes.ts";
import type { ByteFunction, Pointer, Vector } from "./bytes.ts";
import { emitBias, emitEpilogue, epilogueName, epilogueScratch, numbersOf } from "./epilogue.ts";
import type { ByteEpilogue, EpiloguePlaces } from "./epilogue.ts";
import type { PanelReach } from "./panels.ts";
import { STEP, numbersAt, panelCount, panelReach, stepsBefore } from "./panels.ts";

/** How bytes are multiplied and added: by relaxed dots, or by dots of 16 bits, which every engine has. */
export type Dots = "relaxed" | "wide";

export interface ByteConvParams {
  readonly input: Layout;
  readonly output: Layout;
  readonly residual: Layout | undefined;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  /** Above and left. */
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly groups: number;
  readonly epilogue: ByteEpilogue;
  readonly dots: Dots;
}

export interface ByteConvKernel {
  readonly name: string;
  /** Parts that can be computed by themselves: rows (1 where all rows are one) and panels. */
  readonly rows: number;
  readonly panels: number;
  /** Bytes of working memory, whose address comes last; 0 for none. */
  readonly scratch: number;
  readonly emit: (m: ModuleBuilder) => Func;
}

/** Bytes of a step of a panel. */
const STEP_BYTES = LANES * STEP;

const params = {
  y: "i32", x: "i32", w: "i32", numbers: "i32", residual: "i32", gate: "i32", rowBegin: "i32", rowEnd: "i32", panelBegin: "i32",
  panelEnd: "i32",
} as const;

const scratchParams = { ...params, scratch: "i32" } as const;

const rowParams = { y: "i32", x: "i32", w: "i32", numbers: "i32", residual: "i32", gate: "i32" } as const;

/** A loop over places of the kernel: how many, and the bytes between them. */
interface Segment {
  readonly count: number;
  readonly pitch: number;
}

/** Pixels of a tile. */
function tilePixels(): number {
  return 2;
}

/** Do rows follow each other without a gap, everywhere? Then all of them are one. */
function seamless({ input, output, residual, kernel, stride, padding }: ByteConvParams): boolean {
  return [input, output, ...(residual === undefined ? [] : [residual])].every(({ halo }) => halo === 0) &&
    [...kernel, ...stride].every((size) => size === 1) && padding[0] + padding[1] === 0;
}

function panelShape({ input, output, kernel, groups }: ByteConvParams) {
  return { outputs: output.channels, inputs: input.channels / groups, places: kernel[0] * kernel[1], groups };
}

/** Output pixels are whole vectors. */
export function byteConvKernel(given: ByteConvParams): ByteConvKernel {
  const { input, output, residual, kernel, stride, padding, dilation, groups, epilogue, dots } = given;
  const added = residual === undefined ? "" : `_${byteLayoutName(residual)}`;
  const name = `u7_conv_${dots}_${byteLayoutName(input)}_to_${byteLayoutName(output)}_k${kernel.join("x")}s${stride.join("x")}` +
    `p${padding.join("x")}d${dilation.join("x")}g${groups}_${epilogueName(epilogue)}${added}`;
  const rows = seamless(given) ? 1 : output.height;
  const { steps } = panelReach(panelShape(given));
  const scratch = dots === "wide" ? 2 * panelBytes(given, Math.max(...steps)) : 0;
  return { name, rows, panels: panelCount(output.channels), scratch, emit: (m) => emitConv(m, name, given) };
}

/** Bytes of a panel's weights. */
function panelBytes({ kernel }: ByteConvParams, steps: number): number {
  return kernel[0] * kernel[1] * steps * STEP_BYTES;
}

/** Weights of a panel with 16 bits each. */
function emitWiden(f: ByteFunction, to: Pointer, from: Pointer, bytes: number): void {
  const { local, v128 } = f;
  const [source, target] = [local.i32("narrow"), local.i32("widened")];
  for (const [pointer, base] of [[source, from], [target, to]] as const) {
    local.get(base);
    local.set(pointer);
  }
  repeat(f as never, bytes / STEP_BYTES, () => {
    for (let i = 0; i < STEP_BYTES; i += 8) {
      local.get(target);
      local.get(source);
      v128.load8x8_s(i, 8);
      v128.store(2 * i, 16);
    }
    local.increase(source, STEP_BYTES);
    local.increase(target, 2 * STEP_BYTES);
  });
}

function emitConv(m: ModuleBuilder, name: string, given: ByteConvParams): Func {
  const { input, output, residual, stride, padding } = given;
  const reach = panelReach(panelShape(given));
  const one = seamless(given);
  const width = one ? output.width * output.height : output.width;
  const rows = new Map([...new Set(reach.steps)].map((steps) => [steps, emitRow(m, `${name}_row${steps}`, given, width, steps)]));
  const wide = given.dots === "wide";
  return byteFunction(m, name, wide ? scratchParams : params, (f, p: RowsPlaces) => {
    const { local, i32 } = f;
    const [panel, line] = [p.panelBegin, local.i32("line")];
    const [x, y, from, to] = [local.i32("x_panel"), local.i32("y_panel"), local.i32("x_row"), local.i32("y_row")];
    const [w, numbers, gate, rest, restRow] =
      ["w_panel", "numbers_panel", "gate_panel", "residual_panel", "residual_row"].map((each) => local.i32(each));
    const at = (result: Pointer, base: Pointer, index: Pointer, bytes: number): void => {
      local.get(base);
      local.get(index);
      i32.const(bytes);
      i32.mul();
      i32.add();
      local.set(result);
    };
    whileBelow(f, panel, p.panelEnd, () => {
      at(y, p.y, panel, LANES);
      at(numbers, p.numbers, panel, numbersAt(numbersOf(given.epilogue)).end);
      at(gate, p.gate, panel, 4 * LANES);
      at(rest, p.residual, panel, LANES);
      overRound(f, panel, panelCount(output.channels), reach, (place, round) => {
        const steps = reach.steps[place];
        const last = reach.limit - STEP * steps;
        // The first input channel that the panel reads.
        emitBegin(f, x, reach, place, round, last);
        local.get(x);
        local.get(p.x);
        i32.add();
        i32.const(paddedBytes(input, padding[0], padding[1]));
        i32.add();
        local.set(x);
        if (isEven(reach)) {
          at(w, p.w, panel, panelBytes(given, steps));
        } else {
          at(w, p.w, round, panelBytes(given, stepsBefore(reach)));
          if (place > 0) local.increase(w, panelBytes(given, stepsBefore(reach, place)));
        }
        if (wide) emitWiden(f, p.scratch!, w, panelBytes(given, steps));
        local.get(p.rowBegin);
        local.set(line);
        whileBelow(f, line, p.rowEnd, () => {
          at(from, x, line, stride[0] * rowBytes(input));
          at(to, y, line, rowBytes(output));
          at(restRow, rest, line, residual === undefined ? 0 : rowBytes(residual));
          for (const each of [to, from, wide ? p.scratch! : w, numbers, restRow, gate]) local.get(each);
          f.call(rows.get(steps)!);
        });
      });
    });
  });
}

/** result = the first input channel of a panel: panelBegin of panels.ts. */
function emitBegin(f: ByteFunction, result: Pointer, reach: PanelReach, place: number, round: Pointer, last: number): void {
  const { local, i32 } = f;
  local.get(round);
  i32.const(reach.stride);
  i32.mul();
  i32.const(reach.starts[place]);
  i32.add();
  local.tee(result);
  i32.const(last);
  local.get(result);
  i32.const(last);
  i32.lt_s();
  f.select();
  local.set(result);
}

/** Do all panels of a round read the same? */
function isEven({ starts, steps }: Pick<PanelReach, "starts" | "steps">): boolean {
  return starts.every((start) => start === 0) && steps.every((each) => each === steps[0]);
}

/** Emits `body` for the place in its round that a panel has: all alike are one place. */
function overRound(
  f: ByteFunction, panel: Pointer, panels: number, { starts, steps }: PanelReach, body: (place: number, round: Pointer) => void,
): void {
  const { local, i32 } = f;
  const size = starts.length;
  if (size === 1) return body(0, panel);
  const round = local.i32("round");
  local.get(panel);
  i32.const(size);
  i32.div_u();
  local.set(round);
  if (isEven({ starts, steps })) return body(0, round);
  for (let place = 0; place < Math.min(size, panels); place++) {
    local.get(panel);
    local.get(round);
    i32.const(size);
    i32.mul();
    i32.sub();
    i32.const(place);
    i32.eq();
    f.if(() => body(place, round));
  }
}

/** Emits `body` for index = index ... end - 1. */
function whileBelow(f: ByteFunction, index: Pointer, end: Pointer, body: () => void): void {
  f.while(() => {
    f.local.get(index);
    f.local.get(end);
    f.i32.lt_s();
  }, () => {
    body();
    f.local.increase(index, 1);
  });
}

/** One row of output pixels of one panel. */
function emitRow(m: ModuleBuilder, name: string, given: ByteConvParams, width: number, steps: number): Func<typeof rowParams> {
  const { input, output, residual, stride } = given;
  return byteFunction(m, name, rowParams, (f, p) => {
    const { local } = f;
    const inPixel = stride[1] * pixelBytes(input);
    const [outPixel, residualPixel] = [pixelBytes(output), residual === undefined ? 0 : pixelBytes(residual)];
    const tile = new Tile(f, given, steps, p, { outPixel, residualPixel, inPixel });
    const pixels = Math.min(width, tilePixels());
    const [whole, rest] = [Math.floor(width / pixels), width % pixels];
    const step = (count: number): void => {
      tile.emit(count);
      local.increase(p.x, count * inPixel);
      local.increase(p.y, count * outPixel);
      if (residual !== undefined) local.increase(p.residual, count * residualPixel);
    };
    const counter = local.i32("tiles");
    f.i32.const(whole);
    local.set(counter);
    f.countDown(counter, () => step(pixels));
    if (rest > 0) step(rest);
  }, false);
}

type RowsPlaces = { readonly [K in keyof typeof params]: Local<"i32"> } & { readonly scratch?: Local<"i32"> };
type RowPlaces = { readonly [K in keyof typeof rowParams]: Local<"i32"> };

class Tile {
  readonly #f: ByteFunction;
  readonly #given: ByteConvParams;
  readonly #places: RowPlaces;
  readonly #sizes: { readonly outPixel: number; readonly residualPixel: number; readonly inPixel: number };
  readonly #segments: readonly Segment[];
  /** Steps that follow each other in memory. */
  readonly #run: number;
  readonly #sums: readonly (readonly Vector[])[];
  readonly #scratch: ReturnType<typeof epilogueScratch>;
  readonly #x: Pointer;
  readonly #w: Pointer;
  readonly #end: Pointer;

  constructor(
    f: ByteFunction, given: ByteConvParams, steps: number, places: RowPlaces,
    sizes: { readonly outPixel: number; readonly residualPixel: number; readonly inPixel: number },
  ) {
    const { input, kernel, dilation, groups } = given;
    this.#f = f;
    this.#given = given;
    this.#places = places;
    this.#sizes = sizes;
    const pixel = pixelBytes(input);
    const joined = groups === 1 && dilation[1] === 1 && STEP * steps === pixel;
    const rows = { count: kernel[0], pitch: dilation[0] * rowBytes(input) };
    const columns = { count: kernel[1], pitch: dilation[1] * pixel };
    this.#segments = (joined ? [rows] : [rows, columns]).filter(({ count }) => count > 1);
    this.#run = joined ? kernel[1] * steps : steps;
    this.#sums = Array.from({ length: tilePixels() }, (_, i) => f.local.array("v128", `sum${i}_`, 4));
    this.#scratch = epilogueScratch(f);
    [this.#x, this.#w, this.#end] = ["x_at", "w_at", "end"].map((name) => f.local.i32(name));
  }

  emit(pixels: number): void {
    const f = this.#f;
    const { local } = f;
    const sums = this.#sums.slice(0, pixels);
    const { numbers, gate, y, residual } = this.#places;
    if (this.#given.dots === "relaxed") {
      for (const pixel of sums) {
        pixel.forEach((sum, part) => {
          emitBias(f, this.#given.epilogue, numbers, part);
          local.set(sum);
        });
      }
      this.#overSteps(0, (x, w) => this.#relaxedStep(sums, x, w));
    } else {
      this.#wide(sums);
    }
    const places: EpiloguePlaces = { numbers, gate, y, residual, ...this.#sizes };
    emitEpilogue(f, this.#given.epilogue, places, sums, this.#scratch);
  }

  /** The loops over the kernel; `step` reads at x and w. @param first bytes of the panel's step at which w begins */
  #overSteps(first: number, step: (x: Pointer, w: Pointer) => void): void {
    const f = this.#f;
    const { local, i32 } = f;
    const [x, w, end] = [this.#x, this.#w, this.#end];
    const stepBytes = this.#given.dots === "wide" ? 2 * STEP_BYTES : STEP_BYTES;
    local.get(this.#places.w);
    if (first !== 0) {
      i32.const(first);
      i32.add();
    }
    local.set(w);
    local.get(this.#places.x);
    local.set(x);
    const nest = (depth: number): void => {
      const segment = this.#segments[depth];
      if (segment === undefined) {
        local.get(w);
        i32.const(this.#run * stepBytes);
        i32.add();
        local.set(end);
        f.doWhile(() => {
          step(x, w);
          local.increase(x, STEP);
          local.increase(w, stepBytes);
          local.get(w);
          local.get(end);
          i32.ne();
        });
        return;
      }
      const counter = f.local.i32(`places${depth}`);
      i32.const(segment.count);
      local.set(counter);
      const inner = this.#segments.slice(depth + 1).reduce((moved, { count, pitch }) => moved + count * pitch, 0);
      const moved = this.#segments.length > depth + 1 ? inner : this.#run * STEP;
      f.countDown(counter, () => {
        nest(depth + 1);
        if (segment.pitch !== moved) local.increase(x, segment.pitch - moved);
      });
    };
    nest(0);
  }

  #relaxedStep(sums: readonly (readonly Vector[])[], x: Pointer, w: Pointer): void {
    const { local, v128, i32x4 } = this.#f;
    const { held, factor, residuals } = this.#scratch;
    const weights = residuals;
    weights.forEach((weight, part) => {
      local.get(w);
      v128.load(16 * part);
      local.set(weight);
    });
    const inputs = [held, factor];
    sums.forEach((pixel, p) => {
      const input = inputs[p % 2];
      local.get(x);
      v128.load32_splat(p * this.#sizes.inPixel, 1);
      local.set(input);
      pixel.forEach((sum, part) => {
        local.get(weights[part]);
        local.get(input);
        local.get(sum);
        i32x4.relaxed_dot_i8x16_i7x16_add_s();
        local.set(sum);
      });
    });
  }

  /** 8 output channels, then the other 8. Each vector of sums has two of each of two output channels. */
  #wide(sums: readonly (readonly Vector[])[]): void {
    const f = this.#f;
    const { local, v128, i16x8, i32x4, i8x16 } = f;
    const { held, factor } = this.#scratch;
    const { numbers } = this.#places;
    const parts = sums.map((_, p) => f.local.array("v128", `half${p}_`, 4));
    for (const half of [0, 1]) {
      for (const pixel of parts) {
        for (const sum of pixel) {
          i32x4.const(0);
          local.set(sum);
        }
      }
      this.#overSteps(STEP_BYTES * half, (x, w) => {
        const inputs = [held, factor];
        parts.forEach((_, p) => {
          local.get(x);
          v128.load32_splat(p * this.#sizes.inPixel, 1);
          i16x8.extend_low_i8x16_u();
          local.set(inputs[p % 2]);
        });
        for (let pair = 0; pair < 4; pair++) {
          local.get(w);
          v128.load(16 * pair);
          local.set(this.#scratch.residuals[0]);
          parts.forEach((pixel, p) => {
            local.get(this.#scratch.residuals[0]);
            local.get(inputs[p % 2]);
            i32x4.dot_i16x8_s();
            local.get(pixel[pair]);
            i32x4.add();
            local.set(pixel[pair]);
          });
        }
      });
      parts.forEach((pixel, p) => {
        for (const which of [0, 1]) {
          for (const odd of [0, 4]) {
            local.get(pixel[2 * which]);
            local.get(pixel[2 * which + 1]);
            i8x16.shuffle([0, 8, 16, 24].flatMap((lane) => [0, 1, 2, 3].map((byte) => lane + odd + byte)));
          }
          i32x4.add();
          emitBias(f, this.#given.epilogue, numbers, 2 * half + which);
          i32x4.add();
          local.set(sums[p][2 * half + which]);
        }
      });
    }
  }
}

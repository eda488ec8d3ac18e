/**
 * The heart of convolution: one row of output pixels for one panel of output channels.
 *
 * A tile of some pixels times some channels is summed in registers. Weights of the panel lie one term after the other (a term is one input
 * channel at one place of the kernel), so a term reads the panel's weights, and for each pixel one input value, which is copied to all
 * lanes; then everything is multiplied and added. Images are NHWC: for one kernel row the inputs of a pixel are contiguous (kernelWidth *
 * channels floats) if neither groups nor a dilation come between.
 *
 * One term a pass and the branch at its end: V8 unrolls such loops itself, and spills registers in loops unrolled by hand.
 *
 * Longer than 300 lines: one nest of loops, whose parts share their registers.
 */
import { activationScratch, emitActivation, isHeavy, lateConstants } from "../shared/activation.ts";
import type { ActivationScratch } from "../shared/activation.ts";
import { rowParams } from "./row-kernel.ts";
import type { RowFunc, RowKernel, Segment } from "./row-kernel.ts";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { loadLanes, storeLanes } from "../shared/lanes.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import type { Pace, PaceMaker } from "../shared/pace.ts";

/**
 * The last tiles of a row, where its pixels are no multiple of a tile. A tile with few sums waits for its last addition: vectors of 256
 * bits want 8 sums, which are 4 pixels of 16 channels. So 6 + 2 pixels are computed as 4 + 4 (docs/kernels.md, rung 2).
 */
function tailsOf(width: number, { pixels, columns }: RowKernel): readonly number[] {
  const rest = width % pixels;
  if (columns === 4 || rest === 0 || rest > 3 || width < pixels || pixels < 6) return rest === 0 ? [] : [rest];
  const both = pixels + rest;
  return [Math.ceil(both / 2), Math.floor(both / 2)];
}

/**
 * The same where the row's length is known in the run only. `left` is what whole tiles of 6 leave over. If that is 1 or 2, one tile of 6 is
 * given back to it: then 7 or 8 pixels are left, for tiles of 4 and 3, or 4 and 4.
 */
function giveBackTile(f: FunctionBuilder, pixels: Local<"i32">, left: Local<"i32">): void {
  const { local, i32 } = f;
  // left - 1 < 2, unsigned, and pixels > 6
  local.get(left);
  i32.const(1);
  i32.sub();
  i32.const(2);
  i32.lt_u();
  local.get(pixels);
  i32.const(6);
  i32.gt_u();
  i32.and();
  f.if(() => local.increase(left, 6));
}

/** A function (x, w, y, residual, gate, pixels), all addresses in bytes. */
export function emitRow(m: ModuleBuilder, kernel: RowKernel): RowFunc {
  if (kernel.tall && kernel.columns === 16) return kernel.tall(m, kernel);
  return m.func(kernel.name, { params: rowParams }, (f, { x, w, y, residual, gate, pixels }) => {
    const { local, i32 } = f;
    // Fused, products and sums are half as many instructions, and take less time than the pace.
    const row = new Row(f, kernel, x, w, y, residual, gate, kernel.fma || kernel.wide === true ? undefined : m.pace);
    const first = local.i32("first");
    const end = local.i32("end");
    local.get(y);
    local.set(first);
    if (kernel.width !== undefined) {
      // One tile is a loop too: V8 unrolls loops within loops only (a row of one pixel takes 3.0 instead of 4.3 cycles a term).
      const most = Math.min(kernel.width, kernel.pixels);
      const tails = tailsOf(kernel.width, { ...kernel, pixels: most });
      const whole = kernel.width - tails.reduce((sum, count) => sum + count, 0);
      if (whole > 0) {
        row.setEnd(end, () => i32.const(whole));
        row.tiles(most, end);
      }
      for (const count of tails) row.tile(count);
    } else {
      const left = local.i32("left");
      const joined = kernel.columns > 4 && kernel.pixels === 6;
      for (const count of [kernel.pixels, 4, ...(joined ? [3] : []), 2, 1].filter((each, i) => i === 0 || each < kernel.pixels)) {
        // As many whole tiles as there are; what is left is the next one's.
        local.get(pixels);
        i32.const(count);
        i32.rem_u();
        local.set(left);
        if (joined && count === 6) giveBackTile(f, pixels, left);
        row.setEnd(end, () => {
          local.get(pixels);
          local.get(left);
          i32.sub();
        });
        local.get(left);
        local.set(pixels);
        local.get(y);
        local.get(end);
        i32.ne();
        f.if(() => row.tiles(count, end));
      }
    }
    row.heavyActivation(first);
  });
}

class Row {
  readonly #f: FunctionBuilder;
  readonly #kernel: RowKernel;
  readonly #x: Local<"i32">;
  readonly #w: Local<"i32">;
  readonly #y: Local<"i32">;
  readonly #residual: Local<"i32">;
  readonly #gate: Local<"i32">;
  readonly #weights: Local<"i32">;
  readonly #at: Local<"i32">;
  readonly #runEnd: Local<"i32">;
  readonly #pace: PaceMaker | undefined;
  readonly #pixels: Local<"v128">[];
  readonly #panel: Local<"v128">[];
  readonly #sums: Local<"v128">[];
  readonly #scratch: ActivationScratch;
  readonly #constants = new Map<number, Local<"v128">>();

  constructor(
    f: FunctionBuilder, kernel: RowKernel,
    x: Local<"i32">, w: Local<"i32">, y: Local<"i32">, residual: Local<"i32">, gate: Local<"i32">, pace: Pace | undefined,
  ) {
    this.#f = f;
    this.#kernel = kernel;
    this.#x = x;
    this.#w = w;
    this.#y = y;
    this.#residual = residual;
    this.#gate = gate;
    this.#weights = f.local.i32("weights");
    this.#at = f.local.i32("at");
    this.#runEnd = f.local.i32("run_end");
    this.#pixels = f.local.array("v128", "pixel", kernel.pixels);
    this.#panel = f.local.array("v128", "panel", kernel.columns / 4);
    this.#sums = f.local.array("v128", "sum", kernel.pixels * kernel.columns / 4);
    this.#scratch = activationScratch(f);
    this.#pace = pace?.(f, w);
  }

  /** end = the output's address after as many pixels as `count` leaves. */
  setEnd(end: Local<"i32">, count: () => void): void {
    const { local, i32 } = this.#f;
    local.get(this.#y);
    count();
    i32.const(this.#kernel.outPixel);
    i32.mul();
    i32.add();
    local.set(end);
  }

  /** Tiles of `count` pixels until the output's address is `end`; at least one. */
  tiles(count: number, end: Local<"i32">): void {
    this.#f.doWhile(() => {
      this.tile(count);
      this.#f.local.get(this.#y);
      this.#f.local.get(end);
      this.#f.i32.ne();
    });
  }

  /** `count` pixels, and on to the next. */
  tile(count: number): void {
    const { local } = this.#f;
    const { inPixel, outPixel, residualPixel, segments } = this.#kernel;
    this.#begin(count);
    this.#segment(segments, this.#x, count);
    this.#finish(count);
    local.increase(this.#x, count * inPixel);
    local.increase(this.#y, count * outPixel);
    local.increase(this.#residual, count * residualPixel);
  }

  /** What all sums begin with. */
  #begin(count: number): void {
    const { local, i32, f32x4, v128 } = this.#f;
    const { begin = "bias", outPixel, columns, panelColumns = columns } = this.#kernel;
    const vectors = this.#panel.length;
    if (begin === "output") this.#sums.slice(0, count * vectors).forEach((sum, k) => {
      loadLanes(this.#f, this.#y, Math.floor(k / vectors) * outPixel + 16 * (k % vectors), 4);
      local.set(sum);
    });
    else for (let j = 0; j < vectors; j++) {
      if (begin === "bias") {
        local.get(this.#w);
        v128.load(16 * j);
      } else {
        f32x4.const(0);
      }
      for (let i = 1; i < count; i++) local.tee(this.#sums[i * vectors + j]);
      local.set(this.#sums[j]);
    }
    local.get(this.#w);
    if (begin === "bias") {
      i32.const(4 * panelColumns);
      i32.add();
    }
    local.set(this.#weights);
  }

  #segment(segments: readonly Segment[], start: Local<"i32">, count: number): void {
    const { local, i32 } = this.#f;
    if (segments.length === 0) return this.#run(start, count);
    const [{ count: times, pitch }, ...inner] = segments;
    const at = local.i32("segment");
    const end = local.i32("segments_end");
    local.get(start);
    local.tee(at);
    i32.const(times * pitch);
    i32.add();
    local.set(end);
    this.#f.doWhile(() => {
      this.#segment(inner, at, count);
      local.get(at);
      i32.const(pitch);
      i32.add();
      local.tee(at);
      local.get(end);
      i32.ne();
    });
  }

  /** sum[i][j] += x[i] * panel[j], for each of the contiguous floats. */
  #run(start: Local<"i32">, count: number): void {
    const { local, i32, f32x4, v128 } = this.#f;
    const { run, inPixel, fma, columns, panelColumns = columns } = this.#kernel;
    const vectors = this.#panel.length;
    local.get(start);
    local.tee(this.#at);
    i32.const(4 * run);
    i32.add();
    local.set(this.#runEnd);
    this.#f.doWhile(() => {
      for (let j = 0; j < vectors; j++) {
        local.get(this.#weights);
        v128.load(16 * j);
        local.set(this.#panel[j]);
      }
      for (let i = 0; i < count; i++) {
        local.get(this.#at);
        v128.load32_splat(i * inPixel);
        local.set(this.#pixels[i]);
        for (let j = 0; j < vectors; j++) {
          const sum = this.#sums[i * vectors + j];
          if (!fma) local.get(sum);
          local.get(this.#pixels[i]);
          local.get(this.#panel[j]);
          if (fma) {
            local.get(sum);
            f32x4.relaxed_madd();
          } else {
            f32x4.mul();
            f32x4.add();
          }
          local.set(sum);
        }
      }
      this.#pace?.(this.#weights, count * vectors);
      local.increase(this.#weights, 4 * panelColumns);
      local.get(this.#at);
      i32.const(4);
      i32.add();
      local.tee(this.#at);
      local.get(this.#runEnd);
      i32.ne();
    });
  }

  /** Lanes of vector j that exist. */
  #lanes(j: number): number {
    return Math.min(4, this.#kernel.valid - 4 * j);
  }

  /**
   * y = activation(gate * sum + residual); activations with an exponential come later. Neighbours are read next to each other, and all is
   * read before anything is written: what comes between keeps V8 from computing two vectors as one of 256 bits.
   */
  #finish(count: number): void {
    const { local, f32x4 } = this.#f;
    const { epilogue, outPixel, residualPixel } = this.#kernel;
    const { gate, residual, activation } = epilogue;
    const vectors = this.#panel.length;
    const each = (visit: (sum: Local<"v128">, i: number, j: number) => void): void => {
      for (let i = 0; i < count; i++) for (let j = 0; j < vectors; j++) visit(this.#sums[i * vectors + j], i, j);
    };
    if (gate) {
      for (let j = 0; j < vectors; j++) {
        loadLanes(this.#f, this.#gate, 16 * j, this.#lanes(j));
        local.set(this.#panel[j]);
      }
      each((sum, _, j) => {
        local.get(sum);
        local.get(this.#panel[j]);
        f32x4.mul();
        local.set(sum);
      });
    }
    if (residual !== undefined) {
      for (let i = 0; i < count; i++) {
        for (let j = 0; j < vectors; j++) {
          loadLanes(this.#f, this.#residual, i * residualPixel + 16 * j, this.#lanes(j));
          local.set(this.#panel[j]);
        }
        for (let j = 0; j < vectors; j++) {
          local.get(this.#sums[i * vectors + j]);
          local.get(this.#panel[j]);
          f32x4.add();
          local.set(this.#sums[i * vectors + j]);
        }
      }
    }
    if (activation !== undefined && !isHeavy(activation)) {
      const constant = this.#kernel.wide === true ? undefined : lateConstants(this.#f, this.#y, this.#constants);
      each((sum) => {
        emitActivation(this.#f, activation, sum, this.#scratch, constant);
        local.set(sum);
      });
    }
    // V8 keeps the first of two stores that it joins, unless that is the upper half. (Node 20, which joins none, takes 1.3 % longer in that
    // order.)
    each((_, i, k) => {
      const j = this.#kernel.wide === true ? vectors - 1 - k : k;
      storeLanes(this.#f, this.#y, this.#sums[i * vectors + j], i * outPixel + 16 * j, this.#lanes(j));
    });
  }

  /** Over what has been written, from pixel `at` to the present one: it is in the first-level cache, and registers are free. */
  heavyActivation(at: Local<"i32">): void {
    const { activation } = this.#kernel.epilogue;
    if (activation === undefined || !isHeavy(activation)) return;
    const { local, i32 } = this.#f;
    const [value] = this.#pixels;
    activation.hold?.(this.#f, this.#scratch);
    this.#f.doWhile(() => {
      for (let j = 0; j < this.#panel.length; j++) {
        loadLanes(this.#f, at, 16 * j, this.#lanes(j));
        local.set(value);
        emitActivation(this.#f, activation, value, this.#scratch);
        local.set(value);
        storeLanes(this.#f, at, value, 16 * j, this.#lanes(j));
      }
      local.increase(at, this.#kernel.outPixel);
      local.get(at);
      local.get(this.#y);
      i32.ne();
    });
  }
}

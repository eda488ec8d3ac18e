/**
 * The heart of depthwise convolution: one row of output pixels, for some panels of 4 channels.
 *
 * A tile of some pixels times 4 channels is summed in registers. For one row of the kernel, its weights are read, then one column of
 * the input after the other; each column is multiplied into all pixels of the tile under whose window it lies. Tiles are the outer loop and
 * panels the inner one: so memory is read and written in order, and each line of the cache once.
 */
import { activationScratch, emitActivation, lateConstants } from "../../shared/activation.ts";
import type { ActivationScratch, PushConstant } from "../../shared/activation.ts";
import type { ConvEpilogue } from "../epilogue.ts";
import type { FunctionBuilder } from "../../assembler/function-builder.ts";
import type { Func, Local } from "../../assembler/handles.ts";
import type { VectorArithmetic } from "../../shared/arithmetic.ts";
import { loadLanes, storeLanes } from "../../shared/lanes.ts";
import type { ModuleBuilder } from "../../assembler/module-builder.ts";

export interface DepthwiseRow extends Pick<VectorArithmetic, "fma"> {
  readonly name: string;
  /** Pixels of a tile, and of the row. */
  readonly pixels: number;
  readonly width: number;
  /** Are the kernel's rows written out, instead of a loop over them? */
  readonly unrolled: boolean;
  /** Channels of the last panel: 4, or how many of them exist. */
  readonly lastLanes: number;
  /** [height, width] */
  readonly kernel: readonly [number, number];
  /** Along the row. */
  readonly stride: number;
  readonly dilation: number;
  /** Bytes from one row of the window to the next, and between neighbouring pixels of input and output. */
  readonly inRow: number;
  readonly inChannelPitch: number;
  readonly outPixel: number;
  readonly epilogue: ConvEpilogue;
}

/**
 * Of the row's first pixel: window, output and residual; weights and gates; `end` is where whole panels of weights end; `last`: does the
 * panel after them belong to it?
 */
const params = { x: "i32", w: "i32", y: "i32", residual: "i32", gate: "i32", end: "i32", last: "i32" } as const;

export type DepthwiseRowFunc = Func<typeof params>;

/** A function (x, w, y, residual, gate, end, last), all but the last addresses in bytes. */
export function emitDepthwiseRow(m: ModuleBuilder, kernel: DepthwiseRow): DepthwiseRowFunc {
  return m.func(kernel.name, { params }, (f, p) => {
    const { local, i32 } = f;
    const { pixels, width, outPixel } = kernel;
    const rest = width % pixels;
    const row = new Row(f, kernel, p);
    row.hold();
    if (width > rest) {
      const end = local.i32("row_end");
      local.get(p.y);
      i32.const((width - rest) * outPixel);
      i32.add();
      local.set(end);
      f.doWhile(() => {
        row.tile(pixels);
        local.get(p.y);
        local.get(end);
        i32.ne();
      });
    }
    if (rest > 0) row.tile(rest);
  });
}

type Addresses = "x" | "w" | "y" | "residual" | "gate";

class Row {
  readonly #f: FunctionBuilder;
  readonly #kernel: DepthwiseRow;
  readonly #given: { readonly [K in Addresses | "end" | "last"]: Local<"i32"> };
  /** The same for the panel at hand. */
  readonly #panel: { readonly [K in Addresses]: Local<"i32"> };
  /** Of the kernel's row at hand: its window's first value, its first weight, and where the weights end. */
  readonly #rowX: Local<"i32">;
  readonly #rowW: Local<"i32">;
  readonly #rowsEnd: Local<"i32">;
  readonly #column: Local<"v128">;
  readonly #weights: Local<"v128">[];
  readonly #sums: Local<"v128">[];
  readonly #scratch: ActivationScratch;
  readonly #constant: PushConstant;

  constructor(f: FunctionBuilder, kernel: DepthwiseRow, given: { readonly [K in Addresses | "end" | "last"]: Local<"i32"> }) {
    this.#f = f;
    this.#kernel = kernel;
    this.#given = given;
    const panel = (name: string): Local<"i32"> => f.local.i32(`panel_${name}`);
    this.#panel = { x: panel("x"), w: panel("w"), y: panel("y"), residual: panel("residual"), gate: panel("gate") };
    this.#rowX = f.local.i32("row_x");
    this.#rowW = f.local.i32("row_w");
    this.#rowsEnd = f.local.i32("rows_end");
    this.#column = f.local.v128("column");
    this.#weights = f.local.array("v128", "weight", kernel.kernel[1]);
    this.#sums = f.local.array("v128", "sum", kernel.pixels);
    this.#scratch = activationScratch(f);
    const late = lateConstants(f, given.y, new Map());
    this.#constant = (value) => (value === 0 ? f.f32x4.const(0) : late(value));
  }

  /** Addresses that are in use. */
  #used(): Addresses[] {
    const { gate, residual } = this.#kernel.epilogue;
    return ["x", "w", "y", ...(gate ? ["gate" as const] : []), ...(residual === undefined ? [] : ["residual" as const])];
  }

  /** What the activation wants held for the whole row: its constants, which it makes where it is first emitted (of any number). */
  hold(): void {
    const { activation } = this.#kernel.epilogue;
    if (activation === undefined) return;
    activation.hold?.(this.#f, this.#scratch);
    emitActivation(this.#f, activation, this.#column, this.#scratch, this.#constant);
    this.#f.drop();
  }

  /** `count` pixels of all panels, and on to the next pixels. */
  tile(count: number): void {
    const { local, i32 } = this.#f;
    const { kernel, lastLanes, stride, inChannelPitch, outPixel } = this.#kernel;
    for (const each of this.#used()) {
      local.get(this.#given[each]);
      local.set(this.#panel[each]);
    }
    const whole = (): void => this.#f.doWhile(() => {
      this.#cell(count, 4);
      for (const each of this.#used()) local.increase(this.#panel[each], each === "w" ? 16 * (kernel[0] * kernel[1] + 1) : 16);
      local.get(this.#panel.w);
      local.get(this.#given.end);
      i32.ne();
    });
    if (lastLanes === 4) {
      whole();
    } else {
      local.get(this.#panel.w);
      local.get(this.#given.end);
      i32.ne();
      this.#f.if(whole);
      local.get(this.#given.last);
      this.#f.if(() => this.#cell(count, lastLanes));
    }
    local.increase(this.#given.x, count * stride * inChannelPitch);
    local.increase(this.#given.y, count * outPixel);
    local.increase(this.#given.residual, count * outPixel);
  }

  /** `count` pixels of one panel, of which `lanes` channels exist. */
  #cell(count: number, lanes: number): void {
    const { local, i32, f32x4, v128 } = this.#f;
    const { kernel, inRow, unrolled, epilogue } = this.#kernel;
    const { x, w } = this.#panel;
    if (epilogue.biasLast === true) {
      f32x4.const(0);
    } else {
      local.get(w);
      v128.load();
    }
    for (let i = 1; i < count; i++) local.tee(this.#sums[i]);
    local.set(this.#sums[0]);
    if (unrolled || kernel[0] === 1) {
      for (let kh = 0; kh < kernel[0]; kh++) this.#windowRow(count, lanes, x, kh * inRow, w, 16 * (1 + kh * kernel[1]));
    } else {
      local.get(x);
      local.set(this.#rowX);
      local.get(w);
      local.tee(this.#rowW);
      i32.const(16 * kernel[0] * kernel[1]);
      i32.add();
      local.set(this.#rowsEnd);
      this.#f.doWhile(() => {
        // The bias lies before the weights.
        this.#windowRow(count, lanes, this.#rowX, 0, this.#rowW, 16);
        local.increase(this.#rowX, inRow);
        local.increase(this.#rowW, 16 * kernel[1]);
        local.get(this.#rowW);
        local.get(this.#rowsEnd);
        i32.ne();
      });
    }
    this.#finish(count, lanes);
  }

  /** One row of the kernel: its window begins at x + xOffset, its weights at w + wOffset. */
  #windowRow(count: number, lanes: number, x: Local<"i32">, xOffset: number, w: Local<"i32">, wOffset: number): void {
    const { local, f32x4, v128 } = this.#f;
    const { kernel, stride, dilation, inChannelPitch, fma } = this.#kernel;
    for (let kw = 0; kw < kernel[1]; kw++) {
      local.get(w);
      v128.load(wOffset + 16 * kw);
      local.set(this.#weights[kw]);
    }
    const columns = (count - 1) * stride + (kernel[1] - 1) * dilation + 1;
    for (let column = 0; column < columns; column++) {
      // Pixels whose window has this column, and the place of the kernel that it is under.
      const under = Array.from({ length: count }, (_, i) => [i, (column - i * stride) / dilation])
        .filter(([, kw]) => Number.isInteger(kw) && kw >= 0 && kw < kernel[1]);
      if (under.length === 0) continue;
      loadLanes(this.#f, x, xOffset + column * inChannelPitch, lanes);
      local.set(this.#column);
      for (const [i, kw] of under) {
        if (!fma) local.get(this.#sums[i]);
        local.get(this.#column);
        local.get(this.#weights[kw]);
        if (fma) {
          local.get(this.#sums[i]);
          f32x4.relaxed_madd();
        } else {
          f32x4.mul();
          f32x4.add();
        }
        local.set(this.#sums[i]);
      }
    }
  }

  #finish(count: number, lanes: number): void {
    const { local, f32x4, v128 } = this.#f;
    const { outPixel, epilogue: { gate, residual, activation, biasLast } } = this.#kernel;
    const [bias] = this.#weights;
    if (gate) {
      loadLanes(this.#f, this.#panel.gate, 0, lanes);
      local.set(this.#column);
    }
    if (biasLast === true) {
      local.get(this.#panel.w);
      v128.load();
      local.set(bias);
    }
    for (let i = 0; i < count; i++) {
      const sum = this.#sums[i];
      if (gate) {
        local.get(sum);
        local.get(this.#column);
        f32x4.mul();
        local.set(sum);
      }
      if (biasLast === true) {
        local.get(sum);
        local.get(bias);
        f32x4.add();
        local.set(sum);
      }
      if (residual !== undefined) {
        local.get(sum);
        loadLanes(this.#f, this.#panel.residual, i * outPixel, lanes);
        f32x4.add();
        local.set(sum);
      }
      if (activation !== undefined) {
        emitActivation(this.#f, activation, sum, this.#scratch, this.#constant);
        local.set(sum);
      }
      storeLanes(this.#f, this.#panel.y, sum, i * outPixel, lanes);
    }
  }
}

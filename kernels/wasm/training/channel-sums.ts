/**
 * Sums over the pixels of an image, for each channel, in double precision: what normalisation, biases and gates need. Each image has its
 * own partial sums, and a second kernel adds these in the order of images: so threads may have any images, and no bit changes.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { loadLanes } from "../shared/lanes.ts";
import { imageBytes, pixelBytes, rowPitch } from "../shared/layout.ts";
import type { Layout } from "../shared/layout.ts";
import { repeat } from "../shared/loops.ts";
import { assign, offset } from "../shared/addresses.ts";
import { range } from "../shared/loops.ts";

type I32 = Local<"i32">;
type Vector = Local<"v128">;

/** Channels whose sums are in registers together; and where terms of a row are added in single precision first. */
const BLOCK = 8;
const SHORT_BLOCK = 16;
const UPPER_HALVES = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];

/** Bytes of the partial sums of a batch, `sums` of them a channel. They begin at a multiple of 8. */
export function partialBytes(batch: number, channels: number, sums: number): number {
  return 8 * batch * channels * sums;
}

/** Where a kernel that sums has its operands while it is at a pixel. */
export interface SumContext {
  /** An operand for each stream: `count` floats `at` bytes past this. */
  readonly pointers: readonly I32[];
  /** A vector [channels] for each of these, moved to the block's first channel. */
  readonly vectors: readonly I32[];
}

export interface SumKernel {
  readonly name: string;
  readonly batch: number;
  readonly streams: Readonly<Record<string, Layout>>;
  /** Names of vectors [channels]. */
  readonly vectors: readonly string[];
  /** How many sums. */
  readonly sums: number;
  /** Is the last sum that of the squares of the first one's terms, in double precision, and not a term of its own? */
  readonly squares?: boolean;
  /** Are the sums of an image stored as float32, [batch][sums][channels], because nobody adds them up any further? */
  readonly single?: boolean;
  /**
   * Are the terms of a row added in single precision, and only rows in double? A third of the instructions; for sums that other sums of the
   * same size are not subtracted from.
   */
  readonly short?: boolean;
  /**
   * Leaves, in `terms`, what of `count` (1 to 4) floats is added to each sum; called while emitting, with a maker of scratch beforehand.
   */
  readonly terms: (f: FunctionBuilder) => (context: SumContext, at: number, count: number, terms: readonly Vector[]) => void;
}

/**
 * The function's arguments: partial sums ([batch][sums][channels] doubles), the streams, the vectors, begin, end; parts are images.
 */
export function sumKernel(
  { name, batch, streams, vectors, sums, squares = false, single = false, short = false, terms }: SumKernel,
): Kernel {
  const most = short ? SHORT_BLOCK : BLOCK;
  const layouts = Object.values(streams);
  const { channels, height, width } = layouts[0];
  const given: Record<string, "i32"> = { partial: "i32" };
  for (const each of [...Object.keys(streams), ...vectors]) given[each] = "i32";
  const emit: Kernel["emit"] = (m) => m.func(name, { params: { ...given, begin: "i32", end: "i32" }, export: true }, (f, all) => {
    const p = all as Readonly<Record<string, I32>>;
    const { local, f64x2, v128 } = f;
    const accumulators = local.array("v128", "sum", (sums * most) / 2);
    const values = local.array("v128", "term", squares ? sums - 1 : sums);
    const rows = local.array("v128", "row_sum", short ? (sums * most) / 4 : 0);
    const double = local.v128("double");
    const compute = terms(f);
    const starts = layouts.map((_, i) => local.i32(`start${i}`));
    const pointers = layouts.map((_, i) => local.i32(`pointer${i}`));
    const context: SumContext = { pointers, vectors: vectors.map((each) => local.i32(`${each}_at`)) };
    const [out, left] = [local.i32("out"), local.i32("blocks_left")];
    const block = (count: number): void => {
      for (let i = 0; i < sums; i++) {
        for (let half = 0; 2 * half < count; half++) {
          f64x2.const(0);
          local.set(accumulators[(i * most) / 2 + half]);
        }
      }
      starts.forEach((start, i) => assign(f, pointers[i], start));
      /** Adds the lanes of a term, channels j and further of sum i, in double precision. */
      const add = (term: Vector, i: number, j: number, lanes: number): void => {
        for (let half = 0; 2 * half < lanes; half++) {
          const sum = accumulators[(i * most + j) / 2 + half];
          local.get(term);
          if (half === 1) {
            local.get(term);
            f.i8x16.shuffle(UPPER_HALVES);
          }
          f64x2.promote_low_f32x4();
          local.set(double);
          local.get(sum);
          local.get(double);
          f64x2.add();
          local.set(sum);
          if (!squares || i > 0) continue;
          const square = accumulators[((sums - 1) * most + j) / 2 + half];
          local.get(square);
          local.get(double);
          local.get(double);
          f64x2.mul();
          f64x2.add();
          local.set(square);
        }
      };
      repeat(f, height, () => {
        for (const row of rows) {
          f.f32x4.const(0);
          local.set(row);
        }
        repeat(f, width, () => {
          for (let j = 0; j < count; j += 4) {
            const lanes = Math.min(4, count - j);
            compute(context, 4 * j, lanes, values);
            values.forEach((term, i) => {
              if (!short) return add(term, i, j, lanes);
              const row = rows[(i * most + j) / 4];
              local.get(row);
              local.get(term);
              f.f32x4.add();
              local.set(row);
            });
          }
          layouts.forEach((layout, i) => local.increase(pointers[i], pixelBytes(layout)));
        });
        for (let i = 0; short && i < sums; i++) {
          for (let j = 0; j < count; j += 4) add(rows[(i * most + j) / 4], i, j, Math.min(4, count - j));
        }
        layouts.forEach((layout, i) => {
          const gap = rowPitch(layout) - layout.width * layout.channels;
          if (gap > 0) local.increase(pointers[i], 4 * gap);
        });
      });
      for (let i = 0; i < sums; i++) {
        for (let j = 0; j < count; j += 2) {
          local.get(out);
          local.get(accumulators[(i * most + j) / 2]);
          if (single) {
            f.f32x4.demote_f64x2_zero();
            if (count - j > 1) v128.store64_lane(0, 4 * (i * channels + j), 4);
            else v128.store32_lane(0, 4 * (i * channels + j));
          } else if (count - j > 1) v128.store(8 * (i * channels + j), 8);
          else v128.store64_lane(0, 8 * (i * channels + j));
        }
      }
      for (const each of [...starts, ...context.vectors]) local.increase(each, 4 * count);
      local.increase(out, (single ? 4 : 8) * count);
    };
    range(f, p.begin, p.end, () => {
      Object.keys(streams).forEach((each, i) => offset(f, starts[i], p[each], p.begin, imageBytes(layouts[i])));
      vectors.forEach((each, i) => assign(f, context.vectors[i], p[each]));
      offset(f, out, p.partial, p.begin, (single ? 4 : 8) * sums * channels);
      const whole = Math.floor(channels / most);
      if (whole > 0) {
        assign(f, left, whole);
        f.countDown(left, () => block(most));
      }
      if (channels % most > 0) block(channels % most);
    });
  });
  return { name, parts: batch, emit };
}

/**
 * Takes the sum over images of each of a channel's partial sums, and leaves a double in each of `totals`; `partial` points to the channel's
 * first.
 */
export function emitTotals(f: FunctionBuilder, batch: number, channels: number, partial: I32, totals: readonly Local<"f64">[]): void {
  const { local, f64 } = f;
  const at = local.i32("partial_at");
  for (const total of totals) {
    f64.const(0);
    local.set(total);
  }
  assign(f, at, partial);
  repeat(f, batch, () => {
    totals.forEach((total, i) => {
      local.get(total);
      local.get(at);
      f64.load(8 * i * channels);
      f64.add();
      local.set(total);
    });
    local.increase(at, 8 * totals.length * channels);
  });
}

/** Partial sums of one image each: the first kernel of a bias's gradient. Arguments: partial, dy, begin, end; parts are images. */
export function channelSumKernel(batch: number, dy: Layout): Kernel {
  return sumKernel({
    name: `f64_channel_sum_n${batch}_${layoutName(dy)}`, batch, streams: { dy }, vectors: [], sums: 1,
    terms: (f) => ({ pointers }, at, count, [term]) => {
      loadLanes(f, pointers[0], at, count);
      f.local.set(term);
    },
  });
}

/** total += the sum of partial sums over images. Arguments: total ([channels], float32), partial, begin, end; parts are channels. */
export function addTotalsKernel(batch: number, channels: number): Kernel {
  const name = `f64_add_totals_n${batch}_c${channels}`;
  const emit: Kernel["emit"] = (m) => m.func(name, {
    params: { total: "i32", partial: "i32", begin: "i32", end: "i32" }, export: true,
  }, (f, p) => {
    const { local, f32, f64 } = f;
    const [to, from] = [local.i32("to"), local.i32("from")];
    const sum = local.f64("sum");
    range(f, p.begin, p.end, () => {
      offset(f, to, p.total, p.begin, 4);
      offset(f, from, p.partial, p.begin, 8);
      emitTotals(f, batch, channels, from, [sum]);
      local.get(to);
      local.get(to);
      f32.load();
      f64.promote_f32();
      local.get(sum);
      f64.add();
      f32.demote_f64();
      f32.store();
    });
  });
  return { name, parts: channels, emit };
}

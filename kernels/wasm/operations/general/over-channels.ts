/**
 * What joins the channels of each pixel, which lie side by side: softmax, and the mean or maximum of a pixel's channels. Operands have one
 * size of image but each its own halo; a softmax may be written over its input. Parts are rows.
 */
import type { FunctionBuilder } from "../../assembler/function-builder.ts";
import type { Local } from "../../assembler/handles.ts";
import { activationScratch } from "../../shared/activation.ts";
import { set } from "../../shared/addresses.ts";
import { emitExp } from "../../shared/exp.ts";
import { layoutName } from "../../shared/kernel.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { loadLanes, storeLanes } from "../../shared/lanes.ts";
import type { Layout } from "../../shared/layout.ts";
import { emitLog } from "../../shared/log.ts";
import { overFloats, overRows, repeat, rowStream } from "../../shared/loops.ts";
import { checkSameSize } from "../elementwise.ts";

type Vector = Local<"v128">;

const lanes = (...of: readonly number[]): number[] => of.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte));

/** Takes nothing, puts what `join` makes of the four lanes of a vector into all of them. */
function joinLanes(f: FunctionBuilder, vector: Vector, join: () => void): void {
  for (const order of [lanes(2, 3, 0, 1), lanes(1, 0, 3, 2)]) {
    f.local.get(vector);
    f.local.get(vector);
    f.local.get(vector);
    f.i8x16.shuffle(order);
    join();
    f.local.set(vector);
  }
}

/** The largest of `channels` floats from `from` on in all lanes of `best`, NaN where one is; `from` stays. */
function largest(f: FunctionBuilder, channels: number, from: Local<"i32">, best: Vector): void {
  const { local, f32x4, v128 } = f;
  f32x4.const(-Infinity);
  local.set(best);
  overFloats(f, channels, [from], 4, (at, count) => {
    local.get(best);
    loadLanes(f, from, at, count);
    if (count < 4) {
      // Lanes past the last channel are 0, which is no channel.
      f32x4.const(0, ...[1, 2, 3].map((lane) => (lane < count ? 0 : -Infinity)));
      v128.or();
    }
    f32x4.max();
    local.set(best);
  });
  local.decrease(from, 4 * channels);
  joinLanes(f, best, () => f32x4.max());
}

/** y = x / max(sqrt(sum of x^2), 1e-12), each pixel's channels a vector. The function's arguments: y, x, begin row, end row. */
export function l2NormaliseKernel(output: Layout, input: Layout): Kernel {
  const name = `f32_l2_normalise_${layoutName(output)}_${layoutName(input)}`;
  checkSameSize(name, output, { input });
  const { channels, width } = output;
  const params = { y: "i32", x: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, { y, x, begin, end }) => {
    const { local, f32x4 } = f;
    const [sum, value] = ["sum", "value"].map((each) => local.v128(each));
    overRows(f, begin, end, [rowStream(y, output), rowStream(x, input)], () => {
      repeat(f, width, () => {
        f32x4.const(0);
        local.set(sum);
        overFloats(f, channels, [x], 1, (at, count) => {
          loadLanes(f, x, at, count);
          local.tee(value);
          local.get(value);
          f32x4.mul();
          local.get(sum);
          f32x4.add();
          local.set(sum);
        });
        local.decrease(x, 4 * channels);
        joinLanes(f, sum, () => f32x4.add());
        local.get(sum);
        f32x4.sqrt();
        f32x4.const(1e-12);
        f32x4.max();
        local.set(sum);
        overFloats(f, channels, [y, x], 4, (at, count) => {
          loadLanes(f, x, at, count);
          local.get(sum);
          f32x4.div();
          local.set(value);
          storeLanes(f, y, value, at, count);
        });
      });
    });
  });
  return { name, parts: output.height, emit };
}

/** y = e^x by the sum of all e^x of the pixel, or its logarithm. The function's arguments: y, x, begin row, end row. */
export function softmaxKernel(output: Layout, input: Layout, logarithm: boolean): Kernel {
  const name = `f32_${logarithm ? "log_" : ""}softmax_${layoutName(output)}_${layoutName(input)}`;
  checkSameSize(name, output, { input });
  const { channels, width } = output;
  const params = { y: "i32", x: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, { y, x, begin, end }) => {
    const { local, f32x4 } = f;
    const [best, sum, value] = ["best", "sum", "value"].map((each) => local.v128(each));
    const scratch = activationScratch(f);
    const [from, to] = [local.i32("from"), local.i32("to")];
    /** Leaves x - best, and with `exponential` e to that. */
    const term = (pointer: Local<"i32">, at: number, count: number, exponential: boolean): void => {
      loadLanes(f, pointer, at, count);
      local.get(best);
      f32x4.sub();
      if (exponential) emitExp(f, scratch, true);
    };
    overRows(f, begin, end, [rowStream(y, output), rowStream(x, input)], () => {
      repeat(f, width, () => {
        largest(f, channels, x, best);
        f32x4.const(0);
        local.set(sum);
        set(f, from, x);
        set(f, to, y);
        overFloats(f, channels, [from, ...(logarithm ? [] : [to])], 1, (at, count) => {
          term(from, at, count, true);
          local.set(value);
          if (!logarithm) storeLanes(f, to, value, at, count);
          local.get(sum);
          local.get(value);
          if (count < 4) {
            f.i32x4.const(-1, ...[1, 2, 3].map((lane) => (lane < count ? -1 : 0)));
            f.v128.and();
          }
          f32x4.add();
          local.set(sum);
        });
        joinLanes(f, sum, () => f32x4.add());
        if (logarithm) {
          emitLog(f, sum, scratch);
          local.set(sum);
        }
        overFloats(f, channels, logarithm ? [y, x] : [y], 4, (at, count) => {
          if (logarithm) term(x, at, count, false);
          else loadLanes(f, y, at, count);
          local.get(sum);
          if (logarithm) f32x4.sub();
          else f32x4.div();
          local.set(value);
          storeLanes(f, y, value, at, count);
        });
        if (!logarithm) local.increase(x, 4 * channels);
      });
    });
  });
  return { name, parts: output.height, emit };
}

/** [height, width, channels] to [height, width, 1]. The function's arguments: y, x, begin row, end row. */
export function channelPoolKernel(output: Layout, input: Layout, by: "mean" | "max"): Kernel {
  const name = `f32_channel_${by}_${layoutName(output)}_${layoutName(input)}`;
  checkSameSize(name, { ...output, channels: input.channels }, { input });
  const { channels } = input;
  const params = { y: "i32", x: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, { y, x, begin, end }) => {
    const { local, f32x4, f64x2, i8x16 } = f;
    const [joined, value] = [local.v128("joined"), local.v128("value")];
    const halves = lanes(2, 3, 0, 1);
    overRows(f, begin, end, [rowStream(y, output), rowStream(x, input)], () => {
      repeat(f, output.width, () => {
        if (by === "max") {
          largest(f, channels, x, joined);
          local.increase(x, 4 * channels);
        } else {
          // In double precision, as the reference has it: two channels at a time.
          f64x2.const(0);
          local.set(joined);
          overFloats(f, channels, [x], 4, (at, count) => {
            loadLanes(f, x, at, count);
            local.set(value);
            for (let half = 0; 2 * half < count; half++) {
              local.get(joined);
              local.get(value);
              if (half === 1) {
                local.get(value);
                i8x16.shuffle(halves);
              }
              f64x2.promote_low_f32x4();
              f64x2.add();
              local.set(joined);
            }
          });
          local.get(joined);
          local.get(joined);
          local.get(joined);
          i8x16.shuffle(halves);
          f64x2.add();
          f64x2.const(channels);
          f64x2.div();
          f32x4.demote_f64x2_zero();
          local.set(joined);
        }
        storeLanes(f, y, joined, 0, 1);
        local.increase(y, 4);
      });
    });
  });
  return { name, parts: output.height, emit };
}

/**
 * Convolution along the channels of one pixel, zeros beyond them: y[c] = sum over j of weight[j] x[c + j - (size - 1) / 2], in double
 * precision and in the reference's order, and hence equal to it to the bit. The function's arguments: y, x, weight, begin, end; one part.
 */
export function channelConvKernel(channels: number, size: number): Kernel {
  const name = `f32_channel_conv_${channels}_k${size}`;
  const params = { y: "i32", x: "i32", weight: "i32", begin: "i32", end: "i32" } as const;
  const half = (size - 1) / 2;
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, { y, x, weight, begin, end }) => {
    const { local, f64x2, f32x4, v128 } = f;
    const value = local.v128("value");
    const [from, to] = [local.i32("from"), local.i32("to")];
    local.get(begin);
    local.get(end);
    f.i32.ge_u();
    f.if(() => f.return());
    /** `count` (1 or 2) channels at `to`, of the taps from `first` to before `last`; the first channel of all of them lies at `from`. */
    const sums = (first: number, last: number, count: number): void => {
      f64x2.const(0);
      for (let j = first; j < last; j++) {
        loadLanes(f, from, 4 * j, count);
        f64x2.promote_low_f32x4();
        local.get(weight);
        v128.load32_splat(4 * j);
        f64x2.promote_low_f32x4();
        f64x2.mul();
        f64x2.add();
      }
      f32x4.demote_f64x2_zero();
      local.set(value);
      storeLanes(f, to, value, 0, count);
      for (const pointer of [from, to]) local.increase(pointer, 4 * count);
    };
    set(f, from, x, -4 * half);
    set(f, to, y);
    const edge = Math.min(half, channels);
    const middle = Math.max(0, channels - 2 * half);
    for (let c = 0; c < edge; c++) sums(half - c, Math.min(size, channels + half - c), 1);
    if (middle > 1) repeat(f, Math.floor(middle / 2), () => sums(0, size, 2));
    if (middle % 2 === 1) sums(0, size, 1);
    for (let c = edge + middle; c < channels; c++) sums(Math.max(0, half - c), Math.min(size, channels + half - c), 1);
  });
  return { name, parts: 1, emit };
}

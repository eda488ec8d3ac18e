/**
 * Global pooling: the mean (the squeeze of Squeeze-and-Excitation, equation 2 of arXiv 1709.01507) or the maximum of each channel's
 * image. Every channel has accumulators of its own and takes the pixels row by row, left to right, so the result does not depend on parts.
 *
 * The mean is summed in double precision, as the reference has it, and hence equals it to the bit. A maximum is NaN where
 * any pixel is, and of equals (0 and -0) the first, as in the reference.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { layoutName } from "../shared/kernel.ts";
import type { Kernel } from "../shared/kernel.ts";
import { storeLanes } from "../shared/lanes.ts";
import { rowPitch } from "../shared/layout.ts";
import type { Layout } from "../shared/layout.ts";
import { chunks, repeat, wholeOrRest } from "../shared/loops.ts";
import { maximum, mean } from "./reduce.ts";
import type { Reduction } from "./reduce.ts";

/** Channels that are reduced together: a cache line. Their accumulators fit into the registers, in double precision too. */
const BLOCK = 16;

/** [height, width, channels] to [channels]. The function's arguments: y, x, begin, end; parts are blocks of 16 channels. */
export function globalPoolKernel(input: Layout, by: "mean" | "max"): Kernel {
  const { channels, height, width } = input;
  const name = `f32_global_${by}_${layoutName(input)}`;
  const whole = Math.floor(channels / BLOCK);
  const rest = channels % BLOCK;
  const params = { y: "i32", x: "i32", begin: "i32", end: "i32" } as const;
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, { y, x, begin, end }) => {
    const pointer = f.local.i32("pointer");
    const value = f.local.v128("value");
    for (const address of [y, x]) {
      f.local.get(begin);
      f.i32.const(4 * BLOCK);
      f.i32.mul();
      f.local.get(address);
      f.i32.add();
      f.local.set(address);
    }
    const divisor = f.local.v128("divisor");
    if (by === "mean") {
      f.f64x2.const(height * width);
      f.local.set(divisor);
    }
    const reduction = by === "mean" ? mean(f, BLOCK / 4, divisor) : maximum(f, BLOCK / 4);
    const block = (count: number): void => reduceBlock(f, input, count, { reduction, pointer, value, x, y });
    f.while(
      () => {
        f.local.get(begin);
        f.local.get(end);
        f.i32.lt_u();
      },
      () => {
        wholeOrRest(f, begin, whole, whole > 0 ? BLOCK : undefined, rest > 0 ? rest : undefined, block);
        for (const address of [y, x]) f.local.increase(address, 4 * BLOCK);
        f.local.increase(begin, 1);
      },
    );
  });
  return { name, parts: Math.ceil(channels / BLOCK), emit };
}

interface Block {
  readonly reduction: Reduction;
  readonly pointer: Local<"i32">;
  readonly value: Local<"v128">;
  readonly x: Local<"i32">;
  readonly y: Local<"i32">;
}

function reduceBlock(f: FunctionBuilder, { channels, height, width, halo }: Layout, count: number, block: Block): void {
  const { reduction, pointer, value } = block;
  f.local.get(block.x);
  f.local.set(pointer);
  chunks(count, (offset) => reduction.begin(offset / 16));
  repeat(f, height, () => {
    repeat(f, width, () => {
      chunks(count, (offset, lanes) => reduction.take(offset / 16, pointer, offset, lanes));
      f.local.increase(pointer, 4 * channels);
    });
    if (halo > 0) f.local.increase(pointer, 4 * (rowPitch({ channels, height, width, halo }) - width * channels));
  });
  chunks(count, (offset, lanes) => {
    reduction.end(offset / 16, lanes);
    f.local.set(value);
    storeLanes(f, block.y, value, offset, lanes);
  });
}

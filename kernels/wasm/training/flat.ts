/**
 * Kernels over flat arrays: parameters, gradients and the state of optimisers, each one run of floats. Parts are blocks of 4,096 floats.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import type { Kernel } from "../shared/kernel.ts";
import type { Chunk } from "../shared/loops.ts";
import { overFloats } from "../shared/loops.ts";
import { offset } from "../shared/addresses.ts";
import { range } from "../shared/loops.ts";

type I32 = Local<"i32">;

/** Floats of a part. */
export const FLAT_BLOCK = 4096;

/** Parts of `size` floats. */
export function flatParts(size: number): number {
  return Math.ceil(size / FLAT_BLOCK);
}

export interface FlatKernel {
  readonly name: string;
  readonly size: number;
  /** Names of the arrays, outputs first. */
  readonly arrays: readonly string[];
  /** Names of further addresses, which stay where they are. */
  readonly others: readonly string[];
  /** Emits what comes before all blocks, and leaves what is done with some floats; pointers are those of the arrays. */
  readonly body: (f: FunctionBuilder, pointers: Readonly<Record<string, I32>>, others: Readonly<Record<string, I32>>) => Chunk;
}

/** The function's arguments: the arrays, the others, begin, end. @throws RangeError for a size that is no whole number */
export function flatKernel({ name, size, arrays, others, body }: FlatKernel): Kernel {
  if (!Number.isSafeInteger(size) || size < 1) throw new RangeError(`${name}: size wants a whole number of at least 1, got ${size}`);
  const params = Object.fromEntries([...arrays, ...others, "begin", "end"].map((each) => [each, "i32" as const]));
  const emit: Kernel["emit"] = (m) => m.func(name, { params, export: true }, (f, all) => {
    const p = all as Readonly<Record<string, I32>>;
    const pointers = Object.fromEntries(arrays.map((each) => [each, f.local.i32(`${each}_at`)]));
    const chunk = body(f, pointers, p);
    const list = arrays.map((each) => pointers[each]);
    const rest = size % FLAT_BLOCK;
    const whole = (): void => overFloats(f, FLAT_BLOCK, list, 1, chunk);
    range(f, p.begin, p.end, () => {
      for (const each of arrays) offset(f, pointers[each], p[each], p.begin, 4 * FLAT_BLOCK);
      if (size < FLAT_BLOCK) return overFloats(f, size, list, 1, chunk);
      if (rest === 0) return whole();
      f.local.get(p.begin);
      f.i32.const(Math.floor(size / FLAT_BLOCK));
      f.i32.ne();
      f.if(whole, () => overFloats(f, rest, list, 1, chunk));
    });
  });
  return { name, parts: flatParts(size), emit };
}

/** Emits the loading of float `index` of `from` into all lanes of a new local. */
export function splat(f: FunctionBuilder, from: I32, index: number): Local<"v128"> {
  const value = f.local.v128(`hyper${index}`);
  f.local.get(from);
  f.v128.load32_splat(4 * index);
  f.local.set(value);
  return value;
}

/**
 * The heart of the gradient by the weights: sums[place][channel] += sum over the pixels of a block of x[pixel, place] * dy[pixel, channel],
 * for some places of the kernel and a panel of output channels. The same term as in convolution/row.ts, a vector of dy times an x in all
 * lanes, hence the same tiles; but here both come from images, and the loop is over pixels.
 */
import type { FunctionBuilder } from "../../assembler/function-builder.ts";
import type { Func, Local, Params } from "../../assembler/handles.ts";
import type { VectorArithmetic } from "../../shared/arithmetic.ts";
import { loadLanes } from "../../shared/lanes.ts";
import type { ModuleBuilder } from "../../assembler/module-builder.ts";

/** A loop over pixels: how many (undefined: as many as the caller says), and the bytes between them, of x and of dy. */
export interface PixelLoop {
  readonly count: number | undefined;
  readonly x: number;
  readonly dy: number;
}

export interface FilterTile extends VectorArithmetic {
  readonly name: string;
  readonly places: number;
  /** Channels, rounded up to a multiple of 4, and how many of them exist. */
  readonly columns: number;
  readonly valid: number;
  /** Are the x of the places neighbours in memory? Then the function takes the first one's address only. */
  readonly together: boolean;
  /** The outermost first; one of them without a count. */
  readonly loops: readonly PixelLoop[];
}

/** A function (x of each place, dy, sums, count); addresses in bytes, count at least 1. */
export function emitFilterTile(m: ModuleBuilder, tile: FilterTile): Func {
  const { places, columns, valid, together, fma, wide } = tile;
  const names = Array.from({ length: together ? 1 : places }, (_, i) => `x${i}`);
  const params: Params = { ...Object.fromEntries(names.map((name) => [name, "i32" as const])), dy: "i32", sums: "i32", count: "i32" };
  return m.func(tile.name, { params }, (f, given) => {
    const { local, v128, f32x4 } = f;
    const xs = names.map((name) => given[name] as Local<"i32">);
    const [dy, totals, count] = [given.dy, given.sums, given.count] as Local<"i32">[];
    const vectors = columns / 4;
    const panel = local.array("v128", "panel", vectors);
    const sums = local.array("v128", "sum", places * vectors);
    const value = local.v128("value");
    const pace = fma || wide === true ? undefined : m.pace?.(f, totals);
    const pixel = (): void => {
      for (let j = 0; j < vectors; j++) {
        loadLanes(f, dy, 16 * j, Math.min(4, valid - 4 * j));
        local.set(panel[j]);
      }
      for (let i = 0; i < places; i++) {
        local.get(together ? xs[0] : xs[i]);
        v128.load32_splat(together ? 4 * i : 0);
        local.set(value);
        for (let j = 0; j < vectors; j++) {
          const sum = sums[i * vectors + j];
          if (!fma) local.get(sum);
          local.get(value);
          local.get(panel[j]);
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
      pace?.(dy, places * vectors);
    };
    emitLoops(f, tile.loops.filter((loop) => loop.count !== 1), xs, dy, count, pixel);
    for (let i = 0; i < places; i++) {
      const of = sums.slice(i * vectors, (i + 1) * vectors);
      // Neighbours are read next to each other, and stored the last one first, as V8 wants what it joins (convolution/row.ts).
      if (wide === true) addJoined(f, totals, 16 * i * vectors, of, panel);
      else of.forEach((sum, j) => {
        local.get(totals);
        local.get(totals);
        v128.load(16 * (i * vectors + j), 4);
        local.get(sum);
        f32x4.add();
        v128.store(16 * (i * vectors + j), 4);
      });
    }
  });
}

/** Adds sums to what stands at totals + start. @param spare as many vectors, which are overwritten */
function addJoined(
  f: FunctionBuilder, totals: Local<"i32">, start: number, sums: readonly Local<"v128">[], spare: readonly Local<"v128">[],
): void {
  const { local, v128, f32x4 } = f;
  sums.forEach((_, j) => {
    local.get(totals);
    v128.load(start + 16 * j, 4);
    local.set(spare[j]);
  });
  sums.forEach((sum, j) => {
    local.get(spare[j]);
    local.get(sum);
    f32x4.add();
    local.set(spare[j]);
  });
  for (let j = sums.length - 1; j >= 0; j--) {
    local.get(totals);
    local.get(spare[j]);
    v128.store(start + 16 * j, 4);
  }
}

/** A function (to, dy, count): a panel of the pixels of a block, copied to `to`, whose distances are those of x in the loops. */
export function emitPanelCopy(m: ModuleBuilder, name: string, loops: readonly PixelLoop[], columns: number, valid: number): Func {
  return m.func(name, { params: { to: "i32", dy: "i32", count: "i32" } }, (f, { to, dy, count }) => {
    const value = f.local.v128("value");
    emitLoops(f, loops.filter((loop) => loop.count !== 1), [to], dy, count, () => {
      for (let j = 0; j < columns; j += 4) {
        loadLanes(f, dy, 4 * j, Math.min(4, valid - j));
        f.local.set(value);
        f.local.get(to);
        f.local.get(value);
        f.v128.store(4 * j, 4);
      }
    });
  });
}

/** The pointers end up behind the last pixel of the outermost loop. */
function emitLoops(
  f: FunctionBuilder, loops: readonly PixelLoop[], xs: readonly Local<"i32">[], dy: Local<"i32">, count: Local<"i32">, pixel: () => void,
): void {
  if (loops.length === 0) return pixel();
  const { local, i32 } = f;
  const [{ count: times, x, dy: pitch }, ...inner] = loops;
  const end = local.i32("end");
  local.get(dy);
  if (times === undefined) local.get(count);
  else i32.const(times);
  i32.const(pitch);
  i32.mul();
  i32.add();
  local.set(end);
  const moved = inner.length === 0 ? { x: 0, dy: 0 } : { x: inner[0].x * (inner[0].count ?? 0), dy: inner[0].dy * (inner[0].count ?? 0) };
  f.doWhile(() => {
    emitLoops(f, inner, xs, dy, count, pixel);
    for (const each of xs) local.increase(each, x - moved.x);
    local.get(dy);
    i32.const(pitch - moved.dy);
    i32.add();
    local.tee(dy);
    local.get(end);
    i32.ne();
  });
}

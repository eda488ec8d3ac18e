/**
 * Loops that kernels share: over the floats of a run, over the rows of images, over panels and indices. Pointers are locals that the loops
 * advance.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Local } from "../assembler/handles.ts";
import { assign } from "./addresses.ts";
import { pixelBytes, rowBytes } from "./layout.ts";
import type { Layout } from "./layout.ts";

/** Emits what is done with `count` (1 to 4) floats that lie `offset` bytes past where the pointers stand. */
export type Chunk = (offset: number, count: number) => void;

/** `floats` floats, four at a time, with no loop; what is left over comes last. */
export function chunks(floats: number, chunk: Chunk): void {
  for (let first = 0; first < floats; first += 4) chunk(4 * first, Math.min(4, floats - first));
}

/**
 * `floats` floats, `unroll` vectors to a pass of the loop; the pointers end up behind them. Short runs are emitted without a loop.
 * V8 up to 12.x moves all loads of a pass to its front: what a pass holds at once must fit into 15 registers.
 */
export function overFloats(f: FunctionBuilder, floats: number, pointers: readonly Local<"i32">[], unroll: number, chunk: Chunk): void {
  const stride = 4 * unroll;
  const passes = Math.floor(floats / stride);
  const looped = passes > 1 ? passes * stride : 0;
  if (looped > 0) {
    const end = f.local.i32("end");
    f.local.get(pointers[0]);
    f.i32.const(4 * looped);
    f.i32.add();
    f.local.set(end);
    f.doWhile(() => {
      chunks(stride, chunk);
      for (const pointer of pointers) f.local.increase(pointer, 4 * stride);
      f.local.get(pointers[0]);
      f.local.get(end);
      f.i32.ne();
    });
  }
  const rest = floats - looped;
  if (rest === 0) return;
  chunks(rest, chunk);
  for (const pointer of pointers) f.local.increase(pointer, 4 * rest);
}

/** A pointer that walks over rows; all in bytes. */
export interface Stream {
  readonly pointer: Local<"i32">;
  /** From one row to the next. */
  readonly pitch: number;
  /** How far the body moves the pointer within a row. */
  readonly moved: number;
}

/** The rows of an image, of which the body passes over the whole interior. */
export function rowStream(pointer: Local<"i32">, layout: Layout): Stream {
  return { pointer, pitch: rowBytes(layout), moved: layout.width * pixelBytes(layout) };
}

/** Emits `body` for the rows from begin up to, not including, end, each stream's pointer at the row's beginning. */
export function overRows(f: FunctionBuilder, begin: Local<"i32">, end: Local<"i32">, streams: readonly Stream[], body: () => void): void {
  for (const { pointer, pitch } of streams) {
    f.local.get(begin);
    f.i32.const(pitch);
    f.i32.mul();
    f.local.get(pointer);
    f.i32.add();
    f.local.set(pointer);
  }
  f.while(
    () => {
      f.local.get(begin);
      f.local.get(end);
      f.i32.lt_u();
    },
    () => {
      body();
      for (const { pointer, pitch, moved } of streams) if (pitch !== moved) f.local.increase(pointer, pitch - moved);
      f.local.increase(begin, 1);
    },
  );
}

/** Emits `body` for whole panels, as many as `count`, and for the rest after them; `index` says which one it is. Either may not exist. */
export function wholeOrRest<T>(
  f: FunctionBuilder, index: Local<"i32">, count: number, whole: T | undefined, rest: T | undefined, body: (panel: T) => void,
): void {
  if (whole !== undefined && rest !== undefined) {
    f.local.get(index);
    f.i32.const(count);
    f.i32.lt_u();
    f.if(() => body(whole), () => body(rest));
    return;
  }
  const only = whole ?? rest;
  if (only !== undefined) body(only);
}

/** Emits `body` `count` times over, in a loop where that is more than once. */
export function repeat(f: FunctionBuilder, count: number, body: () => void): void {
  if (count === 1) return body();
  const counter = f.local.i32("count");
  f.i32.const(count);
  f.local.set(counter);
  f.countDown(counter, body);
}

/** Emits `body` for index = index ... end - 1; none where that is empty. */
export function range(f: FunctionBuilder, index: Local<"i32">, end: Local<"i32"> | number, body: () => void): void {
  f.while(
    () => {
      f.local.get(index);
      if (typeof end === "number") f.i32.const(end);
      else f.local.get(end);
      f.i32.lt_s();
    },
    () => {
      body();
      f.local.increase(index, 1);
    },
  );
}

/** Emits `body` for index = first, first + stride, ... below `end`, all known now; at least once. */
export function rangeBy(f: FunctionBuilder, index: Local<"i32">, first: number, end: number, stride: number, body: () => void): void {
  assign(f, index, first);
  if (first + stride >= end) return body();
  f.doWhile(() => {
    body();
    f.local.increase(index, stride);
    f.local.get(index);
    f.i32.const(end);
    f.i32.lt_s();
  });
}

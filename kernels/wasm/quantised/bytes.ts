/**
 * What kernels of bytes share (docs/int8.md): functions with their instructions, channels padded to whole vectors, and the way from sums of
 * 32 bits to 16 bytes.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { Func, Local, Locals, Params } from "../assembler/handles.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import type { Bytes } from "../assembler/opcodes-bytes.ts";
import type { Layout } from "../shared/layout.ts";
import { pixelBytes } from "../shared/layout.ts";

export type ByteFunction = FunctionBuilder<Bytes>;
export type Vector = Local<"v128">;
export type Pointer = Local<"i32">;

/** Channels of a vector, and output channels of a panel. */
export const LANES = 16;

/** 1.5 * 2^23: added to a number below 2^22 it rounds it to a whole number, which stands in the lowest bits then. */
const MAGIC = 12582912;

/** A function of a module that was made with more instructions than CORE (`kernelModule` of quantised sessions). */
export function byteFunction<const P extends Params>(
  m: ModuleBuilder, name: string, params: P, body: (f: ByteFunction, params: Locals<P>) => void, exported: boolean = true,
): Func<P> {
  return (m as unknown as ModuleBuilder<Bytes>).func(name, { params, export: exported }, body);
}

/** Bytes from pixel to pixel, of so many channels. */
export function paddedChannels(channels: number): number {
  return LANES * Math.ceil(channels / LANES);
}

/** Whole vectors of channels? */
export function isPadded(layout: Layout): boolean {
  return layout.format === "u7" && pixelBytes(layout) === paddedChannels(layout.channels);
}

/** For the names of kernels: height, width, channels, bytes from pixel to pixel, halo. */
export function byteLayoutName(layout: Layout): string {
  const { height, width, channels, halo } = layout;
  return `${height}x${width}x${channels}p${pixelBytes(layout)}${halo === 0 ? "" : `h${halo}`}`;
}

/** Least and most, in their places. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
}

export function boundsName({ least, most }: Bounds): string {
  return `${least}to${most}`;
}

/** Takes float32 numbers, leaves whole numbers of 32 bits from least to most, halves to even; NaN is least. */
export function emitToWhole(f: ByteFunction, { least, most }: Bounds, held: Vector): void {
  const { local, f32x4 } = f;
  local.set(held);
  // pmax(a, b) is a < b ? b : a: NaN leaves a.
  f32x4.const(least);
  local.get(held);
  f32x4.pmax();
  local.set(held);
  f32x4.const(most);
  local.get(held);
  f32x4.pmin();
  f32x4.const(MAGIC);
  f32x4.add();
  f.i32x4.const(127);
  f.v128.and();
}

/** Takes nothing, leaves 16 bytes of four vectors of whole numbers from 0 to 127. */
export function emitPack(f: ByteFunction, wholes: readonly Vector[]): void {
  const { local, i16x8, i8x16 } = f;
  for (const first of [0, 2]) {
    local.get(wholes[first]);
    local.get(wholes[first + 1]);
    i16x8.narrow_i32x4_s();
  }
  i8x16.narrow_i16x8_u();
}

/** Takes 16 bytes, sets four vectors of float32. */
export function emitUnpack(f: ByteFunction, floats: readonly Vector[], held: Vector): void {
  const { local, i16x8, i32x4, f32x4 } = f;
  local.set(held);
  for (const half of [0, 1]) {
    local.get(held);
    if (half === 0) i16x8.extend_low_i8x16_u();
    else i16x8.extend_high_i8x16_u();
    local.tee(floats[2 * half]);
    i32x4.extend_high_i16x8_u();
    f32x4.convert_i32x4_s();
    local.set(floats[2 * half + 1]);
    local.get(floats[2 * half]);
    i32x4.extend_low_i16x8_u();
    f32x4.convert_i32x4_s();
    local.set(floats[2 * half]);
  }
}

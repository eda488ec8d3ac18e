/** What a maker of kernels returns: a function of WebAssembly that is not yet part of a module. */
import type { Func } from "../assembler/handles.ts";
import type { Layout } from "./layout.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";

/** A function of WebAssembly that is not yet part of a module; of equal name are equal functions, of which a module has one. */
export interface Emitter {
  readonly name: string;
  emit(m: ModuleBuilder): Func;
}

/**
 * All sizes are baked into the instructions. The exported function takes byte addresses, outputs first; of images that of pixel
 * (0, 0). Its last two arguments, begin and end, choose the part to compute, from 0 to `parts`: threads share a kernel so.
 */
export interface Kernel {
  /** After the grammar of XNNPACK's names; of equal name are equal functions, of which a module has one. */
  readonly name: string;
  readonly parts: number;
  readonly emit: (m: ModuleBuilder) => Func;
}

/** For the names of kernels: "56x56x60p64h1" is height, width, channels, numbers a pixel and halo; what is as usual is left out. */
export function layoutName({ height, width, channels, pixel = channels, halo }: Layout): string {
  return `${height}x${width}x${channels}${pixel === channels ? "" : `p${pixel}`}${halo === 0 ? "" : `h${halo}`}`;
}

/** What a program on wasm kernels is made of: calls of kernels, with where their operands lie and how threads may share them. */
import type { Func } from "../../../kernels/wasm/assembler/handles.ts";
import type { ModuleBuilder } from "../../../kernels/wasm/assembler/module-builder.ts";

/** A function of WebAssembly that is not yet part of a module; of equal name are equal functions. */
export interface Emitter {
  readonly name: string;
  emit(m: ModuleBuilder): Func;
}

/** An address, and the bytes from one image's to the next; 0 for what all images share. */
export interface Operand {
  readonly address: number;
  readonly pitch: number;
}

/** A pair of arguments, begin and end: the part of the work to do. */
export interface Range {
  readonly count: number;
  /** Parts begin at multiples of it. */
  readonly unit: number;
}

/** One operation: its kernel, called for each image with its operands, then its ranges, then where its working memory is, if it has one. */
export interface KernelCall {
  readonly kernel: Emitter;
  readonly images: number;
  readonly operands: readonly Operand[];
  readonly ranges: readonly Range[];
  /** The range that threads share. */
  readonly divided: number;
  /** Bytes of working memory that a thread wants. */
  readonly scratch: number;
  /** Address of the first thread's. */
  readonly scratchAt?: number;
  /** About how many arithmetic operations all of it takes. */
  readonly work: number;
}

/** Calls that may run at the same time; what follows waits for all of them. */
export type Stage = readonly KernelCall[];

/** How many arguments the kernel takes, all of them i32. */
export function argumentCount({ operands, ranges, scratch }: KernelCall): number {
  return operands.length + 2 * ranges.length + (scratch > 0 ? 1 : 0);
}

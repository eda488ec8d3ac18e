/** What a program on wasm kernels is made of: calls of kernels, with where their operands lie and how threads may share them. */
import type { Emitter } from "../../../kernels/wasm/shared/kernel.ts";
import { imageBytes } from "../../../kernels/wasm/shared/layout.ts";
import { isImage } from "./places.ts";
import type { Place, Region } from "./places.ts";

/** An address, and the bytes from one image's to the next; 0 for what all images share, be it stored or a single image. */
export interface Operand {
  readonly address: number;
  readonly pitch: number;
}

/** A pair of arguments, begin and end: the part of the work to do. */
export interface Range {
  readonly count: number;
  /** Parts begin at multiples of it. */
  readonly unit: number;
  /** Parts that it is cut into at most, where each does something that another does, too. */
  readonly most?: number;
}

interface Work {
  readonly kernel: Emitter;
  readonly images: number;
  readonly ranges: readonly Range[];
  /** The range that threads share. */
  readonly divided: number;
  /** About how many arithmetic operations all of it takes. */
  readonly work: number;
}

/** One operation: its kernel, called for each image with its operands, then its ranges, then where its working memory is, if it has one. */
export interface KernelCall extends Work {
  readonly operands: readonly Operand[];
  /** Bytes of working memory that a thread wants. */
  readonly scratch: number;
  /** Address of the first thread's working memory. */
  readonly scratchAt?: number | undefined;
}

/** The same while it is planned. */
export interface Call extends Work {
  readonly operands: readonly Place[];
  /** Working memory of a thread. */
  readonly scratch: Region | undefined;
}

/** Calls that may run at the same time; what follows waits for all of them. */
export type Stage = readonly KernelCall[];

/** Operations an element, about, of what only reads and writes. */
const ELEMENT_WORK = 4;

export interface CallOptions {
  /** By default those of a kernel that reads and writes its largest operand. */
  readonly work?: number;
  /** By default the kernel's parts. */
  readonly ranges?: readonly Range[];
  readonly divided?: number;
  /** Bytes. */
  readonly scratch?: number;
}

/** A call of a kernel, once for each of so many images. @param operands in the order of the kernel's arguments */
export function callOf(
  kernel: Emitter & { readonly parts?: number }, images: number, operands: readonly Place[], options: CallOptions = {},
): Call {
  const { ranges = [{ count: kernel.parts ?? 1, unit: 1 }], divided = 0, scratch } = options;
  const largest = Math.max(
    0, ...operands.map((place) => (isImage(place) ? place.images * place.layout.height * place.layout.width * place.layout.channels : 0)),
  );
  return {
    kernel, images, operands, ranges, divided, scratch: scratch ? { bytes: scratch } : undefined,
    work: options.work ?? ELEMENT_WORK * largest,
  };
}

/** The call with addresses. */
export function placedCall({ operands, scratch, ...call }: Call, address: (place: Place) => number): KernelCall {
  return {
    ...call,
    operands: operands.map(
      (place) => ({ address: address(place), pitch: isImage(place) && place.images > 1 ? imageBytes(place.layout) : 0 }),
    ),
    scratch: scratch?.bytes ?? 0, scratchAt: scratch && address(scratch),
  };
}

/** How many arguments the kernel takes, all of them i32. */
export function argumentCount({ operands, ranges, scratch }: KernelCall): number {
  return operands.length + 2 * ranges.length + (scratch > 0 ? 1 : 0);
}

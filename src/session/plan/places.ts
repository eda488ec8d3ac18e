/** Where the operands of kernels lie, before anything has an address. */
import { bytesOf } from "../../../kernels/formats.ts";
import { imageBytes } from "../../../kernels/wasm/shared/layout.ts";
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import type { Emitter } from "../../../kernels/wasm/shared/kernel.ts";

/** Bytes of the arena. */
export interface Region {
  readonly bytes: number;
}

/** Images in the arena, one after the other. */
export interface Image {
  readonly region: Region;
  readonly layout: Layout;
  readonly images: number;
}

/** A function of kernels/wasm/convolution/pack.ts: (to, from, factors, panels). */
export type Packer = (to: number, from: number, factors: number, panels: number) => void;

/** All of a memory. Taken anew at each use: growing leaves older views behind. */
export interface MemoryView {
  readonly floats: Float32Array;
}

/** Where something is stored while it is filled. `staging` is the address of bytes that are free for that. */
export interface FillPlace {
  readonly memory: MemoryView & { readonly staging: number };
  readonly address: number;
  readonly packer: Packer | undefined;
}

/** Writes what is stored, as numbers of its format. */
export type Fill<Numbers = Uint8Array> = (into: Numbers, place: FillPlace) => void;

/**
 * Bytes that stay from run to run, such as packed weights; of one key there is one. It is filled when its program begins, and at each
 * refresh.
 */
export interface Stored {
  readonly key: string;
  readonly bytes: number;
  readonly fill: Fill;
  /** A function of WebAssembly that helps to fill it. */
  readonly packer?: Emitter | undefined;
}

/** What writes floats, and a function of WebAssembly that helps. */
export interface Filling {
  readonly fill: Fill<Float32Array>;
  readonly packer?: Emitter;
}

/** So many floats that are stored. */
export function storedFloats(key: string, floats: number, { fill, packer }: Filling): Stored {
  return {
    key, bytes: bytesOf(floats), packer,
    fill: ({ buffer, byteOffset }, place) => fill(new Float32Array(buffer, byteOffset, floats), place),
  };
}

/** What a kernel gets: images (pixel (0, 0) of the first one), other bytes of the arena, something stored, or an address. */
export type Place = Image | Region | Stored | number;

export function isImage(place: Place): place is Image {
  return typeof place !== "number" && "region" in place;
}

export function isStored(place: Place): place is Stored {
  return typeof place !== "number" && "key" in place;
}

/** The region of a place that has one. */
export function regionOf(place: Place): Region | undefined {
  return typeof place === "number" || isStored(place) ? undefined : isImage(place) ? place.region : place;
}

/** Memory for images. */
export function imageOf(layout: Layout, images: number): Image {
  return { region: { bytes: images * imageBytes(layout) }, layout, images };
}

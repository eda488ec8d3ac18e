/** Where the operands of kernels lie, before anything has an address. */
import { imagePitch } from "../../../kernels/wasm/shared/layout.ts";
import type { Layout } from "../../../kernels/wasm/shared/layout.ts";
import type { Emitter } from "./kernel-call.ts";

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

/** Where something is stored while it is filled. `staging` is the address of bytes that are free for that. */
export interface FillPlace {
  readonly memory: { readonly floats: Float32Array; readonly staging: number };
  readonly address: number;
  readonly packer: Packer | undefined;
}

/** Writes what is stored. */
export type Fill = (into: Float32Array, place: FillPlace) => void;

/**
 * Floats that stay from run to run, such as packed weights; of one key there is one. It is filled when its program begins, and at each
 * refresh.
 */
export interface Stored {
  readonly key: string;
  readonly floats: number;
  readonly fill: Fill;
  /** A function of WebAssembly that helps to fill it. */
  readonly packer?: Emitter | undefined;
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
  return isImage(place) ? place.region : typeof place !== "number" && "bytes" in place ? place : undefined;
}

/** Memory for images. */
export function imageOf(layout: Layout, images: number): Image {
  return { region: { bytes: 4 * images * imagePitch(layout) }, layout, images };
}

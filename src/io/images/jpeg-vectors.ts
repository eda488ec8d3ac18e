/**
 * JPEG files by WebAssembly's vectors: the same bytes as decodeJpeg, in a third to a half of its time. Huffman codes are read by the same
 * code; what follows, kernels/wasm/images/jpeg.ts computes where it knows the file's sampling (4:4:4, 4:2:2, 4:2:0, grey), and plain code
 * elsewhere.
 */
import { type JpegKernels, jpegModule } from "../../../kernels/wasm/images/jpeg.ts";
import type { DecodeOptions, RgbaImage } from "./image.ts";
import { decodeJpeg, decodeJpegWith } from "./jpeg/decode.ts";
import type { Component } from "./jpeg/component.ts";
import { type PictureMaker, makePicture } from "./jpeg/picture.ts";
import { needsSmoothing } from "./jpeg/smoothing.ts";

/** Below so many bytes of a file the module costs more than it saves. */
const leastBytes = 1 << 15;
const pageBytes = 65536;

/** undefined before the first use; null where there is no WebAssembly, or none with vectors. */
let kernels: JpegKernels | null | undefined;

function instance(): JpegKernels | null {
  if (kernels !== undefined) return kernels;
  kernels = null;
  if (typeof WebAssembly !== "undefined") {
    try {
      kernels = new WebAssembly.Instance(new WebAssembly.Module(jpegModule())).exports as unknown as JpegKernels;
    } catch {
      // Engines without vectors, and pages that forbid to compile: plain code does it.
    }
  }
  return kernels;
}

/**
 * As decodeJpeg.
 * @param least files of fewer bytes are left to it
 * @throws what it throws
 */
export function decodeJpegByVectors(bytes: Uint8Array, options: DecodeOptions = {}, least: number = leastBytes): RgbaImage {
  return bytes.length < least || instance() === null ? decodeJpeg(bytes, options) : decodeJpegWith(bytes, options, pictureOf);
}

/** Where what a component has lies in the kernels' memory, in bytes. */
interface Place {
  readonly component: Component;
  /** How many times as large the image is. */
  readonly across: number;
  readonly down: number;
  /** A row of units' coefficients, or a row of blocks of them. */
  readonly from: number;
  /** Is it the component's own array? */
  readonly own: boolean;
  readonly steps: number;
  /** Rows of samples, `pitch` apart; row y is found at y modulo 16 v. */
  readonly samples: number;
  readonly pitch: number;
  /** A row as wide as the image. */
  readonly line: number;
}

const pictureOf: PictureMaker = (frame, data) => {
  const { components, width, height, count, yCbCr, vMax, hMax, unitsHigh, unitsWide, progressive } = frame;
  const known = components.every(({ h, v, width: own }) => (hMax === h && vMax === v) || (hMax === 2 * h && vMax <= 2 * v && own > 2));
  if (!known || !(count === 1 || (count === 3 && yCbCr))) return makePicture(frame, data);
  let end = 64;
  const take = (size: number): number => {
    const at = end;
    end += (size + 79) & ~63;
    return at;
  };
  const once = components[0].coefficients.length < components[0].stride * components[0].v * 65;
  const places = components.map((component): Place => {
    const { stride, v, h } = component;
    const pitch = stride * 8 + 48;
    return {
      component, across: hMax / h, down: vMax / v, own: once, pitch,
      from: take(stride * 128 * (once ? v : 1)), steps: take(128), samples: take(pitch * v * 16) + 16, line: take(unitsWide * hMax * 8),
    };
  });
  const middle = take(unitsWide * hMax * 8);
  const pixels = take((16 * vMax + 2) * width * 4);
  const { memory, transform, widen, colour } = instance()!;
  const missing = end + pageBytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
  const bytes = new Uint8ClampedArray(memory.buffer);
  const halves = new Int16Array(memory.buffer);
  bytes.fill(128, middle, pixels);
  for (const { component, from, steps } of places) {
    halves.fill(1, steps / 2, steps / 2 + 64);
    if (once) component.coefficients = halves.subarray(from / 2, from / 2 + component.coefficients.length).fill(0);
  }
  const rowOf = ({ component, samples, pitch }: Place, y: number): number => samples + (y % (component.v * 16)) * pitch;
  /** Rows that are finished. */
  let finished = 0;
  let plain: ReturnType<PictureMaker> | undefined;
  const show = (place: Place, row: number): void => {
    const { component, from, steps, pitch } = place;
    const { v, stride, blocksWide, blocksHigh, coefficients, width: own } = component;
    if (progressive && component.steps !== undefined) halves.set(component.steps, steps / 2);
    for (let y = row * v; y < Math.min(row * v + v, blocksHigh); y++) {
      if (!once) halves.set(coefficients.subarray(y * stride * 64, (y * stride + blocksWide) * 64), from / 2);
      const to = rowOf(place, y * 8);
      transform(to, once ? from + (y % v) * stride * 128 : from, blocksWide, steps, pitch);
      // Beyond the edges samples go on as they end.
      for (let at = to; at < to + 8 * pitch; at += pitch) {
        bytes[at - 1] = bytes[at];
        bytes[at + own] = bytes[at + own - 1];
      }
    }
  };
  const lineOf = (place: Place, y: number): number => {
    const { component, across, down, line } = place;
    const own = Math.floor(y / down);
    const near = rowOf(place, own);
    if (across === 1) return near;
    const far = down === 1 ? near : rowOf(place, Math.max(0, Math.min(component.height - 1, own + (y % 2) * 2 - 1)));
    widen(line, near, far, Math.ceil(component.width / 8), down === 1 ? 4 : 8, down === 1 ? 8 : 7);
    return line;
  };
  return (row, lastWhole) => {
    if (row === 0 && needsSmoothing(frame)) plain = makePicture(frame, data);
    if (plain !== undefined) return plain(row, lastWhole);
    for (const place of places) show(place, row);
    const until = row + 1 === unitsHigh ? height : (row + 1) * 8 * vMax - 2;
    const first = finished;
    for (let to = pixels; finished < until; finished++, to += width * 4) {
      const [luma, cb = middle, cr = middle] = places.map((place) => lineOf(place, finished));
      colour(to, luma, cb, cr, Math.ceil(width / 8));
    }
    data.set(bytes.subarray(pixels, pixels + (until - first) * width * 4), first * width * 4);
  };
};

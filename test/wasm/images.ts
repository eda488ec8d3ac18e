/**
 * Images in the memory of a WebAssembly module as sessions have them (kernels/wasm/shared/layout.ts), for tests: laid there from NCHW, read
 * back as NCHW, with guards around each. The guards are NaN, so that a kernel that reads past an image shows too.
 */
import { imageBytes, imagePitch, interiorBytes, rowPitch } from "../../kernels/wasm/shared/layout.ts";
import type { Layout } from "../../kernels/wasm/shared/layout.ts";

/** Where a value lies; addresses are in bytes. */
export interface Placed {
  readonly layout: Layout;
  readonly batch: number;
  /** Of pixel (0, 0), channel 0, of the first image: what kernels are given. */
  readonly address: number;
  /** From one image of the batch to the next. */
  readonly imageBytes: number;
  /** Of the first byte of the first image's halo. */
  readonly start: number;
}

interface Kept extends Placed {
  /** The bits of the whole, where nothing may change it. */
  readonly frozen: Uint32Array | undefined;
}

/** A NaN that no arithmetic makes. */
const GUARD = 0x7fc5a5a5;
/** An odd number, so that addresses have every alignment that floats can have. */
const GUARD_FLOATS = 9;
/** What room for an output holds before it is written. */
const UNWRITTEN = -77.5;

/** The size of a plain vector, such as gates or a bias, as a layout: one pixel. */
export function vectorLayout(channels: number): Layout {
  return { channels, height: 1, width: 1, halo: 0 };
}

/** Floats in NCHW order. */
export function elements(layout: Layout, batch: number = 1): number {
  return batch * layout.channels * layout.height * layout.width;
}

/** Calls back with the index in NCHW order, and the index in the memory that begins with the first image's halo. */
function eachElement({ channels, height, width, halo }: Layout, batch: number, visit: (plain: number, padded: number) => void): void {
  const layout = { channels, height, width, halo };
  let plain = 0;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      for (let h = 0; h < height; h++) {
        const row = n * imagePitch(layout) + interiorBytes(layout) / 4 + h * rowPitch(layout) + c;
        for (let w = 0; w < width; w++) visit(plain++, row + w * channels);
      }
    }
  }
}

export class Images {
  readonly #floats: Float32Array;
  readonly #bits: Uint32Array;
  readonly #placed: Kept[] = [];
  #next: number;

  /** Places values one after the other from byte `start` of the buffer on. */
  constructor(buffer: ArrayBufferLike, start: number = 64) {
    this.#floats = new Float32Array(buffer);
    this.#bits = new Uint32Array(buffer);
    this.#next = start / 4;
    this.#guard();
  }

  #guard(): void {
    this.#bits.fill(GUARD, this.#next, this.#next + GUARD_FLOATS);
    this.#next += GUARD_FLOATS;
  }

  #place(layout: Layout, batch: number, valueAt: (plain: number) => number, frozen: boolean): Placed {
    const start = this.#next;
    const size = batch * imagePitch(layout);
    if (start + size + GUARD_FLOATS > this.#floats.length) {
      throw new RangeError(`images: wants a larger memory than ${this.#floats.length} floats`);
    }
    this.#floats.fill(0, start, start + size);
    eachElement(layout, batch, (plain, padded) => {
      this.#floats[start + padded] = valueAt(plain);
    });
    this.#next += size;
    this.#guard();
    const bits = frozen ? this.#bits.slice(start, start + size) : undefined;
    const placed = {
      layout, batch, address: 4 * start + interiorBytes(layout), imageBytes: imageBytes(layout), start: 4 * start, frozen: bits,
    };
    this.#placed.push(placed);
    return placed;
  }

  /** An input, from values in NCHW order; nothing may write to it. */
  put(layout: Layout, values: ArrayLike<number>, batch: number = 1): Placed {
    if (values.length !== elements(layout, batch)) {
      throw new RangeError(`images: wants ${elements(layout, batch)} values, got ${values.length}`);
    }
    return this.#place(layout, batch, (i) => values[i], true);
  }

  /** A plain vector as an input: weights, a bias, gates. */
  vector(values: ArrayLike<number>): Placed {
    return this.put(vectorLayout(values.length), values);
  }

  /** Room for an output, its halo zero; with `values` it is an input that a kernel may write over. */
  room(layout: Layout, batch: number = 1, values?: ArrayLike<number>): Placed {
    return this.#place(layout, batch, (i) => (values === undefined ? UNWRITTEN : values[i]), false);
  }

  /** In NCHW order. */
  read({ layout, batch, start }: Placed): Float32Array {
    const values = new Float32Array(elements(layout, batch));
    eachElement(layout, batch, (plain, padded) => {
      values[plain] = this.#floats[start / 4 + padded];
    });
    return values;
  }

  /** What was written that should not have been: "" where all is well. */
  damage(): string {
    for (const { start, layout, batch, frozen } of this.#placed) {
      const first = start / 4;
      const size = batch * imagePitch(layout);
      const name = `the image of ${layout.channels}x${layout.height}x${layout.width}, halo ${layout.halo}, at byte ${start}`;
      for (let i = 1; i <= GUARD_FLOATS; i++) {
        if (this.#bits[first - i] !== GUARD) return `${i} floats before ${name} were written to`;
        if (this.#bits[first + size + i - 1] !== GUARD) return `${i} floats past ${name} were written to`;
      }
      if (frozen !== undefined) {
        const at = frozen.findIndex((bits, i) => this.#bits[first + i] !== bits);
        if (at >= 0) return `input ${name} was written to, at float ${at}`;
      }
      const inside = new Uint8Array(size);
      eachElement(layout, batch, (_, padded) => {
        inside[padded] = 1;
      });
      for (let i = 0; i < size; i++) {
        if (inside[i] === 0 && this.#bits[first + i] !== 0) return `the halo of ${name} was written to, at float ${i}`;
      }
    }
    return "";
  }
}

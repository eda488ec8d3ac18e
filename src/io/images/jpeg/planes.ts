/**
 * The samples of each component, two rows of units at a time, and how they become as large as the image: libjpeg's "fancy"
 * upsampling (a triangle filter for halves, repetition for all else).
 */
import type { Component, Frame } from "./frame.ts";
import { inverseDct } from "./inverse-dct.ts";

/** Of components that no scan names. */
const noSteps = new Uint16Array(64);

export class Plane {
  readonly component: Component;
  /** Rows of samples, of which row y is found at y modulo `kept`. */
  readonly #samples: Uint8ClampedArray;
  readonly #stride: number;
  readonly #kept: number;
  /** How many times as large the image is. */
  readonly #across: number;
  readonly #down: number;
  /** A row of the image. */
  readonly #wide: Uint8ClampedArray;
  /** The row that was asked for: its first sample is `line[offset]`. */
  line: Uint8ClampedArray;
  offset = 0;

  constructor(component: Component, { hMax, vMax }: Frame) {
    this.component = component;
    this.#stride = component.stride * 8;
    this.#kept = component.v * 16;
    this.#samples = new Uint8ClampedArray(this.#stride * this.#kept);
    this.#across = hMax / component.h;
    this.#down = vMax / component.v;
    this.#wide = new Uint8ClampedArray(this.#stride * this.#across);
    this.line = this.#samples;
  }

  /** Transforms the coefficients at `at` of `block` into the samples of the block in column `x` and row `y`. */
  transform(block: Int16Array, at: number, x: number, y: number): void {
    inverseDct(block, at, this.component.steps ?? noSteps, this.#samples, this.#row(y * 8) + x * 8, this.#stride);
  }

  /** Where row `y` begins. */
  #row(y: number): number {
    return (y % this.#kept) * this.#stride;
  }

  /** Makes `line` and `offset` row `y` of the image. */
  read(y: number): void {
    const samples = this.#samples;
    const { width, height } = this.component;
    const across = this.#across;
    const down = this.#down;
    const own = Math.floor(y / down);
    const near = this.#row(own);
    if (across === 1 && down === 1) {
      this.offset = near;
      return;
    }
    const wide = (this.line = this.#wide);
    const below = y % down;
    const mixesColumns = across === 2 && down <= 2 && width > 2;
    const mixesRows = down === 2 && (across === 1 || mixesColumns);
    const far = mixesRows ? this.#row(Math.max(0, Math.min(height - 1, own + below * 2 - 1))) : near;
    if (mixesColumns) {
      // Numbers are four times as large where two rows are mixed, and so are the halves that round them.
      const [factor, shift, even, odd] = mixesRows ? [3, 4, 8, 7] : [0, 2, 1, 2];
      let here = factor * samples[near] + samples[far];
      let left = here;
      for (let x = 0; x < width; x++) {
        const next = Math.min(x + 1, width - 1);
        const right = factor * samples[near + next] + samples[far + next];
        wide[2 * x] = (3 * here + left + even) >> shift;
        wide[2 * x + 1] = (3 * here + right + odd) >> shift;
        left = here;
        here = right;
      }
    } else if (mixesRows) for (let x = 0; x < width; x++) wide[x] = (3 * samples[near + x] + samples[far + x] + 1 + below) >> 2;
    else for (let x = 0; x < width; x++) wide.fill(samples[near + x], x * across, (x + 1) * across);
  }
}

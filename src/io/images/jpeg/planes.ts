/**
 * The samples of a component, two rows of units at a time, and how they become as large as the image: libjpeg's "fancy"
 * upsampling (a triangle filter for halves, repetition for all else).
 */
import type { Component } from "./component.ts";
import type { Frame } from "./frame.ts";
import { inverseDct } from "./inverse-dct.ts";
import { needsSmoothing, smooth } from "./smoothing.ts";

export interface Plane {
  /** A row of the image. */
  readonly line: Uint8ClampedArray;
  /** Transforms a row of units, whose coefficients are complete. @param lastWhole as readScan has it */
  add(row: number, lastWhole: number): void;
  /** Makes `line` row `y` of the image. */
  read(y: number): void;
}

const scaled = new Int16Array(64);

export function makePlane(component: Component, frame: Frame): Plane {
  const { width, height, v, stride, blocksWide, blocksHigh, coefficients } = component;
  /** Of these rows, row y is found at y modulo 16 v. */
  const samples = new Uint8ClampedArray(stride * v * 128);
  const place = (y: number): number => (y % (v * 16)) * stride * 8;
  // How many times as large the image is.
  const across = frame.hMax / component.h;
  const down = frame.vMax / v;
  const line = new Uint8ClampedArray(stride * 8 * across);
  const mixesColumns = across === 2 && down < 3 && width > 2;
  const mixesRows = down === 2 && (across === 1 || mixesColumns);
  return {
    line,
    add(row, lastWhole) {
      const smoothing = needsSmoothing(frame);
      // A component that no scan named has none.
      const steps = component.steps ?? scaled;
      for (let y = row * v; y < Math.min(row * v + v, blocksHigh); y++) {
        for (let x = 0; x < blocksWide; x++) {
          let at = ((y * stride + x) * 64) % coefficients.length;
          let block = coefficients;
          if (frame.progressive) {
            for (let i = 0; i < 64; i++) scaled[i] = coefficients[at + i] * steps[i];
            if (smoothing) smooth(scaled, component, at, row > lastWhole, x, y, frame.unitsHigh);
            block = scaled;
            at = 0;
          }
          inverseDct(block, at, samples, place(y * 8) + x * 8, stride * 8);
        }
      }
    },
    read(y) {
      const own = Math.floor(y / down);
      const below = y % down;
      const near = place(own);
      const far = mixesRows ? place(Math.max(0, Math.min(height - 1, own + below * 2 - 1))) : near;
      if (mixesColumns) mixColumns(line, samples, near, far, width, mixesRows);
      else if (mixesRows) for (let x = 0; x < width; x++) line[x] = (3 * samples[near + x] + samples[far + x] + 1 + below) >> 2;
      else if (across === 1) line.set(samples.subarray(near, near + width));
      else for (let x = 0, o = 0; x < width; x++) for (let i = 0; i < across; i++) line[o++] = samples[near + x];
    },
  };
}

/**
 * Twice as many samples as there are in a row, from two rows of which the nearer counts three times; or from one, which is both of them
 * then: all numbers are sixteen times as large as samples. No part of the closure above: V8 loads again in each round what a closure holds.
 */
function mixColumns(
  line: Uint8ClampedArray, samples: Uint8ClampedArray, near: number, far: number, width: number, mixesRows: boolean,
): void {
  const a = samples.subarray(near, near + width);
  const b = samples.subarray(far, far + width);
  // What is added before numbers are rounded down.
  const [even, odd] = mixesRows ? [8, 7] : [4, 8];
  let here = 3 * a[0] + b[0];
  let left = here;
  for (let x = 0, o = 0; x < width; o += 2) {
    x++;
    const right = x < width ? 3 * a[x] + b[x] : here;
    line[o] = (3 * here + left + even) >> 4;
    line[o + 1] = (3 * here + right + odd) >> 4;
    left = here;
    here = right;
  }
}

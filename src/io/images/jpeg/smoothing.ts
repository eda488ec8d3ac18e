/**
 * What libjpeg-turbo (3.0.1 and later) does where a progressive file ends early: the first coefficients that are not known exactly are
 * estimated from the mean values (DC) of the 5x5 blocks around (as ITU-T T.81, K.8, does from 3x3).
 */
import type { Component } from "./component.ts";
import type { Frame } from "./frame.ts";
import { zigzag } from "./zigzag.ts";

const slope = [-1, -1, 0, -3, 13, 0, -3, 38, 0];
const curve = [0, 0, 0, 0, 2, -5, 1, 7, -14];
const bend = [0, 0, 0, 0, 0, 0, -1, 13, -24];
const line = [0, 0, 0, 0, 0, 0, -7, 50, 0];
const twist = [0, 0, 0, 0, 1, -3, 0, 0, 0];
const cubic = [0, 0, 0, 0, 1, 0, 0, 2, 0];

/**
 * Weights of the 5x5 blocks for coefficients 0 to 9 in zigzag order where nothing but DC was sent, then for 0 to 5 where something was: of
 * the upper left 3x3, row by row, or column by column for coefficients that turn more often downwards than across.
 */
const corners = [
  [[-2, -6, -8, -6, 6, 42, -8, 42, 152], slope, slope, curve, [-1, 0, 0, 0, 9, 0, 0, 0, 0], curve, cubic, twist, twist, cubic],
  [[], line, line, bend, [0, -1, 0, -1, 10, 0, 0, 0, 0], bend],
];

/** Is there something to estimate, and enough to do it from? */
export function needsSmoothing({ progressive, components }: Frame): boolean {
  const places = zigzag.subarray(0, 10);
  return progressive && components.every(({ missing, steps }) => missing[0] >= 0 && places.every((place) => steps![place] > 0)) &&
    components.some(({ missing }) => places.some((_, k) => k > 0 && missing[k] !== 0));
}

/**
 * Adds estimates of what is not known exactly to `block`, whose coefficients are those of `component` in column `x` and row `y`, at `at`,
 * times their steps.
 * @param before goes by what was sent before the last scan
 */
export function smooth(
  block: Int16Array, component: Component, at: number, before: boolean, x: number, y: number, unitsHigh: number,
): void {
  const { coefficients, stride, v, blocksWide, blocksHigh, steps } = component;
  const missing = before ? component.missingBefore : component.missing;
  const nothing = missing.subarray(1, 10).every((bits) => bits < 0);
  // libjpeg counts the rows as if each row of units had as many rows of blocks as this one.
  const unit = Math.floor(y / v);
  const high = unit === unitsHigh - 1 ? blocksHigh % v || v : v;
  const row = unit * high + (y % v);
  corners[nothing ? 0 : 1].forEach((corner, k) => {
    const place = zigzag[k];
    const step = steps![place];
    if (k === 0 ? !nothing : missing[k] === 0 || coefficients[at + place] !== 0) return;
    const [turnsAcross, turnsDown] = [place & 7, place >> 3];
    let sum = 0;
    for (let i = 0; i < 25; i++) {
      const [right, below] = [i % 5, Math.floor(i / 5)];
      const [a, b] = [Math.min(right, 4 - right), Math.min(below, 4 - below)];
      // What lies right of or below the middle is the same mirrored, with the other sign where the wave turns an odd number of times.
      const sign = ((right > 2 ? turnsAcross : 0) ^ (below > 2 ? turnsDown : 0)) & 1;
      const nearRow = y + Math.max(-row, Math.min(unitsHigh * high - 1 - row, below - 2));
      const nearColumn = Math.max(0, Math.min(blocksWide - 1, x + right - 2));
      sum += (1 - 2 * sign) * corner[turnsDown > turnsAcross ? a * 3 + b : b * 3 + a] * coefficients[(nearRow * stride + nearColumn) * 64];
    }
    sum *= steps![0];
    const size = Math.floor((Math.abs(sum) + 128 * step) / (256 * step));
    block[place] = Math.sign(sum) * Math.min(size, k > 0 && missing[k] > 0 ? (1 << missing[k]) - 1 : size) * step;
  });
}

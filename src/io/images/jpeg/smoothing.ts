/**
 * What libjpeg-turbo (3.0.1 and later) does where a progressive file ends early: the first coefficients that are not known exactly are
 * estimated from the mean values (DC) of the 5x5 blocks around (as ITU-T T.81, K.8, does from 3x3).
 */
import type { Component, Frame } from "./frame.ts";
import { zigzag } from "./zigzag.ts";

/** How to weigh 5x5 means: the upper left 3x3 of the weights; what lies to the right or below of the middle has the other sign where so said. */
type Window = readonly [weights: readonly number[], right: 1 | -1, below: 1 | -1];

const turned = ([weights, right, below]: Window): Window => [weights.map((_, i) => weights[(i % 3) * 3 + Math.floor(i / 3)]), below, right];

/** For coefficients 0 to 9 in zigzag order, where nothing but DC was sent; then for 1 to 5 where something was. */
function makeWindows(): readonly Window[][] {
  const across: Window = [[-1, -1, 0, -3, 13, 0, -3, 38, 0], -1, 1];
  const curve: Window = [[0, 0, 1, 0, 2, 7, 0, -5, -14], 1, 1];
  const cubic: Window = [[0, 0, 0, 0, 1, 0, 0, 2, 0], -1, 1];
  const twist: Window = [[0, 0, 0, 0, 1, -3, 0, 0, 0], 1, -1];
  const corners: Window = [[-1, 0, 0, 0, 9, 0, 0, 0, 0], -1, -1];
  const line: Window = [[0, 0, 0, 0, 0, 0, -7, 50, 0], -1, 1];
  const bend: Window = [[0, 0, -1, 0, 0, 13, 0, 0, -24], 1, 1];
  const mean: Window = [[-2, -6, -8, -6, 6, 42, -8, 42, 152], 1, 1];
  return [
    [mean, across, turned(across), curve, corners, turned(curve), cubic, twist, turned(twist), turned(cubic)],
    [mean, line, turned(line), bend, [[0, -1, 0, -1, 10, 0, 0, 0, 0], -1, -1], turned(bend)],
  ];
}

let windows: readonly Window[][] | undefined;

/** Is there something to estimate, and enough to do it from? */
export function needsSmoothing({ progressive, components }: Frame): boolean {
  return progressive && components.every(({ missing, steps }) => missing[0] >= 0 && zigzag.subarray(0, 10).every((place) => steps![place] > 0)) &&
    components.some(({ missing }) => missing.subarray(1, 10).some((bits) => bits !== 0));
}

/**
 * Estimates in `block`, a copy of the block of `component` in column `x` and row `y`, what is not known exactly.
 * @param missing bits of each coefficient that are not sent, as Component.missing
 */
export function smooth(block: Int16Array, component: Component, missing: Int8Array, x: number, y: number, unitsHigh: number): void {
  const { coefficients, stride, v, blocksWide, blocksHigh, steps } = component;
  const nothing = missing.subarray(1, 10).every((bits) => bits < 0);
  // libjpeg counts the rows as if each row of units had as many rows of blocks as this one.
  const unit = Math.floor(y / v);
  const high = unit === unitsHigh - 1 ? blocksHigh % v || v : v;
  const row = unit * high + (y % v);
  (windows ??= makeWindows())[nothing ? 0 : 1].forEach(([weights, right, below], k) => {
    const step = steps![zigzag[k]];
    if (k === 0 ? !nothing : missing[k] === 0 || block[zigzag[k]] !== 0) return;
    let sum = 0;
    for (let dy = -2; dy <= 2; dy++) {
      const near = y + Math.max(-row, Math.min(unitsHigh * high - 1 - row, dy));
      for (let dx = -2; dx <= 2; dx++) {
        const weight = weights[(2 - Math.abs(dy)) * 3 + 2 - Math.abs(dx)] * (dx > 0 ? right : 1) * (dy > 0 ? below : 1);
        sum += weight * coefficients[(near * stride + Math.max(0, Math.min(blocksWide - 1, x + dx))) * 64];
      }
    }
    sum *= steps![0];
    const size = Math.floor((Math.abs(sum) + 128 * step) / (256 * step));
    const most = k > 0 && missing[k] > 0 ? (1 << missing[k]) - 1 : size;
    block[zigzag[k]] = Math.sign(sum) * Math.min(size, most);
  });
}

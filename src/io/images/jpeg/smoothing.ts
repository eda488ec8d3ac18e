/**
 * What libjpeg-turbo (3.0.1 and later) does where a progressive file ends early: the first coefficients that are not known exactly are
 * estimated from the mean values (DC) of the 5x5 blocks around (as ITU-T T.81, K.8, does from 3x3).
 */
import type { Component, Frame } from "./frame.ts";
import { zigzag } from "./zigzag.ts";

/** 25 weights, row by row. */
type Window = readonly number[];

/** A window of its upper left 3x3; what lies right of or below the middle is mirrored, with the other sign where so said. */
function mirror(corner: readonly number[], right: 1 | -1, below: 1 | -1): Window {
  return Array.from({ length: 25 }, (_, i) => {
    const x = i % 5;
    const y = Math.floor(i / 5);
    return corner[Math.min(y, 4 - y) * 3 + Math.min(x, 4 - x)] * (x > 2 ? right : 1) * (y > 2 ? below : 1);
  });
}

const turned = (window: Window): Window => window.map((_, i) => window[(i % 5) * 5 + Math.floor(i / 5)]);

/** For coefficients 0 to 9 in zigzag order, where nothing but DC was sent; then for 0 to 5 where something was. */
function makeWindows(): readonly Window[][] {
  const mean = mirror([-2, -6, -8, -6, 6, 42, -8, 42, 152], 1, 1);
  const slope = mirror([-1, -1, 0, -3, 13, 0, -3, 38, 0], -1, 1);
  const curve = mirror([0, 0, 1, 0, 2, 7, 0, -5, -14], 1, 1);
  const cubic = mirror([0, 0, 0, 0, 1, 0, 0, 2, 0], -1, 1);
  const twist = mirror([0, 0, 0, 0, 1, -3, 0, 0, 0], 1, -1);
  const corners = mirror([-1, 0, 0, 0, 9, 0, 0, 0, 0], -1, -1);
  const line = mirror([0, 0, 0, 0, 0, 0, -7, 50, 0], -1, 1);
  const bend = mirror([0, 0, -1, 0, 0, 13, 0, 0, -24], 1, 1);
  return [
    [mean, slope, turned(slope), curve, corners, turned(curve), cubic, twist, turned(twist), turned(cubic)],
    [mean, line, turned(line), bend, mirror([0, -1, 0, -1, 10, 0, 0, 0, 0], -1, -1), turned(bend)],
  ];
}

let windows: readonly Window[][] | undefined;

/** Is there something to estimate, and enough to do it from? */
export function needsSmoothing({ progressive, components }: Frame): boolean {
  const places = zigzag.subarray(0, 10);
  return progressive && components.every(({ missing, steps }) => missing[0] >= 0 && places.every((place) => steps![place] > 0)) &&
    components.some(({ missing }) => places.some((_, k) => k > 0 && missing[k] !== 0));
}

/**
 * A copy of the block of `component` at `at`, in column `x` and row `y`, with estimates of what is not known exactly.
 * @param missing bits of each coefficient that are not sent, as Component.missing
 */
export function smooth(component: Component, at: number, missing: Int8Array, x: number, y: number, unitsHigh: number): Int16Array {
  const { coefficients, stride, v, blocksWide, blocksHigh, steps } = component;
  const block = coefficients.slice(at, at + 64);
  const nothing = missing.subarray(1, 10).every((bits) => bits < 0);
  // libjpeg counts the rows as if each row of units had as many rows of blocks as this one.
  const unit = Math.floor(y / v);
  const high = unit === unitsHigh - 1 ? blocksHigh % v || v : v;
  const row = unit * high + (y % v);
  const means: number[] = [];
  for (let i = 0; i < 25; i++) {
    const near = y + Math.max(-row, Math.min(unitsHigh * high - 1 - row, Math.floor(i / 5) - 2));
    means.push(coefficients[(near * stride + Math.max(0, Math.min(blocksWide - 1, x + (i % 5) - 2))) * 64]);
  }
  (windows ??= makeWindows())[nothing ? 0 : 1].forEach((weights, k) => {
    const step = steps![zigzag[k]];
    if (k === 0 ? !nothing : missing[k] === 0 || block[zigzag[k]] !== 0) return;
    let sum = 0;
    for (let i = 0; i < 25; i++) sum += weights[i] * means[i];
    sum *= steps![0];
    const size = Math.floor((Math.abs(sum) + 128 * step) / (256 * step));
    const most = k > 0 && missing[k] > 0 ? (1 << missing[k]) - 1 : size;
    block[zigzag[k]] = Math.sign(sum) * Math.min(size, most);
  });
  return block;
}

/** Many channels as one small grey picture. */
import type { Sheet } from "../messages.ts";

/** Sides of a channel on a sheet, and how many are on it at most. */
const most = 64;
const side = 14;

/** The mean of the pixels that fall into each cell, [rows,columns] of [height,width]. */
function shrunk(values: Float32Array, height: number, width: number, rows: number, columns: number): Float32Array {
  if (rows === height && columns === width) return values;
  const out = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const top = Math.floor((r * height) / rows);
    const bottom = Math.max(Math.floor(((r + 1) * height) / rows), top + 1);
    for (let c = 0; c < columns; c++) {
      const left = Math.floor((c * width) / columns);
      const right = Math.max(Math.floor(((c + 1) * width) / columns), left + 1);
      let sum = 0;
      for (let i = top; i < bottom; i++) for (let j = left; j < right; j++) sum += values[i * width + j];
      out[r * columns + c] = sum / ((bottom - top) * (right - left));
    }
  }
  return out;
}

/**
 * @param values [C,H,W] @param longest of the sides that a channel has on the sheet
 * @returns black is the least value or 0, white the largest; channels are apart by a pixel of middle grey
 */
export function sheetOf(values: Float32Array, [channels, height, width]: readonly number[], longest: number = side): Sheet {
  const scale = Math.min(1, longest / Math.max(height, width));
  const [rows, columns] = [Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale))];
  const shown = Math.min(channels, most);
  const across = Math.ceil(Math.sqrt(shown));
  const down = Math.ceil(shown / across);
  const [sheetWidth, sheetHeight] = [across * (columns + 1) - 1, down * (rows + 1) - 1];
  const pixels = new Uint8ClampedArray(sheetWidth * sheetHeight).fill(96);
  let low = 0;
  let high = 1e-12;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  for (let n = 0; n < shown; n++) {
    const small = shrunk(values.subarray(n * height * width, (n + 1) * height * width), height, width, rows, columns);
    const [top, left] = [Math.floor(n / across) * (rows + 1), (n % across) * (columns + 1)];
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) pixels[(top + r) * sheetWidth + left + c] = (255 * (small[r * columns + c] - low)) / (high - low);
    }
  }
  return { width: sheetWidth, height: sheetHeight, pixels, shown, channels };
}

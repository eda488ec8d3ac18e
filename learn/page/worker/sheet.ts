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

/** From which value to which there is grey: 0 is within; one of 200 may be beyond, so that a few large values do not darken all. */
function ends(values: Float32Array): readonly [number, number] {
  const step = Math.max(1, Math.floor(values.length / 2048));
  const some = Float32Array.from({ length: Math.ceil(values.length / step) }, (_, i) => values[i * step]).sort();
  const beyond = Math.floor(some.length / 200);
  return [Math.min(0, some[beyond]), Math.max(1e-12, some[some.length - 1 - beyond])];
}

/**
 * @param values [C,H,W] @param longest of the sides that a channel has on the sheet
 * @returns black is the least value or 0, white nearly the largest; channels are apart by a pixel of middle grey
 */
export function sheetOf(values: Float32Array, [channels, height, width]: readonly number[], longest: number = side): Sheet {
  const scale = Math.min(1, longest / Math.max(height, width));
  const [rows, columns] = [Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale))];
  const shown = Math.min(channels, most);
  const across = Math.ceil(Math.sqrt(shown));
  const down = Math.ceil(shown / across);
  const [sheetWidth, sheetHeight] = [across * (columns + 1) - 1, down * (rows + 1) - 1];
  const pixels = new Uint8ClampedArray(sheetWidth * sheetHeight).fill(96);
  const [low, high] = ends(values);
  for (let n = 0; n < shown; n++) {
    const small = shrunk(values.subarray(n * height * width, (n + 1) * height * width), height, width, rows, columns);
    const [top, left] = [Math.floor(n / across) * (rows + 1), (n % across) * (columns + 1)];
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) pixels[(top + r) * sheetWidth + left + c] = (255 * (small[r * columns + c] - low)) / (high - low);
    }
  }
  return { width: sheetWidth, height: sheetHeight, pixels, shown, channels, across, cell: [rows, columns] };
}

/**
 * Sums over windows: out[row, place] = start + sum over channel, tap of weight[row, channel, tap] * source[channel, place + tap].
 * This one form is the forward pass of a convolution and, for each phase of the stride, the backward pass by the input; and
 * the same with parts exchanged for a transposed convolution. It runs as a matrix product on tiles (tile.ts): blocks of
 * places are packed as columns once and used by all rows.
 */
import { COLUMNS, DEPTH, PATCH } from "../scratch.ts";
import type { Floats } from "../shapes.ts";
import { tile } from "./tile.ts";

/** Geometry; every number counts elements. "Source" is what the windows lie on; the grid holds the places of the windows. */
export interface Windows {
  readonly batch: number;
  readonly groups: number;
  /** Of a group. */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly gridHeight: number;
  readonly gridWidth: number;
  /** Tap i of place g lies on row g * strideHeight + baseHeight + i * stepHeight; columns likewise. */
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly baseHeight: number;
  readonly baseWidth: number;
  readonly tapsHeight: number;
  readonly tapsWidth: number;
  readonly stepHeight: number;
  readonly stepWidth: number;
  /** Of a group. */
  readonly rows: number;
  /** Tap (i, j) of channel c and row r: weight[first + r * row + c * channel + i * tapRow + j * tap], and one group after another. */
  readonly weightFirst: number;
  readonly weightRow: number;
  readonly weightChannel: number;
  readonly weightTapRow: number;
  readonly weightTap: number;
  readonly weightGroup: number;
  /** The out image, and where place (g, h) lies in it: row outTop + g * outStepHeight, and column likewise. */
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outTop: number;
  readonly outLeft: number;
  readonly outStepHeight: number;
  readonly outStepWidth: number;
}

/** Source pixels in one direction under so many places with so many taps each. */
export function span(places: number, stride: number, taps: number, step: number): number {
  return taps === 0 ? 0 : (places - 1) * stride + (taps - 1) * Math.abs(step) + 1;
}

/** Rows of the source under `places` neighbouring places of one image, at most. */
function bandRows(w: Windows, places: number): number {
  const gridRows = Math.min(w.gridHeight, Math.floor((places + w.gridWidth - 2) / w.gridWidth) + 1);
  return span(gridRows, w.strideHeight, w.tapsHeight, w.stepHeight);
}

function bandWidth(w: Windows): number {
  return span(w.gridWidth, w.strideWidth, w.tapsWidth, w.stepWidth);
}

/** Can the tile store hold this geometry? Sums of more than 131,072 terms and rows of that order are the textbook's. */
export function fitsWindows(w: Windows): boolean {
  return w.channels * w.tapsHeight * w.tapsWidth <= DEPTH && bandRows(w, 3) * bandWidth(w) <= PATCH;
}

/**
 * Doubles in a block of columns: 2 MB. Larger blocks pack the weights less often, and the tile reads columns so slowly (11 bytes
 * a nanosecond) that the third-level cache keeps up: 2 to 8 % faster than blocks of 256 kB, which fit the second-level cache.
 */
const BLOCK = 262144;

/** Places in a block: part of one image, or several whole images. */
function blockPlaces(w: Windows, depth: number): number {
  const plane = w.gridHeight * w.gridWidth;
  const room = Math.min(3 * Math.floor(DEPTH / depth), COLUMNS);
  let places = Math.min(room, Math.max(48, 3 * Math.floor(BLOCK / depth / 3)));
  const image = bandRows(w, plane) * bandWidth(w);
  if (plane <= places && image <= PATCH) return plane * Math.min(Math.floor(places / plane), Math.floor(PATCH / image), w.batch);
  while (places > 3 && bandRows(w, places) * bandWidth(w) > PATCH) places = 3 * Math.ceil(places / 6);
  // Pieces of equal size, in whole tiles.
  return 3 * Math.ceil(plane / Math.ceil(plane / places) / 3);
}

/**
 * out = start + windows of source times weight, or out += it; `bias` starts each row's sums.
 * Windows that hang over the source's edge see zeros there.
 */
export function sumWindows(out: Floats, source: Floats, weight: Floats, bias: Floats | null, accumulate: boolean, w: Windows): void {
  const depth = w.channels * w.tapsHeight * w.tapsWidth;
  if (depth === 0) {
    if (!accumulate) fillPlaces(out, bias, w);
    return;
  }
  const plane = w.gridHeight * w.gridWidth;
  const places = blockPlaces(w, depth);
  const outPlane = w.outHeight * w.outWidth;
  const weightImage = w.weightTapRow * w.tapsHeight;
  const contiguous = w.weightTap === 1 && w.weightTapRow === w.tapsWidth && w.weightChannel === weightImage;
  for (let group = 0; group < w.groups; group++) {
    for (let image = 0; image < w.batch; image += Math.max(1, Math.floor(places / plane))) {
      const images = Math.min(Math.max(1, Math.floor(places / plane)), w.batch - image);
      const end = images * plane;
      const step = images > 1 ? end : places;
      for (let from = 0; from < end; from += step) {
        const to = Math.min(from + step, end);
        packBlock(source, w, group, image, from, to, depth);
        const panels = Math.ceil((to - from) / 3);
        const rowBase = group * w.rows;
        const weightBase = w.weightFirst + group * w.weightGroup;
        for (let row = 0; row < w.rows; row += 3) {
          const row1 = Math.min(row + 1, w.rows - 1);
          const row2 = Math.min(row + 2, w.rows - 1);
          const w0 = weightBase + row * w.weightRow;
          const w1 = weightBase + row1 * w.weightRow;
          const w2 = weightBase + row2 * w.weightRow;
          if (contiguous) tile.packA(weight, w0, w1, w2, 1, 0, depth);
          else if (w.tapsHeight === 1 && w.tapsWidth === 1) tile.packA(weight, w0, w1, w2, w.weightChannel, 0, depth);
          else tile.packTaps(weight, w0, w1, w2, w.channels, w.weightChannel, w.tapsHeight, w.weightTapRow, w.tapsWidth, w.weightTap);
          if (bias === null) tile.startFrom(0, 0, 0);
          else tile.startFrom(bias[rowBase + row], bias[rowBase + row1], bias[rowBase + row2]);
          const out0 = (rowBase + row) * outPlane;
          const out1 = (rowBase + row1) * outPlane;
          const out2 = (rowBase + row2) * outPlane;
          if (accumulate) {
            for (let panel = 0; panel < panels; panel++) {
              tile.multiply(panel * depth, depth);
              tile.add(out, out0, out1, out2, panel * 3);
            }
          } else {
            for (let panel = 0; panel < panels; panel++) {
              tile.multiply(panel * depth, depth);
              tile.put(out, out0, out1, out2, panel * 3);
            }
          }
        }
      }
    }
  }
}

/** out = start: windows without a tap (a stride that is larger than the kernel leaves such places). */
function fillPlaces(out: Floats, bias: Floats | null, w: Windows): void {
  const rows = w.groups * w.rows;
  for (let plane = 0; plane < w.batch * rows; plane++) {
    const start = bias === null ? 0 : bias[plane % rows];
    for (let g = 0; g < w.gridHeight; g++) {
      const first = (plane * w.outHeight + w.outTop + g * w.outStepHeight) * w.outWidth + w.outLeft;
      for (let h = 0; h < w.gridWidth; h++) out[first + h * w.outStepWidth] = start;
    }
  }
}

/** Packs the places `from` to `to`, counted through the images from `image` on, as columns of B, and notes where they belong. */
function packBlock(source: Floats, w: Windows, group: number, image: number, from: number, to: number, depth: number): void {
  const { channels, height, width, gridWidth, tapsHeight, tapsWidth, stepHeight, stepWidth, strideHeight, strideWidth } = w;
  const plane = w.gridHeight * gridWidth;
  const images = Math.ceil(to / plane);
  const outImage = w.groups * w.rows * w.outHeight * w.outWidth;
  const sourcePlane = height * width;
  const sourceImage = w.groups * channels * sourcePlane;
  const sourceGroup = group * channels * sourcePlane;

  // Windows of one pixel, none outside: straight from the source.
  const single = tapsHeight === 1 && tapsWidth === 1 && w.baseHeight >= 0 && w.baseWidth >= 0
    && (w.gridHeight - 1) * strideHeight + w.baseHeight < height && (gridWidth - 1) * strideWidth + w.baseWidth < width;
  const top = Math.floor(from / gridWidth);
  const bottom = images > 1 ? w.gridHeight : Math.ceil(to / gridWidth);
  // The band of the source under these places: its first row and column, its size.
  const firstRow = top * strideHeight + w.baseHeight + Math.min(0, (tapsHeight - 1) * stepHeight);
  const firstColumn = w.baseWidth + Math.min(0, (tapsWidth - 1) * stepWidth);
  const bandHeight = span(bottom - top, strideHeight, tapsHeight, stepHeight);
  const pitch = bandWidth(w);
  const band = bandHeight * pitch;
  const slice = Math.max(1, Math.min(channels, Math.floor(PATCH / (images * band))));

  let column = 0;
  for (let place = from; place < to; place++) {
    const n = Math.floor(place / plane);
    const g = Math.floor((place - n * plane) / gridWidth);
    const h = place - n * plane - g * gridWidth;
    const offset = (image + n) * outImage + (w.outTop + g * w.outStepHeight) * w.outWidth + w.outLeft + h * w.outStepWidth;
    const origin = single
      ? (image + n) * sourceImage + sourceGroup + (g * strideHeight + w.baseHeight) * width + h * strideWidth + w.baseWidth
      : n * slice * band + (g * strideHeight + w.baseHeight - firstRow) * pitch + h * strideWidth + w.baseWidth - firstColumn;
    tile.setColumn(column++, offset, origin);
  }
  while (column % 3 !== 0) tile.repeatColumn(column++);

  if (single) {
    for (let c = 0, q = 0; c < column; c += 3, q += depth) tile.packPoints(source, c, q, channels, sourcePlane);
    return;
  }
  const left = Math.min(Math.max(-firstColumn, 0), pitch);
  const count = Math.max(0, Math.min(pitch - left, width - Math.max(firstColumn, 0)));
  for (let channel = 0; channel < channels; channel += slice) {
    const some = Math.min(slice, channels - channel);
    for (let n = 0; n < images; n++) {
      for (let c = 0; c < some; c++) {
        const first = (image + n) * sourceImage + sourceGroup + (channel + c) * sourcePlane + Math.max(firstColumn, 0);
        for (let r = 0; r < bandHeight; r++) {
          const row = firstRow + r;
          const inside = row >= 0 && row < height ? count : 0;
          tile.packRow(source, (n * slice + c) * band + r * pitch, first + row * width, left, inside, pitch);
        }
      }
    }
    const q0 = channel * tapsHeight * tapsWidth;
    for (let c = 0, q = q0; c < column; c += 3, q += depth) {
      tile.packWindows(q, c, some, band, tapsHeight, stepHeight * pitch, tapsWidth, stepWidth);
    }
  }
}

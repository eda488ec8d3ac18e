/**
 * The gradient of a convolution by its weight: dweight[o, (c, kh, kw)] += sum over images, rows, columns of dy[o, place] *
 * x[c, place + tap]. As a matrix product on tiles: rows of A are output channels of dy, columns of B are taps, and the sum
 * runs over the pixels of the batch, piece by piece; between pieces the sums wait in scratch, in double precision, so that
 * dividing changes no bit.
 */
import type { Scratch } from "../scratch.ts";
import { divideWeights, patchSize } from "../scratch.ts";
import type { Conv2dShape, Floats } from "../shapes.ts";
import { tile } from "./tile.ts";

/** `scratch` wants conv2dScratch(s) elements; divideWeights(s) must say that the geometry fits. */
export function addWeightGradient(dweight: Floats, x: Floats, dy: Floats, s: Conv2dShape, scratch: Scratch): void {
  const { channels, images, rows, pieces } = divideWeights(s);
  const all = s.inChannels / s.groups;
  const outPerGroup = s.outChannels / s.groups;
  const taps = s.kernelHeight * s.kernelWidth;
  const plane = s.outHeight * s.outWidth;
  for (let group = 0; group < s.groups; group++) {
    for (let channel = 0; channel < all; channel += channels) {
      const some = Math.min(channels, all - channel);
      const panels = Math.ceil((some * taps) / 3);
      let piece = 0;
      for (let image = 0; image < s.batch; image += images) {
        const n = Math.min(images, s.batch - image);
        for (let top = 0; top < s.outHeight; top += rows) {
          const height = Math.min(rows, s.outHeight - top);
          const depth = n * height * s.outWidth;
          packColumns(x, s, group * all + channel, some, image, n, top, height);
          for (let row = 0; row < outPerGroup; row += 3) {
            const row1 = Math.min(row + 1, outPerGroup - 1);
            const row2 = Math.min(row + 2, outPerGroup - 1);
            for (let i = 0; i < n; i++) {
              const first = ((image + i) * s.outChannels + group * outPerGroup) * plane + top * s.outWidth;
              const count = height * s.outWidth;
              tile.packA(dy, first + row * plane, first + row1 * plane, first + row2 * plane, 1, i * count, count);
            }
            const weight = (group * outPerGroup * all + channel) * taps;
            const w0 = weight + row * all * taps;
            const w1 = weight + row1 * all * taps;
            const w2 = weight + row2 * all * taps;
            const sums = (row / 3) * panels * 9;
            for (let panel = 0; panel < panels; panel++) {
              if (piece === 0) tile.startFrom(0, 0, 0);
              else tile.resumeSums(scratch, sums + panel * 9);
              tile.multiply(panel * depth, depth);
              if (piece === pieces - 1) tile.add(dweight, w0, w1, w2, panel * 3);
              else tile.keepSums(scratch, sums + panel * 9);
            }
          }
          piece++;
        }
      }
    }
  }
}

/**
 * Packs, for `channels` input channels from `channel` on, one column a tap: the pixels under it for `height` output rows from
 * `top` on of `images` images from `image` on.
 */
function packColumns(
  x: Floats, s: Conv2dShape, channel: number, channels: number, image: number, images: number, top: number, height: number,
): void {
  const { inHeight, inWidth, outWidth, kernelHeight, kernelWidth } = s;
  const { strideHeight, strideWidth, paddingTop, paddingLeft, dilationHeight, dilationWidth } = s;
  const patch = patchSize(s, height);
  const pitch = (outWidth - 1) * strideWidth + (kernelWidth - 1) * dilationWidth + 1;
  const patchRows = patch / pitch;
  const left = Math.min(paddingLeft, pitch);
  const count = Math.max(0, Math.min(pitch - left, inWidth));
  const firstRow = top * strideHeight - paddingTop;
  for (let c = 0; c < channels; c++) {
    for (let n = 0; n < images; n++) {
      const from = ((image + n) * s.inChannels + channel + c) * inHeight * inWidth;
      for (let r = 0; r < patchRows; r++) {
        const row = firstRow + r;
        const inside = row >= 0 && row < inHeight ? count : 0;
        tile.packRow(x, (c * images + n) * patch + r * pitch, from + row * inWidth, left, inside, pitch);
      }
    }
  }

  let column = 0;
  for (let c = 0; c < channels; c++) {
    for (let kh = 0; kh < kernelHeight; kh++) {
      for (let kw = 0; kw < kernelWidth; kw++) {
        tile.setColumn(column, column, c * images * patch + kh * dilationHeight * pitch + kw * dilationWidth);
        column++;
      }
    }
  }
  while (column % 3 !== 0) tile.repeatColumn(column++);

  const rows = height * outWidth;
  for (let c = 0, q = 0; c < column; c += 3) {
    for (let n = 0; n < images; n++, q += rows) {
      tile.packRuns(q, c, n * patch, height, strideHeight * pitch, outWidth, strideWidth);
    }
  }
}

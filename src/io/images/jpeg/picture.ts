/** From the components' coefficients to RGBA, row by row, with libjpeg's rules of which colours a file holds. */
import type { JpegFile } from "./file.ts";
import type { Frame } from "./frame.ts";
import { makePlane } from "./planes.ts";
import { needsSmoothing, smooth } from "./smoothing.ts";

/**
 * Gets a function that adds the next row of units, whose coefficients are complete, to the RGBA pixels `data`.
 * @param lastWhole as readScan has it
 */
export function makePicture({ jfif, adobe }: JpegFile, frame: Frame, data: Uint8ClampedArray): (row: number, lastWhole: number) => void {
  const { components, width, height, vMax, unitsHigh } = frame;
  const planes = components.map((component) => makePlane(component, frame));
  const [{ line: a }, { line: b } = planes[0], { line: c } = planes[0], black] = planes;
  // 82, 71, 66 are the letters R, G and B.
  const named = components.map(({ id }) => id).join() === "82,71,66";
  const yCbCr = components.length > 1 && (adobe > 0 || (components.length < 4 && (jfif || (adobe < 0 && !named))));
  /** Rows that are finished. */
  let finished = 0;

  function finish(y: number): void {
    for (const plane of planes) plane.read(y);
    const o = y * width * 4;
    if (yCbCr) fromYCbCr(data, o, width, a, b, c);
    else {
      for (let x = 0, i = o; x < width; x++, i += 4) {
        data[i] = a[x];
        data[i + 1] = b[x];
        data[i + 2] = c[x];
        data[i + 3] = 255;
      }
    }
    if (black !== undefined) addBlack(data, o, width, black.line, yCbCr ? 0 : 255);
  }

  return (row, lastWhole) => {
    const smoothing = needsSmoothing(frame);
    for (const { component, transform } of planes) {
      const { v, kept, stride, blocksWide, blocksHigh, coefficients, missing, missingBefore } = component;
      for (let y = row * v; y < Math.min(row * v + v, blocksHigh); y++) {
        for (let x = 0; x < blocksWide; x++) {
          const at = ((y % kept) * stride + x) * 64;
          if (smoothing) transform(smooth(component, at, row > lastWhole ? missingBefore : missing, x, y, unitsHigh), 0, x, y);
          else transform(coefficients, at, x, y);
        }
      }
    }
    // A filter looks at the next row of samples, which is worth two of the image.
    const end = row + 1 === unitsHigh ? height : (row + 1) * 8 * vMax - 2;
    while (finished < end) finish(finished++);
  };
}

/** JFIF's colours in 16 bits of fixed point. */
function fromYCbCr(
  data: Uint8ClampedArray, o: number, width: number, a: Uint8ClampedArray, b: Uint8ClampedArray, c: Uint8ClampedArray,
): void {
  for (let x = 0; x < width; x++, o += 4) {
    const luma = a[x];
    const cb = b[x] - 128;
    const cr = c[x] - 128;
    data[o] = luma + ((91881 * cr + 32768) >> 16);
    data[o + 1] = luma + ((-22554 * cb - 46802 * cr + 32768) >> 16);
    data[o + 2] = luma + ((116130 * cb + 32768) >> 16);
    data[o + 3] = 255;
  }
}

/**
 * CMYK to RGB as Pillow has it, without a profile: it takes four components as inverted (Adobe's custom), whoever wrote them. Of
 * YCCK, red, green and blue stand for the inks already.
 */
function addBlack(data: Uint8ClampedArray, o: number, width: number, black: Uint8ClampedArray, inverted: number): void {
  for (let i = 0; i < width * 4; i++, o++) {
    const paper = black[i >> 2];
    const product = (data[o] ^ inverted) * paper + 128;
    if ((i & 3) < 3) data[o] = paper - (((product >> 8) + product) >> 8);
  }
}

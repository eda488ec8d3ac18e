/** From the components' coefficients to RGBA, row by row. */
import type { Frame } from "./frame.ts";
import { makePlane } from "./planes.ts";

/**
 * Gets a function that adds the next row of units, whose coefficients are complete, to the RGBA pixels `data`; `lastWhole` as readScan has
 * it. It may give components other arrays for coefficients.
 */
export type PictureMaker = (frame: Frame, data: Uint8ClampedArray) => (row: number, lastWhole: number) => void;

export function makePicture(frame: Frame, data: Uint8ClampedArray): (row: number, lastWhole: number) => void {
  const { components, width, height, yCbCr, vMax, unitsHigh } = frame;
  const planes = components.map((component) => makePlane(component, frame));
  const [{ line: a }, { line: b } = planes[0], { line: c } = planes[0], black] = planes;
  data.fill(255);
  /** Rows that are finished. */
  let finished = 0;
  return (row, lastWhole) => {
    for (const plane of planes) plane.add(row, lastWhole);
    // A filter looks at the next row of samples, which is worth two of the image.
    const end = row + 1 === unitsHigh ? height : (row + 1) * 8 * vMax - 2;
    for (; finished < end; finished++) {
      for (const plane of planes) plane.read(finished);
      const line = data.subarray(finished * width * 4, (finished + 1) * width * 4);
      colour(line, a, b, c, yCbCr);
      if (black !== undefined) addBlack(line, black.line, yCbCr ? 0 : 255);
    }
  };
}

/** Three lines of samples as RGB in RGBA: as they are, or from JFIF's colours, in 16 bits of fixed point. */
function colour(line: Uint8ClampedArray, a: Uint8ClampedArray, b: Uint8ClampedArray, c: Uint8ClampedArray, yCbCr: boolean): void {
  // Two loops: one that asked for each sample would take a quarter longer.
  if (yCbCr) {
    for (let o = 0, x = 0; o < line.length; o += 4, x++) {
      const luma = a[x];
      const cb = b[x] - 128;
      const cr = c[x] - 128;
      line[o] = luma + ((91881 * cr + 32768) >> 16);
      line[o + 1] = luma + ((-22554 * cb - 46802 * cr + 32768) >> 16);
      line[o + 2] = luma + ((116130 * cb + 32768) >> 16);
    }
  } else {
    for (let o = 0, x = 0; o < line.length; o += 4, x++) {
      line[o] = a[x];
      line[o + 1] = b[x];
      line[o + 2] = c[x];
    }
  }
}

/**
 * CMYK to RGB as Pillow has it, without a profile: it takes four components as inverted (Adobe's custom), whoever wrote them. Of
 * YCCK, red, green and blue stand for the inks already.
 */
function addBlack(line: Uint8ClampedArray, black: Uint8ClampedArray, inverted: number): void {
  for (let o = 0; o < line.length; o++) {
    const paper = black[o >> 2];
    const product = (line[o] ^ inverted) * paper + 128;
    if ((o & 3) < 3) line[o] = paper - (((product >> 8) + product) >> 8);
  }
}

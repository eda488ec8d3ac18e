/** From the components' coefficients to RGBA, row by row, with libjpeg's rules of which colours a file holds. */
import type { JpegFile } from "./file.ts";
import type { Frame } from "./frame.ts";
import { Plane } from "./planes.ts";
import { needsSmoothing, smooth } from "./smoothing.ts";

export class Picture {
  readonly data: Uint8ClampedArray;
  readonly #frame: Frame;
  readonly #planes: readonly Plane[];
  readonly #yCbCr: boolean;
  /** Rows that are finished. */
  #rows = 0;

  constructor({ jfif, adobe }: JpegFile, frame: Frame) {
    const { components, width, height } = frame;
    this.#frame = frame;
    this.#planes = components.map((component) => new Plane(component, frame));
    this.data = new Uint8ClampedArray(width * height * 4);
    const ids = components.map(({ id }) => id).join();
    // 82, 71, 66 are the letters R, G and B.
    this.#yCbCr = components.length === 3 ? jfif || (adobe < 0 ? ids !== "82,71,66" : adobe > 0) : components.length === 4 && adobe > 0;
  }

  /** Adds row `row` of units, whose coefficients are complete. @param lastWhole as ScanReader.lastWhole */
  add(row: number, lastWhole: number): void {
    const frame = this.#frame;
    const smoothing = needsSmoothing(frame);
    for (const plane of this.#planes) {
      const { v, kept, stride, blocksWide, blocksHigh, coefficients, missing, missingBefore } = plane.component;
      for (let y = row * v; y < Math.min(row * v + v, blocksHigh); y++) {
        for (let x = 0; x < blocksWide; x++) {
          const at = ((y % kept) * stride + x) * 64;
          if (smoothing) {
            const block = coefficients.slice(at, at + 64);
            smooth(block, plane.component, row > lastWhole ? missingBefore : missing, x, y, frame.unitsHigh);
            plane.transform(block, 0, x, y);
          } else plane.transform(coefficients, at, x, y);
        }
      }
    }
    // A filter looks at the next row of samples, which is worth two of the image.
    const end = row + 1 === frame.unitsHigh ? frame.height : (row + 1) * 8 * frame.vMax - 2;
    for (; this.#rows < end; this.#rows++) this.#finish(this.#rows);
  }

  /**
   * JFIF's colours in 16 bits of fixed point. CMYK becomes RGB as Pillow has it, without a profile: it takes four components as inverted
   * (Adobe's custom), whoever wrote them; of YCCK, red, green and blue stand for the inks already.
   */
  #finish(y: number): void {
    const { data } = this;
    const yCbCr = this.#yCbCr;
    const { width } = this.#frame;
    for (const plane of this.#planes) plane.read(y);
    const [first, second = first, third = first, black] = this.#planes;
    const [a, b, c] = [first.line, second.line, third.line];
    const [aAt, bAt, cAt] = [first.offset, second.offset, third.offset];
    for (let x = 0, o = y * width * 4; x < width; x++, o += 4) {
      let red = a[aAt + x], green = b[bAt + x], blue = c[cAt + x];
      if (yCbCr) {
        const cb = green - 128, cr = blue - 128;
        blue = red + ((116130 * cb + 32768) >> 16);
        green = red + ((-22554 * cb - 46802 * cr + 32768) >> 16);
        red += (91881 * cr + 32768) >> 16;
      }
      data[o] = red;
      data[o + 1] = green;
      data[o + 2] = blue;
      data[o + 3] = 255;
      if (black !== undefined) {
        const paper = black.line[black.offset + x];
        for (let i = o; i < o + 3; i++) {
          const product = (yCbCr ? data[i] : 255 - data[i]) * paper + 128;
          data[i] = paper - (((product >> 8) + product) >> 8);
        }
      }
    }
  }
}

/**
 * JPEG files (ITU-T T.81, JFIF, Adobe's CMYK) in: baseline, extended and progressive Huffman coding of 8 bits, to the same bytes as
 * Pillow, that is libjpeg-turbo with its defaults on x86-64. What Pillow refuses is refused; lossless and arithmetic coding, which it
 * reads, are refused by name. Colour profiles are not applied, as Pillow does not.
 */
import { FormatError } from "../../../errors.ts";
import { checkBytes } from "../../bytes/inflate.ts";
import { type DecodeOptions, pixelLimit, type RgbaImage } from "../image.ts";
import { openBits } from "./bits.ts";
import { scansOf } from "./file.ts";
import { check } from "./check.ts";
import { makeFrame } from "./frame.ts";
import { readHeader } from "./header.ts";
import { type PictureMaker, makePicture } from "./picture.ts";
import { readScan } from "./read-scan.ts";

/**
 * Blocks that all scans of a file may go through together: so many times each of the image, and at least this number, which is a third of a
 * second's work. It is far more than any encoder asks for.
 */
const mostScans = 40;
const leastBlocks = 1 << 22;

/**
 * The image of a JPEG file.
 * @throws FormatError if the file is cut short, corrupt, of a kind that is not read, or larger than `maxPixels`.
 * @example
 * let said = "";
 * try { decodeJpeg(Uint8Array.of(1, 2, 3)); } catch (error) { said = (error as Error).message; }
 * said   // => JPEG: the file does not begin with FF D8 FF
 */
export function decodeJpeg(bytes: Uint8Array, options: DecodeOptions = {}): RgbaImage {
  return decodeJpegWith(bytes, options, makePicture);
}

/** The same, by what `pictureOf` makes. */
export function decodeJpegWith(bytes: Uint8Array, options: DecodeOptions, pictureOf: PictureMaker): RgbaImage {
  checkBytes(bytes, "decodeJpeg");
  const header = readHeader(bytes, pixelLimit(options, "decodeJpeg"));
  const { tolerant = false } = options;
  const { width, height, count, progressive } = header;
  let all = bytes;
  if (tolerant) {
    // What Pillow does with LOAD_TRUNCATED_IMAGES: a cut file goes on with an end marker.
    all = new Uint8Array(bytes.length + 2);
    all.set(bytes);
    all.set([0xff, 0xd9], bytes.length);
  }
  const file = openBits(all);
  let data: Uint8ClampedArray | undefined;
  /** That may still be gone through. */
  let left = leastBlocks;
  let done = false;
  try {
    const frame = makeFrame(header);
    const { components, unitsHigh } = frame;
    const nextScan = scansOf(file, frame);
    let scan = nextScan();
    // A sequential file whose first scan holds everything need not be kept: a row of units does.
    const once = !progressive && scan!.components.length === count;
    for (const component of components) {
      const blocks = component.stride * component.v * (once ? 1 : unitsHigh);
      component.coefficients = new Int16Array(blocks * 64);
      component.tops = new Uint8Array(blocks);
      left += blocks * mostScans;
    }
    data = new Uint8ClampedArray(width * height * 4);
    const add = pictureOf(frame, data);
    let lastWhole = 0;
    while (scan !== undefined) {
      for (const { tops } of scan.components) left -= tops.length + 64;
      check(left > 0, "there are too many scans");
      lastWhole = readScan(file, frame, scan, (row) => {
        if (!once) return;
        add(row, row);
        for (const { coefficients } of components) coefficients.fill(0);
      });
      done = once;
      scan = nextScan();
      check(!once || scan === undefined, "there are too many scans");
    }
    if (!once) for (let row = 0; row < unitsHigh; row++) add(row, lastWhole);
  } catch (error) {
    // Where the image is there, libjpeg reads on to the end marker, but does not wait for it.
    if (!(error instanceof FormatError) || left < 1 || !(tolerant || (done && file.ended()))) throw error;
    if (!done) {
      // Pillow's picture has no ink then: black, or without its four inks white.
      data = new Uint8ClampedArray(width * height * 4).fill(count > 3 ? 255 : 0);
      for (let i = 3; i < data.length; i += 4) data[i] = 255;
    }
  }
  return { data: data!, width, height };
}
